//! `.npy` files: what NumPy writes is read to the bit, what is broken is refused in one line, and what is written is
//! whole or not there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gingham_core::DType;
use gingham_harness::npy::{Element, Endian, Header, Matrix, read_matrix, write_matrix_atomic};
use ndarray::{Array2, ArrayView2, ShapeBuilder, array, s};
use proptest::prelude::*;
use tempfile::TempDir;

/// The bytes of a file: version 1.0 has two bytes of header length, the others four. NumPy pads the header to 64.
fn npy(major: u8, dictionary: &str, data: &[u8]) -> Vec<u8> {
    let prefix = if major == 1 { 10 } else { 12 };
    let length = (prefix + dictionary.len() + 1).next_multiple_of(64) - prefix;
    let mut bytes = [b"\x93NUMPY", &[major, 0][..]].concat();
    bytes.extend(&u32::try_from(length).expect("a short header").to_le_bytes()[..prefix - 8]);
    bytes.extend(format!("{dictionary:<width$}\n", width = length - 1).bytes());
    bytes.extend(data);
    bytes
}

fn dictionary(descr: &str, fortran_order: bool, shape: &str) -> String {
    let order = if fortran_order { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}")
}

/// A directory with one file in it.
struct Scratch {
    directory: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    fn holding(bytes: &[u8]) -> Self {
        let scratch = Self::new();
        fs::write(scratch.path(), bytes).expect("writing into a temporary directory");
        scratch
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("a.npy")
    }

    fn names(&self) -> Vec<String> {
        names(self.directory.path())
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

fn read(bytes: &[u8]) -> Result<Matrix, String> {
    let scratch = Scratch::holding(bytes);
    read_matrix(&scratch.path()).map_err(|error| error.to_string())
}

fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn a_file_of_numpy_is_read() {
    // numpy.save("a.npy", numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])), NumPy 2.4: 128 bytes, then the values.
    let header: &[u8; 128] = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\
        \x20                                                         \n";
    let bytes = [header, &f64s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])[..]].concat();
    assert_eq!(read(&bytes), Ok(Matrix::F64(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])));

    let scratch = Scratch::holding(&bytes);
    let expected =
        Header { dtype: DType::F64, endian: Endian::Little, fortran_order: false, shape: vec![2, 3], data_offset: 128 };
    assert_eq!(Header::read(&scratch.path()).expect("a header"), expected);
}

#[test]
fn what_is_written_is_what_numpy_would_write() {
    let scratch = Scratch::new();
    write_matrix_atomic(&scratch.path(), &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view()).expect("written");
    let expected = npy(1, &dictionary("<f8", false, "(2, 3)"), &f64s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let written = fs::read(scratch.path()).expect("the file");
    // The dictionaries differ in spaces alone.
    let without_spaces = |bytes: &[u8]| bytes.iter().copied().filter(|&byte| byte != b' ').collect::<Vec<_>>();
    assert_eq!(written[128..], expected[128..]);
    assert_eq!(written[..10], expected[..10]);
    assert_eq!(
        String::from_utf8(without_spaces(&written[10..128])).expect("ASCII").replace(",}", "}"),
        String::from_utf8(without_spaces(&expected[10..128])).expect("ASCII").replace(",}", "}"),
    );
}

#[test]
fn every_dtype_order_and_endianness_is_read() {
    let expected = Array2::from_shape_fn((3, 5), |(i, j)| (10 * i + j) as f64 - 7.0);
    for fortran_order in [false, true] {
        let in_order: Vec<f64> =
            if fortran_order { expected.t().iter().copied().collect() } else { expected.iter().copied().collect() };
        for (descr, data) in [
            ("<f8", in_order.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()),
            (">f8", in_order.iter().flat_map(|x| x.to_be_bytes()).collect()),
            ("<f4", in_order.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect()),
            (">f4", in_order.iter().flat_map(|&x| (x as f32).to_be_bytes()).collect()),
        ] {
            for major in [1, 2, 3] {
                let matrix = read(&npy(major, &dictionary(descr, fortran_order, "(3, 5)"), &data)).expect(descr);
                let (values, strides) = match &matrix {
                    Matrix::F64(a) => (a.clone(), a.strides()),
                    Matrix::F32(a) => (a.mapv(f64::from), a.strides()),
                };
                assert_eq!(values, expected, "{descr}, Fortran order {fortran_order}, version {major}");
                assert_eq!(strides, if fortran_order { [1, 3] } else { [5, 1] }, "the file's order, not a copy");
                assert_eq!(matrix.dtype().size(), if descr.ends_with('8') { 8 } else { 4 });
            }
        }
    }
}

#[test]
fn other_spellings_of_the_dictionary_are_read() {
    let data = f64s(&[1.0, 2.0]);
    for dictionary in [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}",
        "{\"shape\": (1, 2,), \"descr\": \"<f8\", \"fortran_order\": False}",
        "{'shape':(1,2),'fortran_order':False,'descr':'<f8'}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1L, 2L), }",
        " { 'descr' : '<f8' , 'fortran_order' : False , 'shape' : ( 1 , 2 ) , } ",
    ] {
        assert_eq!(read(&npy(1, dictionary, &data)), Ok(Matrix::F64(array![[1.0, 2.0]])), "{dictionary}");
    }
}

