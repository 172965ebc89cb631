//! Archives whose list of members and members say what a test wants them to.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::npy::array;

/// A member of an archive, as its own header and the list tell of it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) own_name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) own_method: u16,
    pub(crate) flags: u16,
    pub(crate) sum: u32,
    pub(crate) claims: u32,
    pub(crate) own_claims: u32,
    pub(crate) bytes: Vec<u8>,
    /// Where the list says that it starts, if not where it does.
    pub(crate) at: Option<u32>,
    /// Fields after its name in the list.
    pub(crate) extra: Vec<u8>,
}

pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("deflated");
    encoder.finish().expect("deflated")
}

/// A member that is right: the file `contents`.
pub(crate) fn holding(name: &str, deflate: bool, contents: &[u8]) -> Member {
    let name = format!("{name}.npy").into_bytes();
    let claims = u32::try_from(contents.len()).expect("a small file");
    let method = if deflate { 8 } else { 0 };
    Member {
        own_name: name.clone(),
        name,
        method,
        own_method: method,
        flags: 0,
        sum: crc32fast::hash(contents),
        claims,
        own_claims: claims,
        bytes: if deflate { deflated(contents) } else { contents.to_vec() },
        at: None,
        extra: Vec::new(),
    }
}

pub(crate) fn member(name: &str, deflate: bool) -> Member {
    holding(name, deflate, &array("<f8", "(4,)", &[7; 32]))
}

/// The archive of these members.
pub(crate) fn archive(members: &[Member]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut list = Vec::new();
    let short = |length: usize| u16::try_from(length).expect("a short name").to_le_bytes();
    let long = |length: usize| u32::try_from(length).expect("a small file").to_le_bytes();
    for Member { name, own_name, method, own_method, flags, sum, claims, own_claims, bytes, at, extra } in members {
        let start = long(file.len());
        let common = |method: &u16, claims: &u32| {
            let sizes = [sum.to_le_bytes(), long(bytes.len()), claims.to_le_bytes()].concat();
            [&flags.to_le_bytes()[..], &method.to_le_bytes(), &[0; 4], &sizes].concat()
        };
        file.extend(
            [&b"PK\x03\x04\x14\x00"[..], &common(own_method, own_claims), &short(own_name.len()), &[0; 2]].concat(),
        );
        file.extend([&own_name[..], bytes].concat());
        list.extend([&b"PK\x01\x02\x14\x00\x14\x00"[..], &common(method, claims), &short(name.len())].concat());
        list.extend([&short(extra.len())[..], &[0; 10], &at.map_or(start, u32::to_le_bytes), name, extra].concat());
    }
    let (start, length) = (long(file.len()), long(list.len()));
    let count = short(members.len() & 0xffff);
    file.extend(list);
    file.extend([&b"PK\x05\x06\x00\x00\x00\x00"[..], &count, &count, &length, &start, &[0; 2]].concat());
    file
}
