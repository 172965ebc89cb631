//! Reading a member of an archive: inflated, counted and held against its checksum.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use gingham_core::DType;
use rawzip::{ReaderAt, ZipReader, ZipVerification};

use super::super::{self as format, Destination, Layout, npy};
use super::directory::{Archive, Member};
use super::{Problem, cause};

/// Bytes that are inflated at a time.
const BLOCK: usize = 64 << 10;

impl<R: ReaderAt> Archive<R> {
    /// Reads the array `member`, converted to `cast` if given.
    pub(in super::super) fn load(
        &self,
        member: &Member,
        cast: Option<DType>,
        destination: &mut impl Destination,
    ) -> Result<Layout, format::Problem> {
        let load = if member.deflated { Self::inflate } else { Self::copy };
        load(self, member, cast, destination).map_err(|problem| member.wrong(problem))
    }

    fn copy(
        &self,
        member: &Member,
        cast: Option<DType>,
        destination: &mut impl Destination,
    ) -> Result<Layout, format::Problem> {
        let (reader, promised) = self.bytes(member)?;
        let mut bytes = Summed::new(reader);
        let layout = npy::load(&mut bytes, promised.uncompressed_size, cast, destination)?;
        bytes.check(promised.crc)?;
        Ok(layout)
    }

    fn inflate(
        &self,
        member: &Member,
        cast: Option<DType>,
        destination: &mut impl Destination,
    ) -> Result<Layout, format::Problem> {
        let (reader, promised) = self.bytes(member)?;
        let wrong = || Problem::Stream(promised.uncompressed_size).into();
        let mut bytes = Summed::new(DeflateDecoder::new(BufReader::with_capacity(BLOCK, reader)));
        let layout = npy::load(&mut bytes, promised.uncompressed_size, cast, destination);
        let layout = layout.map_err(|problem| match problem {
            format::Problem::Io(_, error) if is_of_stream(&error) => wrong(),
            other => other,
        })?;
        // The stream ends where the member does, and has no more than it claims.
        match bytes.reader.read(&mut [0]) {
            Ok(0) if bytes.reader.total_in() == member.way.compressed_size_hint() => {}
            Err(error) if !is_of_stream(&error) => return Err(format::Problem::Io("read", error)),
            _ => return Err(wrong()),
        }
        bytes.check(promised.crc)?;
        Ok(layout)
    }

    /// The bytes of `member` in the archive, and what they should be.
    fn bytes(&self, member: &Member) -> Result<(ZipReader<&R>, ZipVerification), format::Problem> {
        let entry = self.zip.get_entry(member.way).map_err(|error| format::Problem::Io("read", cause(error)))?;
        let reader = entry.reader();
        let promised = reader.claim_verifier();
        Ok((reader, promised))
    }
}

/// Whether the compressed bytes are at fault and not the system.
fn is_of_stream(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
}

/// The bytes of a reader, and the checksum of those that have been read.
struct Summed<R> {
    reader: R,
    sum: crc32fast::Hasher,
}

impl<R> Summed<R> {
    fn new(reader: R) -> Self {
        Self { reader, sum: crc32fast::Hasher::new() }
    }

    fn check(self, expected: u32) -> Result<(), Problem> {
        let found = self.sum.finalize();
        if found == expected { Ok(()) } else { Err(Problem::Checksum { found, expected }) }
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(bytes)?;
        self.sum.update(&bytes[..read]);
        Ok(read)
    }
}