#[test]
fn matrices_without_elements_are_read() {
    for (shape, dim) in [("(0, 0)", (0, 0)), ("(0, 7)", (0, 7)), ("(7, 0)", (7, 0))] {
        for fortran_order in [false, true] {
            let matrix = read(&npy(1, &dictionary("<f4", fortran_order, shape), &[])).expect(shape);
            assert_eq!((matrix.dim(), matrix.size()), (dim, 0));
        }
    }
}

#[test]
fn a_file_of_several_blocks_is_read() {
    let values: Vec<f64> = (0..30_011).map(f64::from).collect();
    let matrix = read(&npy(1, &dictionary("<f8", false, "(1, 30011)"), &f64s(&values))).expect("a matrix");
    assert_eq!(matrix, Matrix::F64(Array2::from_shape_vec((1, 30_011), values).expect("the shape")));
}

/// Broken files, and a part of the line that each is refused with.
fn broken() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = dictionary("<f8", false, "(2, 2)");
    let four = f64s(&[1.0, 2.0, 3.0, 4.0]);
    let with = |dictionary: &str| npy(1, dictionary, &four);
    let descr = |descr: &str| with(&dictionary(descr, false, "(2, 2)"));
    let shape = |shape: &str| with(&dictionary("<f8", false, shape));
    let mut no_newline = with(&good);
    no_newline[127] = b' ';
    vec![
        ("empty", vec![], "ends inside its header, 10 bytes early"),
        ("five bytes", b"\x93NUMP".to_vec(), "ends inside its header, 5 bytes early"),
        ("prefix of 2.0 cut", b"\x93NUMPY\x02\x00\x76\x00".to_vec(), "ends inside its header, 2 bytes early"),
        ("text", b"1.0, 2.0\n3.0, 4.0\n".to_vec(), "not a .npy file: it starts with `1.0, 2.0\\n3.0`"),
        ("archive", b"PK\x03\x04".to_vec(), "not a .npy file: it starts with `PK\\x03\\x04`"),
        ("version 9.0", [b"\x93NUMPY\x09\x00", &with(&good)[8..]].concat(), "format version 9.0; expected 1.0"),
        ("version 1.1", [b"\x93NUMPY\x01\x01", &with(&good)[8..]].concat(), "format version 1.1; expected 1.0"),
        ("14 bytes, header of 4 GiB", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "claims 4294967295 bytes"),
        ("header past the end", b"\x93NUMPY\x01\x00\xff\xff{}".to_vec(), "ends inside its header, 65533 bytes early"),
        (
            "header of length 0",
            b"\x93NUMPY\x01\x00\x00\x00".to_vec(),
            "expected `{` at byte 10, found the end of the header",
        ),
        (
            "no newline",
            no_newline,
            "expected spaces, then a newline, to the end of the header at byte 128, found the end",
        ),
        ("text after the dictionary", with(&format!("{good} 1")), "expected spaces, then a newline"),
        ("unclosed dictionary", with(good.trim_end_matches([' ', '}'])), "expected a string at byte"),
        ("unclosed string", with("{'descr"), "expected a string that ends at byte 11"),
        ("no dictionary", with("[1, 2]"), "expected `{` at byte 10, found `[1, 2]"),
        ("empty dictionary", with("{}"), "expected the key 'descr' at byte 11"),
        ("not ASCII", with("{'d\u{e9}scr': '<f8'}"), "found `'d\\xc3\\xa9scr'"),
        ("nested tuples", with(&"(".repeat(60_000)), "expected `{` at byte 10"),
        ("nested dictionaries", with(&"{".repeat(60_000)), "expected a string at byte 11"),
        ("nested shape", shape(&"(".repeat(60_000)), "expected an axis length"),
        ("nested records", with(&format!("{{'descr': {}", "[".repeat(60_000))), "elements of dtype `[[[["),
        ("many axes", shape(&format!("({})", "1, ".repeat(20_000))), "expected at most 64 axes"),
        ("shape (2**62, 2**62)", shape("(4611686018427387904, 4611686018427387904)"), "can address"),
        ("shape (0, 2**63)", shape("(0, 9223372036854775808)"), "can address"),
        ("shape (2**40, 2**10)", shape("(1099511627776, 1024)"), "truncated: 9007199254740960 bytes of the data"),
        ("negative shape", shape("(-2, 2)"), "expected an axis length from 0 to 18446744073709551615 at byte"),
        ("huge integer", shape(&format!("({}, 2)", "9".repeat(1000))), "expected an axis length"),
        ("fractional shape", shape("(2.0, 2)"), "expected `,` at byte"),
        ("number for a tuple", shape("(4)"), "expected `,` at byte"),
        ("list for a tuple", shape("[2, 2]"), "expected `(` at byte"),
        ("shape ()", npy(1, &dictionary("<f8", false, "()"), &f64s(&[1.0])), "0 axes, shape []; expected a matrix"),
        ("shape (3,)", npy(1, &dictionary("<f8", false, "(3,)"), &f64s(&[0.0; 3])), "1 axes, shape [3]; expected"),
        ("shape (1, 2, 2)", shape("(1, 2, 2)"), "3 axes, shape [1, 2, 2]; expected a matrix of 2 axes"),
        ("objects", descr("|O"), "elements of dtype `|O`; expected <f8, >f8, <f4 or >f4"),
        ("integers", descr("<i8"), "elements of dtype `<i8`"),
        ("complex", descr("<c16"), "elements of dtype `<c16`"),
        ("half precision", descr("<f2"), "elements of dtype `<f2`"),
        ("this machine's order", descr("=f8"), "elements of dtype `=f8`"),
        ("terminal escapes", descr("\x1b[31m"), "elements of dtype `\\x1b[31m`"),
        (
            "records",
            with("{'descr': [('a', '<f8'), ('b', '<f8')], 'fortran_order': False, 'shape': (2,), }"),
            "elements of dtype `[('a', '<f8'), ('b', '<f..`",
        ),
        ("no descr", with("{'fortran_order': False, 'shape': (2, 2), }"), "expected the key 'descr' at byte"),
        ("no order", with("{'descr': '<f8', 'shape': (2, 2), }"), "expected the key 'fortran_order' at byte"),
        ("no shape", with("{'descr': '<f8', 'fortran_order': False, }"), "expected the key 'shape' at byte"),
        ("key twice", with(&good.replace(", }", ", 'shape': (1, 4)}")), "expected each key once at byte"),
        ("unknown key", with(&good.replace(", }", ", 'extra': 1}")), "expected 'descr', 'fortran_order' or 'shape' at"),
        ("order by number", with(&good.replace("False", "0")), "expected True or False at byte"),
        ("order by a longer word", with(&good.replace("False", "Falsehood")), "expected `,` at byte"),
        ("no data", npy(1, &good, &[]), "truncated: 32 bytes of the data are missing"),
        ("a byte short", npy(1, &good, &four[1..]), "truncated: 1 bytes of the data are missing"),
        ("a byte over", npy(1, &good, &[&four[..], &[0]].concat()), "1 bytes follow the data"),
        ("data of an empty matrix", shape("(0, 4)"), "32 bytes follow the data"),
    ]
}

