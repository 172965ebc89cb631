//! Files of every format: those of NumPy are read to the bit, what is saved is loaded again, and a request that cannot
//! be met says so and leaves the former file.

use std::fs;
use std::path::{Path, PathBuf};

use gingham_core::DType;
use gingham_runtime::format::csv::Dialect;
use gingham_runtime::format::raw::Raw;
use gingham_runtime::format::{
    Array, Buffer, Endian, Format, Kind, Layout, LoadOptions, Named, Partials, SaveOptions, View, load, load_into,
    parse, save,
};
use proptest::prelude::*;
use tempfile::TempDir;

const KINDS: [Kind; 12] = [
    Kind::Float64,
    Kind::Float32,
    Kind::Float16,
    Kind::Bool,
    Kind::Int8,
    Kind::Int16,
    Kind::Int32,
    Kind::Int64,
    Kind::UInt8,
    Kind::UInt16,
    Kind::UInt32,
    Kind::UInt64,
];

/// A file that NumPy or a spreadsheet wrote.
fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn all(path: &Path) -> Vec<Named> {
    load(path, &LoadOptions::default()).expect("arrays")
}

fn layout(kind: Kind, shape: &[usize], fortran_order: bool) -> Layout {
    Layout { kind, shape: shape.into(), fortran_order }
}

fn f64s(array: &Array) -> &[f64] {
    array.values().expect("float64")
}

/// What CSV reads from a text.
fn rows(text: &str, dialect: Dialect) -> Result<(Vec<usize>, Vec<f64>), String> {
    let options = LoadOptions { format: Some(Format::Csv), dialect, ..LoadOptions::default() };
    let arrays = parse(text.as_bytes(), &options).map_err(|problem| problem.to_string())?;
    Ok((arrays[0].array.layout().shape.clone(), f64s(&arrays[0].array).to_vec()))
}

#[test]
fn arrays_of_numpy_keep_type_and_order() {
    for (name, kind, shape, fortran_order, bytes) in [
        (
            "npy/f8_fortran.npy",
            Kind::Float64,
            &[2, 3][..],
            true,
            [0.0, 3.0, 1.0, 4.0, 2.0, 5.0_f64].map(f64::to_ne_bytes).concat(),
        ),
        ("npy/scalar.npy", Kind::Float32, &[], false, 1.5_f32.to_ne_bytes().to_vec()),
        ("npy/i2_big.npy", Kind::Int16, &[3], false, [1, -2, 300_i16].map(i16::to_ne_bytes).concat()),
        ("npy/f2.npy", Kind::Float16, &[1, 2], false, [0x3800, 0xbc00_u16].map(u16::to_ne_bytes).concat()),
        ("npy/bool.npy", Kind::Bool, &[2], false, vec![1, 0]),
    ] {
        let [Named { name: named, array }] = &all(&corpus(name))[..] else { panic!("one array in {name}") };
        assert_eq!(array.layout(), &layout(kind, shape, fortran_order), "{name}");
        assert_eq!(array.bytes(), bytes, "{name}");
        assert_eq!(format!("npy/{named}.npy"), name);
    }
}

#[test]
fn archives_of_numpy_have_their_arrays_in_order() {
    let names = |path: &Path| all(path).into_iter().map(|named| named.name).collect::<Vec<_>>();
    assert_eq!(names(&corpus("npz/stored.npz")), ["a", "b"]);
    assert_eq!(names(&corpus("npz/deflated.npz")), ["zeros", "fortran", "f2"]);
    assert_eq!(names(&corpus("npz/unnamed.npz")), ["arr_0"]);
    assert!(names(&corpus("npz/none.npz")).is_empty());

    let deflated = all(&corpus("npz/deflated.npz"));
    assert_eq!(deflated[0].array.layout(), &layout(Kind::Float64, &[50, 40], false));
    assert!(f64s(&deflated[0].array).iter().all(|&x| x == 0.0));
    assert_eq!(deflated[1].array.layout(), &layout(Kind::Float64, &[2, 3], true));
    assert_eq!(f64s(&deflated[1].array), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    // Written where the writer could not go back: the sizes are after the bytes.
    let streamed = all(&corpus("npz/streamed.npz"));
    assert_eq!(
        (streamed[0].name.as_str(), f64s(&streamed[0].array)),
        ("streamed", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..])
    );
}

