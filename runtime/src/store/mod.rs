//! How Gingham reads and writes all its files: schema, size limit, lock, atomic replacing.
//!
//! A name may stand for anything. Links are followed, and a regular file is replaced under its own name, so that a
//! reader finds the former contents or the new ones. It keeps its mode and owner; a new file gets its mode by the
//! umask. A device or a pipe is opened and written to, and stays what it is.

mod place;

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use place::{Lock, PARTIAL, Place, directory, partial, takes_a_file};

/// All of the file at `path`, which may be a device or a pipe: so its stated length is not trusted.
///
/// # Errors
/// The system's errors, and [`ErrorKind::FileTooLarge`] if the file holds more than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::new(ErrorKind::FileTooLarge, format!("more than {} MiB", limit >> 20))),
        false => Ok(bytes),
    }
}

/// As [`read`], for text.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] if the text is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "no text in UTF-8"))
}

/// The `schema` that a text in JSON says it has.
///
/// # Errors
/// Why it does not state one, in one line.
pub fn schema(json: &[u8]) -> Result<String, String> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object with a `schema`")]
    struct Named {
        schema: String,
    }
    value(json).map(|Named { schema }| schema)
}

/// What kind of Gingham's files was given in place of another, and which command reads it.
#[must_use]
pub fn introduced(bytes: &[u8]) -> Option<&'static str> {
    // A line of a journal is JSON after eight digits and a space.
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let schema = schema(bytes).or_else(|_| schema(line.get(9..).unwrap_or_default())).unwrap_or_default();
    match schema.split('/').next() {
        Some("gingham.tune") => Some("a result, which `gingham replay` reads"),
        Some("gingham.profile") => Some("a profile, which `gingham profile show --profile` reads"),
        Some("gingham.journal") => Some("a journal, which `gingham tune --resume` goes on with"),
        _ if bytes.starts_with(b"combination,backend,") => Some("a result in CSV, which spreadsheets read"),
        _ => None,
    }
}

/// The value of the text `json`.
///
/// # Errors
/// What is wrong with it, with the path to the value whose type is wrong.
pub fn value<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let (path, said) = (e.path(), plain(e.inner()));
        match e.inner().is_data() && path.iter().len() > 0 {
            true => format!("`{}`: {said}", path.to_string().escape_debug()),
            false => said, // not JSON: the line and the column say where
        }
    })?;
    json.end().map(|()| value).map_err(|e| plain(&e))
}

/// The message of serde, without the names of types.
#[must_use]
pub fn plain(error: &dyn fmt::Display) -> String {
    let mut text = error.to_string();
    for (of_type, said) in [("usize", "a whole number"), ("u64", "a whole number"), ("f64", "a number")] {
        text = text.replace(&format!("expected {of_type}"), &format!("expected {said}"));
    }
    text = text.replace(" as i128", "").replace(" as u128", "");
    for of_type in ["expected struct ", "expected internally tagged enum "] {
        let mut parts = text.split(of_type);
        let first = parts.next().unwrap_or_default().to_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text = parts.fold(first, |text, part| text + "expected an object" + part.trim_start_matches(is_name));
    }
    text
}