#[test]
fn broken_files_are_refused_with_their_name_and_the_reason() {
    for (what, bytes, expected) in broken() {
        let scratch = Scratch::holding(&bytes);
        let message = read_matrix(&scratch.path()).expect_err(what).to_string();
        assert!(message.contains(expected), "{what}: `{message}` does not say `{expected}`");
        assert!(message.starts_with(&format!("{}: ", scratch.path().display())), "{what}: `{message}` names no file");
        assert!(message.len() < 500 && !message.contains('\n'), "{what}: `{message}` is more than a line");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let scratch = Scratch::new();
    let refusal = |path: &Path| read_matrix(path).expect_err("a refusal").to_string();
    assert!(refusal(scratch.directory.path()).contains("not a regular file"));
    assert!(refusal(&scratch.path()).contains("cannot open: No such file"));
    // A pipe that nobody writes to: opening it would wait for ever.
    let pipe = scratch.directory.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).expect("a pipe");
    assert!(refusal(&pipe).contains("not a regular file"));
}

#[test]
fn an_unreadable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::holding(&npy(1, &dictionary("<f8", false, "(0, 0)"), &[]));
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o000)).expect("chmod");
    if File::open(scratch.path()).is_ok() {
        eprintln!("skipped: this user may read any file");
        return;
    }
    let message = read_matrix(&scratch.path()).expect_err("a refusal").to_string();
    assert!(message.contains("cannot open: Permission denied"), "{message}");
}