#[test]
fn a_member_is_read_by_its_name_or_alone() {
    let into = |path: &str, member: Option<&str>| {
        let options = LoadOptions { member: member.map(String::from), ..LoadOptions::default() };
        let mut buffer = Buffer::default();
        load_into(&corpus(path), &options, &mut buffer).map(|layout| layout.shape).map_err(|error| error.to_string())
    };
    assert_eq!(into("npz/stored.npz", Some("b")), Ok(vec![3]));
    assert_eq!(into("npz/unnamed.npz", None), Ok(vec![2, 3]));
    let refusal = into("npz/stored.npz", None).expect_err("two arrays");
    assert!(refusal.ends_with("it does not hold one array; name one of its 2 arrays: a, b"), "{refusal}");
    let refusal = into("npz/stored.npz", Some("c")).expect_err("no such array");
    assert!(refusal.ends_with("it has no array `c`; name one of its 2 arrays: a, b"), "{refusal}");
}

#[test]
fn values_are_converted_by_a_cast() {
    let cast = |path: &str, cast| {
        let options = LoadOptions { cast: Some(cast), ..LoadOptions::default() };
        load(&corpus(path), &options).expect("arrays").swap_remove(0).array
    };
    assert_eq!(f64s(&cast("npy/i2_big.npy", DType::F64)), [1.0, -2.0, 300.0]);
    assert_eq!(cast("npy/f2.npy", DType::F32).values::<f32>(), Some(&[0.5, -1.0][..]));
    assert_eq!(cast("npz/stored.npz", DType::F32).values::<f32>(), Some(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..]));
    // Rounded once: by way of f64 this text would give the next number below.
    let options = LoadOptions { format: Some(Format::Csv), cast: Some(DType::F32), ..LoadOptions::default() };
    let arrays = parse(b"1.00000017881393432617187499", &options).expect("a number");
    assert_eq!(arrays[0].array.values::<f32>(), Some(&[1.000_000_1][..]));
}

