//! `.npy` files: files from NumPy are read to the bit, broken ones are refused in one line, and a written file is whole
//! or not there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gingham_core::{DType, skip};
use gingham_runtime::format::npy::{self, Array, Header};
use gingham_runtime::format::{self, Element, Endian, Kind, Partials};
use ndarray::{Array2, Array3, ArrayD, ArrayView, Dimension, IxDyn, ShapeBuilder, array, s};
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

fn read(bytes: &[u8]) -> Result<Array, String> {
    read_as(None, bytes)
}

fn read_as(cast: Option<DType>, bytes: &[u8]) -> Result<Array, String> {
    let scratch = Scratch::holding(bytes);
    npy::read(&scratch.path(), cast).map_err(|error| error.to_string())
}

fn write<T: Element, D: Dimension>(path: &Path, array: &ArrayView<'_, T, D>) -> Result<(), format::Error> {
    Partials::default().write(path, array)
}

fn f64_array<D: Dimension>(array: ndarray::Array<f64, D>) -> Array {
    Array::F64(array.into_dyn())
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
    assert_eq!(read(&bytes), Ok(f64_array(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])));

    let scratch = Scratch::holding(&bytes);
    let expected = Header {
        kind: Kind::Float64,
        endian: Endian::Little,
        fortran_order: false,
        shape: vec![2, 3],
        data_offset: 128,
    };
    assert_eq!(Header::read(&scratch.path()).expect("a header"), expected);
}

#[test]
fn what_is_written_is_what_numpy_would_write() {
    let scratch = Scratch::new();
    write(&scratch.path(), &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view()).expect("written");
    let written = fs::read(scratch.path()).expect("the file");
    let expected: &[u8; 128] = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\
        \x20                                                         \n";
    assert_eq!(written, [expected, &f64s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])[..]].concat());
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
                    Array::F64(a) => (a.clone(), a.strides()),
                    Array::F32(a) => (a.mapv(f64::from), a.strides()),
                };
                assert_eq!(
                    values,
                    expected.clone().into_dyn(),
                    "{descr}, Fortran order {fortran_order}, version {major}"
                );
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
        assert_eq!(read(&npy(1, dictionary, &data)), Ok(f64_array(array![[1.0, 2.0]])), "{dictionary}");
    }
}

#[test]
fn matrices_without_elements_are_read() {
    for (shape, lengths) in [("(0, 0)", &[0, 0][..]), ("(0, 7)", &[0, 7]), ("(7, 0)", &[7, 0]), ("(0,)", &[0])] {
        for fortran_order in [false, true] {
            let matrix = read(&npy(1, &dictionary("<f4", fortran_order, shape), &[])).expect(shape);
            assert_eq!(matrix, Array::F32(ArrayD::zeros(lengths)));
        }
    }
}

#[test]
fn a_file_of_several_blocks_is_read() {
    let values: Vec<f64> = (0..30_011).map(f64::from).collect();
    let matrix = read(&npy(1, &dictionary("<f8", false, "(1, 30011)"), &f64s(&values))).expect("a matrix");
    assert_eq!(matrix, f64_array(Array2::from_shape_vec((1, 30_011), values).expect("the shape")));
}