#[test]
fn a_file_beyond_all_memory_is_refused() {
    // A hole of 2^50 bytes, more than an address space holds; few file systems take one, tmpfs does.
    let header = npy(1, &dictionary("<f8", false, "(1048576, 134217728)"), &[]);
    let Ok(directory) = TempDir::new_in("/dev/shm") else {
        eprintln!("skipped: no /dev/shm");
        return;
    };
    let path = directory.path().join("a.npy");
    fs::write(&path, &header).expect("writing to /dev/shm");
    let file = File::options().append(true).open(&path).expect("the file");
    if let Err(error) = file.set_len(header.len() as u64 + (1 << 50)) {
        eprintln!("skipped: /dev/shm takes no file of 2^50 bytes: {error}");
        return;
    }
    let message = read_matrix(&path).expect_err("a refusal").to_string();
    assert!(message.contains("no memory for 1125899906842624 bytes"), "{message}");
}

/// Writes `matrix`, reads it back, and compares the values and the order in the file.
fn round_trip<T: Element>(matrix: &ArrayView2<'_, T>, wrap: fn(Array2<T>) -> Matrix, fortran_order: bool) {
    let scratch = Scratch::new();
    write_matrix_atomic(&scratch.path(), matrix).expect("written");
    let header = Header::read(&scratch.path()).expect("a header");
    assert_eq!(header.fortran_order, fortran_order, "shape {:?}, strides {:?}", matrix.shape(), matrix.strides());
    assert_eq!(header.data_offset % 64, 0, "values aligned for whoever maps the file");
    assert_eq!(read_matrix(&scratch.path()).expect("read"), wrap(matrix.to_owned()));
    assert_eq!(scratch.names(), ["a.npy"]);
}

#[test]
fn every_layout_is_written_and_read_back() {
    let a = Array2::from_shape_fn((6, 8), |(i, j)| (10 * i + j) as f64);
    round_trip(&a.view(), Matrix::F64, false);
    round_trip(&a.t(), Matrix::F64, true);
    round_trip(&a.slice(s![.., 1..4]), Matrix::F64, false);
    round_trip(&a.slice(s![..;-1, ..;2]), Matrix::F64, false);
    round_trip(&a.row(2).broadcast((3, 8)).expect("stride 0"), Matrix::F64, false);
    round_trip(&a.mapv(|x| x as f32).view(), Matrix::F32, false);
    round_trip(&Array2::<f32>::zeros((4, 3).f()).view(), Matrix::F32, true);
    round_trip(&Array2::<f64>::zeros((0, 3)).view(), Matrix::F64, false);
    round_trip(&Array2::<f64>::zeros((3, 0)).view(), Matrix::F64, false);
    round_trip(&Array2::<f64>::zeros((100, 200)).view(), Matrix::F64, false);
}