#[test]
fn text_is_read_in_every_dialect() {
    let usual = Dialect::default();
    let with = |delimiter| Dialect { delimiter: Some(delimiter), ..usual };
    let header = |header| Dialect { header: Some(header), ..usual };
    let two = |values: &[f64]| Ok((vec![values.len() / 2, 2], values.to_vec()));
    assert_eq!(rows("1,2\n3,4\n", usual), two(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(rows("1,2\r\n\r\n3,4", usual), two(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(rows("\n  \n1 ,\t2\n \t\n", usual), two(&[1.0, 2.0]));
    assert_eq!(rows("a,b\n1,2\n", usual), two(&[1.0, 2.0]));
    assert_eq!(rows(",b\n1,2\n", usual), two(&[1.0, 2.0]));
    assert_eq!(rows("\"a, \"\"x\"\"\",b\r\n1,2\n", usual), two(&[1.0, 2.0]));
    assert_eq!(rows("\"1\",\" 2 \"\n 3 , \"4\" \n", usual), two(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(rows("\u{feff}1,2\n", usual), two(&[1.0, 2.0]));
    assert_eq!(rows("5,6\n1,2\n", header(true)), two(&[1.0, 2.0]));
    assert_eq!(rows("5,6\n1,2\n", header(false)), two(&[5.0, 6.0, 1.0, 2.0]));
    assert_eq!(rows("1;2\n", with(b';')), two(&[1.0, 2.0]));
    assert_eq!(rows("1\t2\n\t\n", with(b'\t')).map_err(|text| text.contains("line 2, column 1")), Err(true));
    assert_eq!(rows("1 2\r\n3 4\n", with(b' ')), two(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(rows("1|2", with(b'|')), two(&[1.0, 2.0]));
    assert_eq!(rows("INF,+infinity\n-Inf,1.e5\n", usual), two(&[f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, 1e5]));
    let (_, values) = rows("nan,+NaN,-nan,-0", usual).expect("numbers");
    assert!(values[..3].iter().all(|x| x.is_nan()) && values[3].is_sign_negative());

    let folder = folder();
    let path = folder.path().join("a.tsv");
    fs::write(&path, "x\ty\n1\t2\n").expect("written");
    assert_eq!(f64s(&all(&path)[0].array), [1.0, 2.0]);
}

#[test]
fn rows_go_over_the_ends_of_blocks() {
    // Numbers of 1 to 18 bytes, so that blocks end at every place in a row.
    let values: Vec<f64> = (0..300_000).map(|i| f64::from(i % 1000) / f64::from(1 + i % 97)).collect();
    let text: String = values.chunks(3).map(|row| format!("{},{},{}\n", row[0], row[1], row[2])).collect();
    assert_eq!(rows(&text, Dialect::default()), Ok((vec![100_000, 3], values)));
    let long = "0.5,".repeat(200_000) + "1\n";
    let (shape, _) = rows(&long.repeat(3), Dialect::default()).expect("lines of several blocks");
    assert_eq!(shape, [3, 200_001]);
}

#[test]
fn one_buffer_takes_file_after_file() {
    let folder = folder();
    let mut buffer = Buffer::default();
    for (name, elements) in [("a.npy", 100), ("b.npy", 7), ("c.csv", 40_000), ("d.npz", 1000), ("e.npy", 0)] {
        let path = folder.path().join(name);
        let values: Vec<f64> = (0..elements).map(|i| f64::from(i) + 0.5).collect();
        let shape = layout(Kind::Float64, &[values.len(), 1], false);
        let view = View::new(&shape, bytemuck::cast_slice(&values)).expect("its bytes");
        save(&path, &SaveOptions::default(), &[("a", view)], &Partials::default()).expect("saved");
        let found = load_into(&path, &LoadOptions::default(), &mut buffer).expect("loaded");
        assert_eq!(found, shape, "{name}");
        assert_eq!(buffer.bytes(), view.bytes(), "{name}");
    }
}

#[test]
fn a_slice_takes_what_fits() {
    let mut six = [9.0_f64; 8];
    let into = |destination: &mut &mut [f64], name: &str| {
        load_into(&corpus(name), &LoadOptions::default(), destination).map_err(|error| error.to_string())
    };
    assert_eq!(into(&mut &mut six[..], "npy/f8.npy"), Ok(layout(Kind::Float64, &[2, 3], false)));
    assert_eq!(six, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 9.0]);
    let refusal = into(&mut &mut six[..5], "npy/f8.npy").expect_err("no room");
    assert!(refusal.ends_with("6 elements or more; there is room for 5"), "{refusal}");
    let refusal = into(&mut &mut six[..], "npy/i2_big.npy").expect_err("another type");
    assert!(refusal.ends_with("elements of dtype int16 do not go into an array of float64; convert them by a cast"));
    let mut three = [0.0_f32; 3];
    let options = LoadOptions { cast: Some(DType::F32), ..LoadOptions::default() };
    load_into(&corpus("npy/i2_big.npy"), &options, &mut &mut three[..]).expect("converted");
    assert_eq!(three, [1.0, -2.0, 300.0]);
}

#[test]
fn raw_values_are_what_is_told() {
    let folder = folder();
    let path = folder.path().join("a.bin");
    fs::write(&path, [0, 1, 255, 254]).expect("written");
    let read = |endian| {
        let raw = Some(Raw { layout: layout(Kind::Int16, &[2], false), endian });
        let options = LoadOptions { raw, cast: Some(DType::F64), ..LoadOptions::default() };
        f64s(&load(&path, &options).expect("values")[0].array).to_vec()
    };
    assert_eq!(read(Endian::Big), [1.0, -2.0]);
    assert_eq!(read(Endian::Little), [256.0, -257.0]);
}

#[test]
fn a_request_that_cannot_be_met_leaves_the_former_file() {
    let folder = folder();
    let shape = layout(Kind::Float64, &[2, 2, 2], false);
    let cube = View::new(&shape, &[0; 64]).expect("its bytes");
    let refusal = View::new(&shape, &[0; 63]).expect_err("a byte is missing").to_string();
    assert_eq!(refusal, "shape [2, 2, 2] has 64 bytes, and 63 were given");
    let semicolon = SaveOptions { dialect: Dialect { delimiter: Some(b'e'), header: None }, ..SaveOptions::default() };
    for (name, options, arrays, says) in [
        ("a.csv", SaveOptions::default(), &[("a", cube)][..], "shape [2, 2, 2] is not rows and columns"),
        ("a.csv", semicolon, &[("a", cube)], "`e` cannot separate numbers"),
        ("a.npy", SaveOptions::default(), &[("a", cube), ("b", cube)], "2 arrays; a .npy file holds one"),
        ("a.npy", SaveOptions::default(), &[], "0 arrays; a .npy file holds one"),
        ("a.npz", SaveOptions::default(), &[("a", cube), ("a", cube)], "array `a`: two arrays have this name"),
        ("a.npz", SaveOptions::default(), &[("../a", cube)], "array `../a`: expected the name of an array"),
        ("a.txt", SaveOptions::default(), &[("a", cube)], "the format cannot be told from its name"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, "the former").expect("written");
        let refusal = save(&path, &options, arrays, &Partials::default()).expect_err(says).to_string();
        assert!(refusal.starts_with(&format!("{}: {says}", path.display())), "{refusal}");
        assert_eq!(fs::read(&path).expect("the file"), b"the former");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the directory").count(), 4, "nothing but the files");
}

/// The bytes of an array of `elements` elements, from random bits; truth values are 0 or 1.
fn values(kind: Kind, elements: usize, bits: &[u64]) -> Vec<u8> {
    let bytes = bits.iter().cycle().flat_map(|bits| bits.to_ne_bytes()).take(elements * kind.size());
    bytes.map(|byte| if kind == Kind::Bool { byte & 1 } else { byte }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_saved_is_loaded_to_the_same_bits(
        kind in prop::sample::select(KINDS.to_vec()),
        shape in prop::collection::vec(0..6_usize, 0..4),
        fortran_order in any::<bool>(),
        deflate in any::<bool>(),
        bits in prop::collection::vec(any::<u64>(), 1..40),
    ) {
        let folder = folder();
        let layout = layout(kind, &shape, fortran_order);
        let values = values(kind, shape.iter().product(), &bits);
        let view = View::new(&layout, &values).expect("its bytes");
        for format in [Format::Npy, Format::Npz, Format::Raw] {
            let path = folder.path().join(format!("a.{format}"));
            let options = SaveOptions { deflate, ..SaveOptions::default() };
            save(&path, &options, &[("a", view)], &Partials::default()).expect("saved");
            let raw = Some(Raw::native(layout.clone()));
            let arrays = load(&path, &LoadOptions { raw, ..LoadOptions::default() }).expect("loaded");
            prop_assert_eq!(arrays[0].array.layout(), &layout);
            prop_assert_eq!(arrays[0].array.bytes(), &values[..]);
            prop_assert_eq!(&arrays[0].name, "a");
        }
    }

    #[test]
    fn text_that_is_saved_is_loaded_to_the_same_numbers(
        kind in prop::sample::select(KINDS.to_vec()),
        (rows, columns) in (1..8_usize, 1..6_usize),
        fortran_order in any::<bool>(),
        delimiter in prop::sample::select(b",;\t |".to_vec()),
        bits in prop::collection::vec(prop_oneof![any::<u64>(), any::<f64>().prop_map(f64::to_bits)], 1..40),
    ) {
        let folder = folder();
        let path = folder.path().join("a.csv");
        let layout = layout(kind, &[rows, columns], fortran_order);
        let values = values(kind, rows * columns, &bits);
        let view = View::new(&layout, &values).expect("its bytes");
        let dialect = Dialect { delimiter: Some(delimiter), header: None };
        let options = SaveOptions { dialect, ..SaveOptions::default() };
        save(&path, &options, &[("a", view)], &Partials::default()).expect("saved");
        // The same array as a file of its own type, by rows.
        let npy = folder.path().join("a.npy");
        save(&npy, &SaveOptions::default(), &[("a", view)], &Partials::default()).expect("saved");
        let cast = if kind == Kind::Float32 { DType::F32 } else { DType::F64 };
        let read = |path: &Path| {
            let options = LoadOptions { cast: Some(cast), dialect, ..LoadOptions::default() };
            load(path, &options).expect("loaded").swap_remove(0).array
        };
        let (text, exact) = (read(&path), read(&npy));
        prop_assert_eq!(&text.layout().shape, &exact.layout().shape);
        // A NaN has one spelling.
        let bits = |array: &Array, i: usize| match cast {
            DType::F64 => Some(f64s(array)[i]).filter(|x| !x.is_nan()).map(f64::to_bits),
            DType::F32 => array.values::<f32>().map(|x| x[i]).filter(|x| !x.is_nan()).map(|x| x.to_bits().into()),
        };
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let at = if fortran_order { column * rows + row } else { row * columns + column };
            prop_assert_eq!(bits(&text, row * columns + column), bits(&exact, at), "row {}, column {}", row, column);
        }
    }
}