#[test]
fn scalars_vectors_and_stacks_are_read_in_their_order() {
    assert_eq!(read(&npy(1, &dictionary("<f8", false, "()"), &f64s(&[1.0]))), Ok(f64_array(ndarray::arr0(1.0))));
    assert_eq!(read(&npy(1, &dictionary("<f8", false, "(2,)"), &f64s(&[1.0, 2.0]))), Ok(f64_array(array![1.0, 2.0])));
    // numpy.arange(6.0).reshape(1, 2, 3), and the same by numpy.asfortranarray.
    let expected = Ok(f64_array(array![[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]));
    let by_rows = f64s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(read(&npy(1, &dictionary("<f8", false, "(1, 2, 3)"), &by_rows)), expected);
    let by_columns = f64s(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(read(&npy(1, &dictionary("<f8", true, "(1, 2, 3)"), &by_columns)), expected);
}

#[test]
fn other_numbers_are_read_by_a_cast() {
    for (descr, bytes, value) in [
        ("|b1", &[1][..], 1.0),
        ("|i1", &[0xff], -1.0),
        ("<u2", &[2, 1], 258.0),
        (">i4", &[0xff, 0xff, 0xff, 0xfd], -3.0),
        ("<i8", &[5, 0, 0, 0, 0, 0, 0, 0], 5.0),
        ("<f2", &[0x00, 0xc1], -2.5),
        ("<f4", &[0, 0, 0x80, 0x3f], 1.0),
    ] {
        let bytes = npy(1, &dictionary(descr, false, "(1,)"), bytes);
        assert_eq!(read_as(Some(DType::F64), &bytes), Ok(f64_array(array![value])), "{descr}");
        let single = Array::F32(array![value as f32].into_dyn());
        assert_eq!(read_as(Some(DType::F32), &bytes), Ok(single.clone()), "{descr}");
        match descr {
            "<f4" => assert_eq!(read(&bytes), Ok(single)),
            _ => assert!(read(&bytes).is_err_and(|text| text.contains("`--cast f64`")), "{descr}"),
        }
    }
}

/// Broken files, and a part of the line that each is refused with.
fn broken() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = dictionary("<f8", false, "(2, 2)");
    let four = f64s(&[1.0, 2.0, 3.0, 4.0]);
    let with = |dictionary: &str| npy(1, dictionary, &four);
    let descr = |descr: &str| with(&dictionary(descr, false, "(2, 2)"));
    let shape = |shape: &str| with(&dictionary("<f8", false, shape));
    let with_half = npy(1, &dictionary("<f2", false, "(2, 8)"), &four);
    let mut no_newline = with(&good);
    no_newline[127] = b' ';
    vec![
        ("empty", vec![], "ends inside its header, 10 bytes early"),
        ("five bytes", b"\x93NUMP".to_vec(), "ends inside its header, 5 bytes early"),
        ("prefix of 2.0 cut", b"\x93NUMPY\x02\x00\x76\x00".to_vec(), "ends inside its header, 2 bytes early"),
        ("text", b"1.0, 2.0\n3.0, 4.0\n".to_vec(), "not a .npy file: it starts with `1.0, 2.0\\n3`"),
        ("archive", b"PK\x03\x04 and so on".to_vec(), "an .npz archive; expected a .npy file"),
        ("empty archive", [b"PK\x05\x06", &[0; 18][..]].concat(), "an .npz archive; expected a .npy file"),
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
        ("objects", descr("|O"), "elements of dtype `|O`; expected real numbers"),
        (
            "integers",
            descr("<i8"),
            "elements of dtype int64; expected float64 or float32: `--cast f64` or `--cast f32`",
        ),
        ("half precision", with_half, "elements of dtype float16"),
        (
            "complex",
            npy(1, &dictionary("<c16", false, "(2, 1)"), &four),
            "complex elements, dtype `<c16`; expected real",
        ),
        ("extended precision", descr("<f16"), "elements of dtype `<f16`"),
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
        let message = npy::read(&scratch.path(), None).expect_err(what).to_string();
        assert!(message.contains(expected), "{what}: `{message}` does not say `{expected}`");
        assert!(message.starts_with(&format!("{}: ", scratch.path().display())), "{what}: `{message}` names no file");
        assert!(message.len() < 500 && !message.contains('\n'), "{what}: `{message}` is more than a line");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let scratch = Scratch::new();
    let refusal = |path: &Path| npy::read(path, None).expect_err("a refusal").to_string();
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
        skip!("this user may read any file");
        return;
    }
    let message = npy::read(&scratch.path(), None).expect_err("a refusal").to_string();
    assert!(message.contains("cannot open: Permission denied"), "{message}");
}

#[test]
fn a_file_beyond_all_memory_is_refused() {
    // A hole of 2^50 bytes, more than an address space holds; few file systems take one, tmpfs does.
    let header = npy(1, &dictionary("<f8", false, "(1048576, 134217728)"), &[]);
    let Ok(directory) = TempDir::new_in("/dev/shm") else {
        skip!("there is no /dev/shm");
        return;
    };
    let path = directory.path().join("a.npy");
    fs::write(&path, &header).expect("writing to /dev/shm");
    let file = File::options().append(true).open(&path).expect("the file");
    if let Err(error) = file.set_len(header.len() as u64 + (1 << 50)) {
        skip!("/dev/shm takes no file of 2^50 bytes: {error}");
        return;
    }
    let message = npy::read(&path, None).expect_err("a refusal").to_string();
    assert!(message.contains("no memory for 1125899906842624 bytes"), "{message}");
}

/// Writes `matrix`, reads it back, and compares the values and the order in the file.
fn round_trip<T: Element, D: Dimension>(
    matrix: &ArrayView<'_, T, D>,
    wrap: fn(ArrayD<T>) -> Array,
    fortran_order: bool,
) {
    let scratch = Scratch::new();
    write(&scratch.path(), matrix).expect("written");
    let header = Header::read(&scratch.path()).expect("a header");
    assert_eq!(header.fortran_order, fortran_order, "shape {:?}, strides {:?}", matrix.shape(), matrix.strides());
    assert_eq!(header.data_offset % 64, 0, "values aligned for programs that map the file");
    assert_eq!(npy::read(&scratch.path(), None).expect("read"), wrap(matrix.to_owned().into_dyn()));
    assert_eq!(scratch.names(), ["a.npy"]);
}

#[test]
fn every_layout_is_written_and_read_back() {
    let a = Array2::from_shape_fn((6, 8), |(i, j)| (10 * i + j) as f64);
    round_trip(&a.view(), Array::F64, false);
    round_trip(&a.t(), Array::F64, true);
    round_trip(&a.slice(s![.., 1..4]), Array::F64, false);
    round_trip(&a.slice(s![..;-1, ..;2]), Array::F64, false);
    round_trip(&a.row(2).broadcast((3, 8)).expect("stride 0"), Array::F64, false);
    round_trip(&a.mapv(|x| x as f32).view(), Array::F32, false);
    round_trip(&Array2::<f32>::zeros((4, 3).f()).view(), Array::F32, true);
    round_trip(&Array2::<f64>::zeros((0, 3)).view(), Array::F64, false);
    round_trip(&Array2::<f64>::zeros((3, 0)).view(), Array::F64, false);
    round_trip(&Array2::<f64>::zeros((100, 200)).view(), Array::F64, false);
    round_trip(&ndarray::arr0(3.0).view(), Array::F64, false);
    round_trip(&array![1.0, 2.0].view(), Array::F64, false);
    let stack = Array3::from_shape_fn((4, 3, 2), |(s, i, j)| (100 * s + 10 * i + j) as f64);
    round_trip(&stack.view(), Array::F64, false);
    round_trip(&stack.t(), Array::F64, true);
    round_trip(&stack.view().permuted_axes([0, 2, 1]), Array::F64, false);
    round_trip(&ArrayD::<f32>::zeros(IxDyn(&[2, 1, 1, 3])).view(), Array::F32, false);
}

#[test]
fn values_keep_their_bits() {
    let scratch = Scratch::new();
    let bits = [0x7ff8_0000_0000_1234, 0xfff0_0000_0000_0000, 1, 1 << 63];
    let values = Array2::from_shape_vec((2, 2), bits.map(f64::from_bits).to_vec()).expect("four values");
    write(&scratch.path(), &values.view()).expect("written");
    match npy::read(&scratch.path(), None).expect("read") {
        Array::F64(a) => assert!(a.iter().map(|x| x.to_bits()).eq(bits)),
        Array::F32(_) => panic!("f64 was written"),
    }
}

#[test]
fn a_new_file_has_the_permissions_of_the_umask_and_a_replaced_one_leaves_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::holding(b"a former file, longer than the new one".repeat(100).as_slice());
    let mode = |path: &Path| fs::metadata(path).expect("the file").permissions().mode();
    let ordinary = mode(&scratch.path());
    let other = scratch.directory.path().join("other.npy");
    write(&other, &array![[1.0]].view()).expect("written");
    assert_eq!(mode(&other), ordinary);
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o640)).expect("chmod");
    write(&scratch.path(), &array![[1.0]].view()).expect("written");
    assert_eq!(npy::read(&scratch.path(), None).expect("read"), f64_array(array![[1.0]]));
    assert_eq!(mode(&scratch.path()) & 0o777, 0o640);
    assert_eq!(scratch.names(), ["a.npy", "other.npy"]);
}