#[test]
fn values_keep_their_bits() {
    let scratch = Scratch::new();
    let bits = [0x7ff8_0000_0000_1234, 0xfff0_0000_0000_0000, 1, 1 << 63];
    let values = Array2::from_shape_vec((2, 2), bits.map(f64::from_bits).to_vec()).expect("four values");
    write_matrix_atomic(&scratch.path(), &values.view()).expect("written");
    match read_matrix(&scratch.path()).expect("read") {
        Matrix::F64(a) => assert!(a.iter().map(|x| x.to_bits()).eq(bits)),
        Matrix::F32(_) => panic!("f64 was written"),
    }
}

#[test]
fn a_file_is_replaced_with_the_permissions_of_an_ordinary_one() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::holding(b"a former file, longer than the new one".repeat(100).as_slice());
    let mode = |path: &Path| fs::metadata(path).expect("the file").permissions().mode();
    let ordinary = mode(&scratch.path());
    write_matrix_atomic(&scratch.path(), &array![[1.0]].view()).expect("written");
    assert_eq!(read_matrix(&scratch.path()).expect("read"), Matrix::F64(array![[1.0]]));
    assert_eq!(mode(&scratch.path()), ordinary);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let directory = scratch.path();
    fs::create_dir(&directory).expect("a directory in the place of the file");
    let message = write_matrix_atomic(&directory, &array![[1.0]].view()).expect_err("a refusal").to_string();
    assert!(message.contains("cannot rename the temporary file to it: Is a directory"), "{message}");
    assert_eq!(scratch.names(), ["a.npy"]);
    assert!(names(&directory).is_empty());

    let missing = directory.join("missing/a.npy");
    let message = write_matrix_atomic(&missing, &array![[1.0]].view()).expect_err("a refusal").to_string();
    assert!(message.contains("cannot create a temporary file beside it: No such file or directory"), "{message}");
}

/// A change to a valid file.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        // Mostly bytes that mean something in the dictionary.
        let byte = || prop_oneof![prop::sample::select(b" '\"{}[](),:-<>|0123456789LTFf\n".to_vec()), any::<u8>()];
        prop_oneof![
            (any::<prop::sample::Index>(), byte()).prop_map(|(at, byte)| Self::Set(at, byte)),
            (any::<prop::sample::Index>(), byte()).prop_map(|(at, byte)| Self::Insert(at, byte)),
            any::<prop::sample::Index>().prop_map(Self::Remove),
            any::<prop::sample::Index>().prop_map(Self::Cut),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        // The header and the first value; further on, a changed byte is only another value.
        let end = bytes.len().min(136);
        match self {
            _ if end == 0 => {}
            Self::Set(at, byte) => bytes[at.index(end)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(end), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(end))),
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}

/// Whatever the bytes, the answer is a refusal or a matrix that fills the file exactly.
fn read_without_trust(bytes: &[u8]) -> Result<(), TestCaseError> {
    let scratch = Scratch::holding(bytes);
    if let Ok(matrix) = read_matrix(&scratch.path()) {
        let header = Header::read(&scratch.path()).expect("the header of a matrix that was read");
        prop_assert_eq!(header.data_offset + matrix.size(), bytes.len());
        prop_assert_eq!((matrix.dim().0, matrix.dim().1), (header.shape[0], header.shape[1]));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(major in 1..=3_u8, mutations in prop::collection::vec(Mutation::any(), 1..6)) {
        let mut bytes = npy(major, &dictionary("<f8", false, "(3, 5)"), &[0; 120]);
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        read_without_trust(&bytes)?;
    }

    #[test]
    fn dictionaries_of_random_words_never_panic(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "(", ")", "[", ",", ":", " ", "'descr'", "'fortran_order'", "'shape'", "'<f8'", "'>f4'", "True",
        "False", "(2, 2)", "(4,)", "'", "\"", "-1", "2", "18446744073709551616", "L", "\\", "\n", "'shape': (2, 2), ",
    ]), 0..16)) {
        read_without_trust(&npy(1, &words.concat(), &[0; 32]))?;
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), magic in any::<bool>()) {
        let magic: &[u8] = if magic { b"\x93NUMPY\x01\x00" } else { b"" };
        read_without_trust(&[magic, &bytes].concat())?;
    }
}
