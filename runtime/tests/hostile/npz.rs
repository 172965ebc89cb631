//! Archives.

use crate::npy::array;
use crate::zip::{Member, archive, deflated, holding, member};
use crate::{Case, case};

/// An archive of one member, changed.
fn one(change: impl FnOnce(&mut Member)) -> Vec<u8> {
    let mut only = member("a", false);
    change(&mut only);
    archive(&[only])
}

/// As [`one`], deflated.
fn inflating(change: impl FnOnce(&mut Member)) -> Vec<u8> {
    let mut only = member("a", true);
    change(&mut only);
    archive(&[only])
}

fn named(name: &[u8]) -> Vec<u8> {
    one(|member| (member.name, member.own_name) = (name.into(), name.into()))
}

/// The bytes of an archive with `new` in the place of those from `end` bytes before its end.
fn patched(mut bytes: Vec<u8>, end: usize, new: &[u8]) -> Vec<u8> {
    let at = bytes.len() - end;
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

/// Zip64's end of a list: a record that states `values`, and where the record is said to be.
fn zip64(values: [u64; 4], at: u64) -> Vec<u8> {
    let values = values.map(u64::to_le_bytes).concat();
    let record = [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 8], &values].concat();
    let locator = [&b"PK\x06\x07"[..], &[0; 4], &at.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    [&record[..], &locator, b"PK\x05\x06\x00\x00\x00\x00", &[0xff; 12], &[0; 2]].concat()
}

pub(crate) fn cases() -> Vec<Case> {
    let case = |what: &str, bytes: Vec<u8>, says| case(what, "npz", bytes, says);
    let good = || archive(&[member("a", false), member("b", true)]);
    let zeros = |bytes: usize| array("|u1", &format!("({bytes},)"), &vec![0; bytes]);
    let inside = |contents: &[u8]| archive(&[holding("a", true, contents)]);
    let overlapping = || {
        let mut members = [member("a", false), member("b", false)];
        // Its bytes are the whole second member, whose own header is in them.
        let second = archive(&members[1..]);
        members[0].bytes = second[..second.len() - 22 - 46 - 5].to_vec();
        members[0].claims = u32::try_from(members[0].bytes.len()).expect("a small file");
        members[0].own_claims = members[0].claims;
        let at = 30 + 5;
        members[1].at = Some(at);
        archive(&members)
    };
    let many: Vec<_> = (0..70_000).map(|i| holding(&i.to_string(), false, &array("|u1", "(0,)", &[]))).collect();
    let extra = [1_u16.to_le_bytes(), 16_u16.to_le_bytes()].concat();
    vec![
        case("empty", vec![], "not a .npz file, or cut at its end"),
        case("zeros", vec![0; 100_000], "not a .npz file, or cut at its end"),
        case("an array", array("<f8", "(4,)", &[0; 32]), "not a .npz file, or cut at its end"),
        case("cut in the middle", good()[..200].to_vec(), "not a .npz file, or cut at its end"),
        case("cut by a byte", good()[..good().len() - 1].to_vec(), "at byte"),
        case("a byte over", [good(), vec![0]].concat(), "expected the end of the file at byte"),
        case("a list of 3 with 2", patched(good(), 14, &[3, 0, 3, 0]), "expected a list of 3 members at byte"),
        case("a list of 1 with 2", patched(good(), 14, &[1, 0, 1, 0]), "expected a list of 1 members at byte"),
        case("a list past the end", patched(good(), 6, &[0xfe, 0xff, 0xff, 0xff]), "at byte"),
        case("a list of noise", patched(good(), 22 + 100, &[0xaa; 50]), "expected signature 02014b50 at byte"),
        case("zip64 past the end", zip64([1, 1, 46, 1 << 62], 0), "at byte"),
        case("zip64 of exabytes", zip64([u64::MAX, u64::MAX, u64::MAX, u64::MAX], 0), "at byte"),
        case("zip64 elsewhere", zip64([1, 1, 46, 0], u64::MAX), "at byte"),
        case(
            "zip64 size of a member",
            one(|member| {
                (member.claims, member.extra) = (u32::MAX, [&extra[..], &u64::MAX.to_le_bytes(), &[0; 8]].concat());
            }),
            "at byte 0: claims 18446744073709551615 bytes; 100 bytes in this compression give at most 100",
        ),
        case("encrypted", one(|member| member.flags = 1), "member `a.npy`, at byte 0: encrypted"),
        case("strongly encrypted", one(|member| member.flags = 0x41), "member `a.npy`, at byte 0: encrypted"),
        case(
            "bzip2",
            one(|member| member.method = 12),
            "at byte 0: compressed by bzip2; expected a stored or deflated",
        ),
        case("lzma", one(|member| member.method = 14), "at byte 0: compressed by lzma; expected a stored or deflated"),
        case("method 77", one(|member| member.method = 77), "at byte 0: compressed by method 77; expected a stored"),
        case("another sum", one(|member| member.sum ^= 1), "at byte 0: the checksum is "),
        case("another sum inflated", inflating(|member| member.sum ^= 1), "at byte 0: the checksum is "),
        case("another value", one(|member| member.bytes[99] ^= 1), "at byte 0: the checksum is "),
        case("stored less", one(|member| member.claims -= 1), "differ in its sizes"),
        case("stored more", one(|member| member.claims += 1), "claims 101 bytes; 100 bytes in this compression give"),
        case("no deflate makes it", inflating(|member| member.claims = u32::MAX), "claims 4294967295 bytes; "),
        case(
            "inflates to more",
            archive(&[Member { bytes: deflated(&[0; 1 << 20]), ..holding("a", true, &zeros(100)) }]),
            "at byte 0: not a .npy file",
        ),
        case(
            "goes on inflating",
            inflating(|member| member.bytes = deflated(&[array("<f8", "(4,)", &[7; 32]), vec![0; 1 << 24]].concat())),
            "at byte 0: its compressed bytes are not those of the 100 bytes that it claims",
        ),
        case(
            "inflates to a byte more",
            inflating(|member| member.bytes = deflated(&[&array("<f8", "(4,)", &[7; 32])[..], &[0]].concat())),
            "at byte 0: its compressed bytes are not those of the 100 bytes that it claims",
        ),
        case(
            "inflates to less",
            inflating(|member| member.bytes = deflated(&array("<f8", "(4,)", &[7; 31]))),
            "at byte 0: its compressed bytes are not those of the 100 bytes that it claims",
        ),
        case(
            "noise for a stream",
            inflating(|member| member.bytes[20..].fill(0xff)),
            "at byte 0: its compressed bytes are not those of the 100 bytes",
        ),
        case(
            "a stream and more",
            inflating(|member| member.bytes.extend([0; 9])),
            "at byte 0: its compressed bytes are not those of the 100 bytes",
        ),
        case(
            "one member twice",
            archive(&[member("a", true), Member { at: Some(0), ..member("b", true) }]),
            "differ in its",
        ),
        case("members that share bytes", overlapping(), "member `a.npy`, at byte 0: its bytes to "),
        case(
            "beyond the list",
            one(|member| member.at = Some(150)),
            "at byte 150: its bytes to 150 overlap what starts",
        ),
        case("in the middle", one(|member| member.at = Some(40)), "expected signature 04034b50 at byte 40"),
        case("out of the directory", named(b"../../a.npy"), "member `../../a.npy`, at byte 0: expected the name"),
        case("from the root", named(b"/etc/passwd.npy"), "at byte 0: expected the name of an array"),
        case("by backslashes", named(b"..\\a.npy"), "at byte 0: expected the name of an array"),
        case("on a drive", named(b"c:a.npy"), "at byte 0: expected the name of an array"),
        case("NUL in a name", named(b"a\0.npy"), "member `a\\x00.npy`, at byte 0: expected the name"),
        case("escapes in a name", named(b"\x1b[31m.npy"), "member `\\x1b[31m.npy`, at byte 0: expected the name"),
        case("no text", named(b"\xff\xfe.npy"), "member `\\xff\\xfe.npy`, at byte 0: expected the name"),
        case("a name of 60,000 bytes", named(&[b'a'; 60_000]), "at byte 0: expected the name of an array"),
        case("a pickle in it", named(b"a.pkl"), "member `a.pkl`, at byte 0: expected the name of an array"),
        case("a directory in it", named(b"a.npy/"), "member `a.npy/`, at byte 0: expected the name of an array"),
        case("a name twice", archive(&[member("a", false), member("a", true)]), "two arrays have this name"),
        case("two names", one(|member| member.own_name = b"b.npy".to_vec()), "differ in its name"),
        case("two methods", one(|member| member.own_method = 8), "differ in its compression"),
        case("two sizes", one(|member| member.own_claims = 1), "differ in its sizes"),
        case("array past the member", inside(&array("<f8", "(5,)", &[0; 32])), "truncated: 8 bytes of the data"),
        case("array of a petabyte", inside(&array("<f8", "(1125899906842624,)", &[0; 32])), "truncated: "),
        case("array before the end", inside(&array("<f8", "(3,)", &[0; 32])), "8 bytes follow the data"),
        case("header of 4 GiB", inside(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), "claims 4294967295 bytes"),
        case("an empty member", inside(&[]), "ends inside its header, 10 bytes early"),
        case("objects", inside(&array("|O", "(2,)", b"\x80\x03cos\nsystem\n")), "elements of dtype `|O`"),
        case("an archive in it", inside(&good()), "an .npz archive"),
        case("many members", archive(&many), "expected at most 65536 members at byte"),
        case("a bomb", inside(&zeros(32 << 20)), "bytes of data; at most 16777216 are allowed"),
        case(
            "a bomb in parts",
            archive(&["a", "b", "c"].map(|name| holding(name, true, &zeros(7 << 20)))),
            "member `c.npy`, at byte 14",
        ),
    ]
}