#[test]
fn a_link_is_followed_and_stays() {
    let scratch = Scratch::holding(b"a former file");
    let folder = scratch.directory.path().join("folder");
    fs::create_dir(&folder).expect("a directory");
    let link = folder.join("link.npy");
    std::os::unix::fs::symlink("../a.npy", &link).expect("a link");
    write(&link, &array![[2.0]].view()).expect("written");
    assert!(link.symlink_metadata().expect("the link").is_symlink());
    assert_eq!(npy::read(&scratch.path(), None).expect("read"), f64_array(array![[2.0]]));
    assert_eq!((names(&folder), scratch.names()), (vec!["link.npy".into()], vec!["a.npy".into(), "folder".into()]));
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let scratch = Scratch::new();
    let refusal = |path: &Path| write(path, &array![[1.0]].view()).expect_err("a refusal").to_string();
    let directory = scratch.path();
    fs::create_dir(&directory).expect("a directory in the place of the file");
    assert!(refusal(&directory).contains("not a regular file"));
    assert!(names(&directory).is_empty());
    let pipe = directory.join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).expect("a pipe");
    assert!(refusal(&pipe).contains("not a regular file"));
    let message = refusal(&directory.join("missing/a.npy"));
    assert!(message.contains("cannot create a temporary file beside it: No such file or directory"), "{message}");
    assert_eq!((scratch.names(), names(&directory)), (vec!["a.npy".to_owned()], vec!["pipe".to_owned()]));
}

