//! What a plain sequential read of the same files reaches: the ceiling beside the speed of a run that loads them.
//!
//! It is measured with the files in the page cache, and after the system was asked to drop them from there. A system
//! need not do that (files in memory have no other place), so each file is looked at afterwards.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

/// The most bytes that are read: some seconds, from a slow disk.
const MOST: u64 = 1 << 30;

/// Bytes of a read: they stay in the cache of a CPU.
const BLOCK: usize = 256 << 10;

/// How long one thread takes to read files one after the other, and to do nothing with their bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plain {
    /// How many files were read; the last may have been read in part.
    pub files: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// Seconds from the page cache.
    pub warm_s: f64,
    /// Seconds after the system was asked to drop the files from the page cache.
    pub cold_s: f64,
    /// How many of the files it kept there nevertheless; `None` if it does not say.
    pub kept: Option<usize>,
}

impl Plain {
    /// Reads `files` in their order, up to 1 GiB, cold and warm; `None` once `stop` is true. It writes changed pages of
    /// these files to the disk and drops them from the page cache, and leaves the files there.
    ///
    /// # Errors
    /// Those of opening and reading.
    pub fn read(files: &[&Path], stop: &AtomicBool) -> io::Result<Option<Self>> {
        let mut kept: Option<usize> = Some(0);
        let mut left = MOST;
        for path in files {
            let file = File::open(path)?;
            drop_from_cache(&file);
            kept = kept.zip(begins_in_cache(&file)).map(|(kept, is_cached)| kept + usize::from(is_cached));
            left = left.saturating_sub(file.metadata()?.len());
            if left == 0 || stop.load(Relaxed) {
                break;
            }
        }
        let Some((_, cold_s)) = timed(files, stop)? else { return Ok(None) };
        let Some(((files, bytes), warm_s)) = timed(files, stop)? else { return Ok(None) };
        Ok(Some(Self { files, bytes, warm_s, cold_s, kept }))
    }
}

/// How many of the files begin in the page cache; `None` if the system does not say. What cannot be read does not.
#[must_use]
pub fn in_cache<'a>(files: impl Iterator<Item = &'a Path>) -> Option<usize> {
    // Opening a pipe would wait for a writer.
    let regular = files.filter(|path| path.is_file());
    regular.flat_map(File::open).map(|file| begins_in_cache(&file).map(usize::from)).sum()
}

/// Files and bytes that were read, and the seconds that it took.
fn timed(files: &[&Path], stop: &AtomicBool) -> io::Result<Option<((usize, u64), f64)>> {
    let mut block = vec![0; BLOCK];
    let (mut count, mut bytes) = (0, 0);
    let start = Instant::now();
    for path in files {
        if stop.load(Relaxed) {
            return Ok(None);
        }
        let mut file = File::open(path)?.take(MOST - bytes);
        loop {
            match file.read(&mut block)? {
                0 => break,
                read => bytes += read as u64,
            }
        }
        count += 1;
        if bytes == MOST {
            break;
        }
    }
    Ok(Some(((count, bytes), start.elapsed().as_secs_f64())))
}

/// Asks the system to forget the file's pages. Those that are not on the disk yet would stay.
#[cfg(target_os = "linux")]
fn drop_from_cache(file: &File) {
    let _ = rustix::fs::fdatasync(file); // where it fails, the pages stay, which is seen
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

/// Whether the first byte can be read without waiting for a disk.
#[cfg(target_os = "linux")]
fn begins_in_cache(file: &File) -> Option<bool> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let mut byte = [0];
    match preadv2(file, &mut [io::IoSliceMut::new(&mut byte)], 0, ReadWriteFlags::NOWAIT) {
        // An empty file has nothing to be kept.
        Ok(read) => Some(read > 0),
        Err(Errno::AGAIN) => Some(false),
        Err(_) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn drop_from_cache(_: &File) {}

#[cfg(not(target_os = "linux"))]
fn begins_in_cache(_: &File) -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_read_whole_and_end_in_the_cache() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths: Vec<_> = (0..3).map(|i| folder.path().join(i.to_string())).collect();
        for (i, path) in paths.iter().enumerate() {
            fs::write(path, vec![7; 300_000 * i]).expect("written");
        }
        let files: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        let stop = AtomicBool::new(false);
        let plain = Plain::read(&files, &stop).expect("read").expect("not stopped");
        assert_eq!((plain.files, plain.bytes), (3, 900_000));
        assert!(plain.warm_s > 0.0);
        // They were read a moment ago; an empty file has no pages.
        assert!(in_cache(files.iter().copied()).is_none_or(|cached| cached == 2));
        stop.store(true, Relaxed);
        assert_eq!(Plain::read(&files, &stop).expect("stopped"), None);
        stop.store(false, Relaxed);
        assert!(Plain::read(&[Path::new("/nowhere/at/all")], &stop).is_err());
    }
}
