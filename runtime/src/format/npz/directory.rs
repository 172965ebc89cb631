//! The list of members of an archive, checked before any member is read.

use std::collections::HashSet;
use std::io;

use rawzip::{
    CompressionMethod, ErrorKind, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator,
};

use super::super::{self as format};
use super::{Name, Problem};

/// The most members that are read. NumPy's archives have some; a list of members takes 46 bytes of the file for each,
/// and 200 of memory.
const MEMBERS: usize = 1 << 16;

/// The most bytes that deflate makes of one: a match of 258 bytes takes two bits at least
/// (<https://zlib.net/zlib_tech.html>: 1032 to 1).
const DEFLATE_RATIO: u64 = 1032;

/// An archive whose list of members has been checked.
pub(in super::super) struct Archive<R> {
    pub(super) zip: ZipArchive<R>,
    /// In the order of the list.
    pub(in super::super) members: Vec<Member>,
}

/// An array in an archive.
#[derive(Debug, Clone)]
pub(in super::super) struct Member {
    pub(in super::super) name: Name,
    pub(super) way: ZipArchiveEntryWayfinder,
    pub(super) deflated: bool,
    /// Where its own header starts, and where its bytes end.
    range: [u64; 2],
}

impl Member {
    pub(super) fn wrong(&self, problem: impl Into<format::Problem>) -> format::Problem {
        wrong(self.name.member().as_bytes(), self.range[0], problem)
    }
}

fn wrong(name: &[u8], at: u64, problem: impl Into<format::Problem>) -> format::Problem {
    Problem::Member { name: format::excerpt(name), at, problem: Box::new(problem.into()) }.into()
}

impl<R: ReaderAt> Archive<R> {
    /// The archive that fills the `length` bytes of `source`.
    pub(in super::super) fn open(source: R, length: u64) -> Result<Self, format::Problem> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = ZipLocator::new()
            .locate_in_reader(source, &mut buffer, length)
            .map_err(|(_, error)| malformed(error, length))?;
        if zip.end_offset() != length {
            let found = format!("{} more bytes", length.saturating_sub(zip.end_offset()));
            return Err(unexpected("the end of the file", zip.end_offset(), found).into());
        }
        let members = members(&zip, &mut buffer)?;
        apart(&members, zip.directory_offset())?;
        Ok(Self { zip, members })
    }

    /// The array named `wanted`; the only one, if that is `None`.
    pub(in super::super) fn find(&self, wanted: Option<&str>) -> Result<&Member, Problem> {
        let found = match (wanted, &self.members[..]) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(name), members) => members.iter().find(|member| member.name.as_str() == name),
        };
        found.ok_or_else(|| {
            let names = self.members.iter().take(8).map(|member| member.name.as_str().into()).collect();
            Problem::Choice { wanted: wanted.map(String::from), names, count: self.members.len() }
        })
    }
}

fn members<R: ReaderAt>(zip: &ZipArchive<R>, buffer: &mut [u8]) -> Result<Vec<Member>, format::Problem> {
    let directory = zip.directory_offset();
    let mut members = Vec::new();
    let mut names = HashSet::new();
    let mut local = vec![0; buffer.len()];
    let mut entries = zip.entries(buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| malformed(error, directory))? {
        if members.len() == MEMBERS {
            let at = entry.central_directory_offset();
            return Err(unexpected(&format!("at most {MEMBERS} members"), at, "another".into()).into());
        }
        let (path, at) = (entry.file_path(), entry.local_header_offset());
        let wrong = |problem| wrong(path.as_bytes(), at, problem);
        let name = Name::of_member(path.as_bytes()).map_err(wrong)?;
        if !names.insert(name.clone()) {
            return Err(wrong(Problem::Twice));
        }
        if entry.flags().is_encrypted() || entry.flags().has_strong_encryption() {
            return Err(wrong(Problem::Encrypted));
        }
        let method = entry.compression_method();
        let (claimed, compressed) = (entry.uncompressed_size_hint(), entry.compressed_size_hint());
        let (deflated, most) = match method {
            CompressionMethod::STORE => (false, compressed),
            CompressionMethod::DEFLATE => (true, compressed.saturating_mul(DEFLATE_RATIO)),
            other => {
                let number = || format!("method {}", other.as_u16());
                return Err(wrong(Problem::Method(other.name().map_or_else(number, str::to_lowercase))));
            }
        };
        if claimed > most {
            return Err(wrong(Problem::Claims { claimed, compressed, most }));
        }
        if at >= directory {
            return Err(wrong(Problem::Overlap { end: at, next: directory }));
        }
        let way = entry.wayfinder();
        let found = zip.get_entry(way).map_err(|error| malformed(error, at))?;
        let own = found.local_header(&mut local).map_err(|error| malformed(error, at))?;
        // A member that was written as a stream has its sizes after its bytes.
        let sizes_differ = own.uncompressed_size_hint() != claimed || own.compressed_size_hint() != compressed;
        let differs = match () {
            () if own.file_path().as_bytes() != path.as_bytes() => Some("name"),
            () if own.compression_method() != method => Some("compression"),
            () if own.flags().is_encrypted() => Some("encryption"),
            () if sizes_differ && !own.flags().has_data_descriptor() => Some("sizes"),
            () => None,
        };
        if let Some(what) = differs {
            return Err(wrong(Problem::Disagree(what)));
        }
        let (_, end) = found.compressed_data_range();
        members.push(Member { name, way, deflated, range: [at, end] });
    }
    if members.len() as u64 != zip.entries_hint() {
        let expected = format!("a list of {} members", zip.entries_hint());
        return Err(unexpected(&expected, directory, members.len().to_string()).into());
    }
    Ok(members)
}

/// Checks that the members and the list of them, which starts at byte `directory`, do not overlap.
fn apart(members: &[Member], directory: u64) -> Result<(), format::Problem> {
    let mut in_file: Vec<_> = members.iter().collect();
    in_file.sort_by_key(|member| member.range);
    let next = in_file.iter().skip(1).map(|member| member.range[0]).chain([directory]);
    match in_file.iter().zip(next).find(|(member, next)| member.range[1] > *next) {
        Some((member, next)) => Err(member.wrong(Problem::Overlap { end: member.range[1], next })),
        None => Ok(()),
    }
}

fn unexpected(expected: &str, at: u64, found: String) -> Problem {
    Problem::Directory { expected: expected.into(), at, found }
}

/// What `rawzip` found wrong in what starts at byte `at`.
fn malformed(error: rawzip::Error, at: u64) -> format::Problem {
    let at = error.eocd_offset().unwrap_or(at);
    // The system's answer to an offset that no file has is an invalid argument.
    let is_of_file =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput);
    let (expected, found) = match error.into_kind() {
        ErrorKind::IO(error) if !is_of_file(&error) => return format::Problem::Io("read", error),
        ErrorKind::MissingEndOfCentralDirectory => return Problem::NoDirectory.into(),
        ErrorKind::InvalidSignature { expected, actual } => {
            (format!("signature {expected:08x}"), format!("{actual:08x}"))
        }
        ErrorKind::BufferTooSmall { required } => ("a record of at most 64 KiB".into(), format!("{required} bytes")),
        ErrorKind::Eof | ErrorKind::IO(_) => ("a whole record".into(), "the end of the file".into()),
        other => ("a valid record".into(), other.to_string().to_lowercase()),
    };
    unexpected(&expected, at, found).into()
}