#[test]
fn abandoned_files_are_removed_and_no_others_begun() {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    let scratch = Scratch::new();
    let partials = Partials::default();
    // Large enough to be seen while it is written.
    let array = Array2::<f64>::zeros((3000, 3000));
    let is_begun = || scratch.names().iter().any(|name| name.ends_with(".partial"));
    std::thread::scope(|scope| {
        let (told, hears) = channel();
        let (partials, array, path) = (&partials, &array, scratch.path());
        scope.spawn(move || {
            while partials.write(&path, &array.view()).is_ok() {}
            told.send(()).expect("somebody hears");
        });
        while !is_begun() {
            std::thread::yield_now();
        }
        let abandoned = partials.abandon();
        assert!(!is_begun(), "{:?}", scratch.names());
        assert_eq!(hears.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
        assert!(!is_begun(), "{:?}", scratch.names());
        drop(abandoned);
        // The file that it wrote has gone from under it.
        hears.recv().expect("a refusal");
    });
    assert!(scratch.names().iter().all(|name| name == "a.npy"), "{:?}", scratch.names());
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
    if let Ok(matrix) = npy::read(&scratch.path(), None) {
        let header = Header::read(&scratch.path()).expect("the header of a matrix that was read");
        let shape = match &matrix {
            Array::F32(a) => a.shape(),
            Array::F64(a) => a.shape(),
        };
        prop_assert_eq!(header.data_offset + shape.iter().product::<usize>() * header.kind.size(), bytes.len());
        prop_assert_eq!(shape, &header.shape[..]);
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
