//! Files that lie about themselves, or are none: each is refused in one line with its name, in little memory and time.

mod csv;
mod npy;
mod npz;
mod raw;
mod zip;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gingham_runtime::format::{Buffer, LoadOptions, load, load_into};
use npy::array;
use zip::{archive, member};

/// The most memory that a refusal may take, bytes, whether it is touched or not.
const MEMORY: usize = 64 << 20;

/// A refusal takes some milliseconds.
const TIME: Duration = Duration::from_secs(1);

/// What the caller allows for values.
const LIMIT: usize = 16 << 20;

/// The system's allocator, which remembers how much was allocated at most.
struct Counted;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn more(bytes: usize) {
    MOST.fetch_max(NOW.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call is the system allocator's, with the arguments that the caller answers for.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, request: Layout) -> *mut u8 {
        more(request.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(request) }
    }

    unsafe fn alloc_zeroed(&self, request: Layout) -> *mut u8 {
        more(request.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(request) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, request: Layout) {
        NOW.fetch_sub(request.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, request) }
    }

    unsafe fn realloc(&self, memory: *mut u8, request: Layout, size: usize) -> *mut u8 {
        more(size);
        NOW.fetch_sub(request.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(memory, request, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// A file, and what the line that refuses it says.
struct Case {
    /// The name of the file, whose end tells the format.
    name: String,
    bytes: Vec<u8>,
    /// Its length with zeros after these bytes that take no space on the disk; 0 for none.
    length: u64,
    options: LoadOptions,
    says: &'static str,
}

fn case(what: &str, extension: &str, bytes: impl Into<Vec<u8>>, says: &'static str) -> Case {
    let name = format!("{}.{extension}", what.replace(' ', "_"));
    let options = LoadOptions { limit: Some(LIMIT), ..LoadOptions::default() };
    Case { name, bytes: bytes.into(), length: 0, options, says }
}

fn write(path: &Path, case: &Case) {
    fs::write(path, &case.bytes).expect("writing into a temporary directory");
    if case.length > 0 {
        File::options().append(true).open(path).and_then(|file| file.set_len(case.length)).expect("a hole");
    }
}

/// What `work` gives, and the most memory that it took, bytes.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize, Duration) {
    let (before, start) = (NOW.load(Relaxed), Instant::now());
    MOST.store(before, Relaxed);
    let result = work();
    (result, MOST.load(Relaxed) - before, start.elapsed())
}

#[test]
fn hostile_files_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let cases: Vec<_> = [npy::cases(), npz::cases(), csv::cases(), raw::cases()].into_iter().flatten().collect();
    assert!(cases.len() >= 100, "{}", cases.len());
    let mut faults = Vec::new();
    for case in &cases {
        let path = folder.path().join(&case.name);
        write(&path, case);
        // Each in its own buffer, as by a worker, and all arrays of the file at once.
        let mut buffer = Buffer::default();
        let first = case.name.ends_with("npz").then(|| "a".to_owned());
        let options = LoadOptions { member: first, ..case.options.clone() };
        let _ = load_into(&path, &options, &mut buffer);
        drop(buffer);
        let (refusal, memory, time) = measured(|| load(&path, &case.options));
        let message = refusal.map_or_else(|error| error.to_string(), |_| "read".into());
        let names_file = message.starts_with(&format!("{}: ", path.display()));
        let is_line = message.len() < 500 && !message.contains(|c: char| c.is_control());
        if !(names_file && is_line && message.contains(case.says) && memory < MEMORY && time < TIME) {
            let Case { name, says, .. } = case;
            faults.push(format!("{name}: {message:?} for `{says}`, {memory} bytes, {time:?}"));
        }
        fs::remove_file(&path).expect("removed");
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    // What is right is not refused, so that the cases are what they say.
    for (name, bytes) in
        [("a.npz", archive(&[member("a", false), member("b", true)])), ("a.npy", array("<f8", "(0, 3)", &[]))]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        load(&path, &LoadOptions::default()).expect(name);
    }
}
