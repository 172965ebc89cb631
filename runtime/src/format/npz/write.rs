//! Writing an archive, as `numpy.savez` and `numpy.savez_compressed` do.

use std::collections::HashSet;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::super::{View, excerpt, npy};
use super::{Name, Problem, cause};

/// The arrays under the names of their members.
///
/// # Errors
/// [`Problem::Named`], for a name that is not one of an array or that two have.
pub(in super::super) fn named<'a>(arrays: &[(&str, View<'a>)]) -> Result<Vec<(Name, View<'a>)>, Problem> {
    let mut names = HashSet::new();
    let named = |&(text, array): &(&str, View<'a>)| {
        let wrong = |problem| Problem::Named(excerpt(text.as_bytes()), Box::new(problem));
        let name = Name::new(text).map_err(wrong)?;
        if names.insert(name.clone()) { Ok((name, array)) } else { Err(wrong(Problem::Twice)) }
    };
    arrays.iter().map(named).collect()
}

/// Writes the arrays, deflated or stored, as members of these names, which differ.
pub(in super::super) fn save(writer: impl Write, deflate: bool, arrays: &[(Name, View<'_>)]) -> io::Result<()> {
    let mut archive = ZipArchiveWriter::new(writer);
    let method = if deflate { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
    for (name, array) in arrays {
        let (mut entry, member) = archive.new_file(name.member()).compression_method(method).start().map_err(cause)?;
        let descriptor = if deflate {
            let mut bytes = member.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            npy::save(&mut bytes, *array)?;
            let (encoder, descriptor) = bytes.finish().map_err(cause)?;
            encoder.finish()?;
            descriptor
        } else {
            let mut bytes = member.wrap(&mut entry);
            npy::save(&mut bytes, *array)?;
            bytes.finish().map_err(cause)?.1
        };
        entry.finish(descriptor).map_err(cause)?;
    }
    archive.finish().map_err(cause)?;
    Ok(())
}
