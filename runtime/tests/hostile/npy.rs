//! Arrays.

use crate::{Case, case};

/// A `.npy` file of version 1.0.
pub(crate) fn file(dictionary: &str, values: &[u8]) -> Vec<u8> {
    let length = u16::try_from(dictionary.len() + 1).expect("a short dictionary");
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], dictionary.as_bytes(), b"\n", values].concat()
}

pub(crate) fn array(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    file(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), values)
}

pub(crate) fn cases() -> Vec<Case> {
    let case = |what: &str, bytes: Vec<u8>, says| case(what, "npy", bytes, says);
    let shape = |shape: &str| array("<f8", shape, &[0; 32]);
    let descr = |descr: &str| array(descr, "(2, 2)", &[0; 32]);
    let sparse = |what: &str, shape: &str, says| {
        let case = case(what, array("<f8", shape, &[]), says);
        Case { length: case.bytes.len() as u64 + (1 << 30), ..case }
    };
    vec![
        case("empty", vec![], "ends inside its header, 10 bytes early"),
        case("magic cut", b"\x93NUMP".to_vec(), "ends inside its header, 5 bytes early"),
        case("a pickle", b"\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00".to_vec(), "not a .npy file"),
        case("zeros", vec![0; 4096], "not a .npy file"),
        case("an archive", b"PK\x03\x04\x14\x00\x00\x00".to_vec(), "an .npz archive"),
        case("header of 4 GiB", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "claims 4294967295 bytes"),
        case("header past the end", b"\x93NUMPY\x01\x00\xff\xff{}".to_vec(), "65533 bytes early"),
        case("version 9", [b"\x93NUMPY\x09\x00", &descr("<f8")[8..]].concat(), "format version 9.0"),
        case("nested dictionaries", file(&"{".repeat(60_000), &[]), "expected a string at byte 11"),
        case("nested tuples", shape(&"(".repeat(60_000)), "expected an axis length"),
        case("nested records", file(&format!("{{'descr': {}", "[(".repeat(30_000)), &[]), "elements of dtype `[(["),
        case("many axes", shape(&format!("({})", "1, ".repeat(20_000))), "expected at most 64 axes"),
        case("key twice", file("{'shape': (1,), 'shape': (2,)}", &[]), "expected each key once at byte 26"),
        case("negative shape", shape("(-2, 2)"), "expected an axis length from 0 to 18446744073709551615 at byte"),
        case("overflow of a length", shape("(18446744073709551616,)"), "expected an axis length"),
        case("overflow of a product", shape("(4294967296, 4294967296)"), "more bytes than this machine can address"),
        case("overflow beside a zero", shape("(0, 9223372036854775808)"), "more bytes than this machine can address"),
        case("a fraction of an axis", shape("(2.5, 2)"), "expected `,` at byte"),
        case("a petabyte", shape("(1125899906842624,)"), "truncated: 9007199254740960 bytes of the data are missing"),
        case("objects", array("|O", "(2, 2)", b"\x80\x03cos\nsystem\n"), "elements of dtype `|O`"),
        case("records", file("{'descr': [('a', '<f8')], ", &[]), "elements of dtype `[('a', '<f8')]"),
        case("texts", descr("<U7"), "elements of dtype `<U7`"),
        case("dates", descr("<M8[ns]"), "elements of dtype `<M8[ns]`"),
        case("bytes of any length", descr("|V9999999999"), "elements of dtype `|V9999999999`"),
        case("complex", descr("<c16"), "complex elements"),
        case("values cut", array("<f8", "(2, 2)", &[0; 31]), "truncated: 1 bytes of the data are missing"),
        case("values and more", array("<f8", "(2, 2)", &[0; 33]), "1 bytes follow the data"),
        sparse("a hole", "(2,)", "bytes follow the data"),
        sparse("more than allowed", "(134217728,)", "1073741824 bytes of data; at most 16777216"),
    ]
}
