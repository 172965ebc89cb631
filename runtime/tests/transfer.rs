//! Whole folders of files are loaded and saved, with every executor; what is wrong stays with its file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use gingham_core::DType;
use gingham_runtime::files::transfer::{Difference, Options, Problem, Summary, Transfer, plan};
use gingham_runtime::files::{Error, Job, Verify};
use gingham_runtime::format::raw::Raw;
use gingham_runtime::format::{Format, Kind, Layout, LoadOptions, Partials, SaveOptions, View, load, save};
use tempfile::TempDir;

const EXECUTORS: [&str; 3] = ["fn+serial", "fn+threads:3", "fn+rayon:2"];

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of one array, or of two in an archive.
    fn write(&self, name: &str, kind: Kind, shape: &[usize], fortran_order: bool) -> PathBuf {
        let path = self.path(name);
        let layout = Layout { kind, shape: shape.into(), fortran_order };
        // The bytes of a truth value are 0 or 1; of floats, any bytes with a small exponent.
        let most = if kind == Kind::Bool { 2 } else { 60 };
        let bytes: Vec<u8> = (0..layout.bytes().expect("small")).map(|i| ((i * 7 + name.len()) % most) as u8).collect();
        let view = View::new(&layout, &bytes).expect("its bytes");
        let names = if name.ends_with("npz") { &["x", "y"][..] } else { &["x"] };
        let arrays: Vec<_> = names.iter().map(|name| (*name, view)).collect();
        save(&path, &SaveOptions::default(), &arrays, &Partials::default()).expect("saved");
        path
    }

    /// Files of every kind of array, which text can hold.
    fn variety(&self) -> Vec<PathBuf> {
        use Kind::*;
        let kinds = [Float64, Float32, Float16, Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64];
        let of_kind = |kind: Kind| self.write(&format!("{kind}.npy"), kind, &[5, 3], true);
        let mut files: Vec<PathBuf> = kinds.into_iter().map(of_kind).collect();
        files.push(self.write("vector.npy", Float32, &[700], false));
        files.push(self.write("scalar.npy", Float64, &[], false));
        files.push(self.write("rows.csv", Float64, &[4, 6], false));
        files.push(self.write("large.npy", Float64, &[300, 200], false));
        files
    }
}

/// Runs `files` as `executor` says, and calls `told` when one is done.
fn run(files: &Transfer, executor: &str, verify: Verify, stop: &AtomicBool, told: &(dyn Fn() + Sync)) -> Summary {
    let plan = plan(Some(&executor.parse().expect(executor)), files.len()).expect("a plan");
    let engine = plan.engine().limited().expect("no backend to limit");
    let partials = Partials::default();
    files.run(&Job { engine: &engine, verify, partials: &partials, stop }, told)
}

fn run_all(files: &Transfer, executor: &str) -> Summary {
    run(files, executor, Verify::Always, &AtomicBool::new(false), &|| ())
}

#[test]
fn every_executor_loads_every_file() {
    let folder = Folder::new();
    let mut files = folder.variety();
    files.push(folder.write("both.npz", Kind::Int16, &[9], false));
    let bytes: u64 = files.iter().map(|path| fs::metadata(path).expect("a file").len()).sum();
    for executor in EXECUTORS {
        let summary = run_all(&Transfer::load(&files, Options::default()), executor);
        assert!(summary.failed.is_empty(), "{executor}: {:?}", summary.failed);
        assert_eq!((summary.done.len(), summary.verified), (files.len(), files.len()), "{executor}");
        assert_eq!(summary.file_bytes(), bytes, "{executor}");
        assert_eq!(summary.done.last().map(|done| (done.values, done.saved)), Some((36, 0)), "two arrays of 18 bytes");
    }
}

#[test]
fn what_is_saved_in_any_format_gives_back_the_same_values() {
    let folder = Folder::new();
    let files = folder.variety();
    for (format, deflate) in
        [(Format::Npy, false), (Format::Npz, false), (Format::Npz, true), (Format::Csv, false), (Format::Raw, false)]
    {
        for executor in EXECUTORS {
            let out = tempfile::tempdir().expect("a temporary directory");
            let options = SaveOptions { deflate, ..SaveOptions::default() };
            let transfer = Transfer::save(&files, Options::default(), out.path(), format, options, false);
            let summary = run_all(&transfer.expect("other names"), executor);
            assert!(summary.failed.is_empty(), "{format} {executor}: {:?}", summary.failed);
            assert_eq!((summary.done.len(), summary.verified), (files.len(), files.len()), "{format} {executor}");
            assert_eq!(fs::read_dir(out.path()).expect("a directory").count(), files.len());
            // Held against the judge: raw bytes are those of the values.
            if format == Format::Raw {
                let array = &load(&folder.path("int32.npy"), &LoadOptions::default()).expect("loaded")[0].array;
                assert_eq!(fs::read(out.path().join("int32.raw")).expect("saved"), array.bytes());
            }
        }
    }
}

#[test]
fn a_saved_file_that_gives_something_else_is_found_and_removed() {
    let folder = Folder::new();
    let input = folder.write("a.npy", Kind::Float64, &[4, 4], false);
    for format in Format::ALL {
        let transfer =
            Transfer::save([&input], Options::default(), &folder.path("out"), format, SaveOptions::default(), false);
        let out = folder.path("out").join(format!("a.{format}"));
        fs::create_dir_all(folder.path("out")).expect("made");
        let spoil = || {
            let mut bytes = fs::read(&out).expect("saved");
            // Another digit in text, another value elsewhere.
            let digit = || bytes.iter().rposition(u8::is_ascii_digit).expect("a digit");
            let at = if format == Format::Csv { digit() } else { bytes.len() / 2 };
            bytes[at] ^= 1;
            fs::write(&out, bytes).expect("spoilt");
        };
        let summary = run(&transfer.expect("a name"), "fn+serial", Verify::Always, &AtomicBool::new(false), &spoil);
        assert_eq!((summary.done.len(), summary.verified, summary.failed.len()), (0, 0, 1), "{format}");
        let failure = &summary.failed[0];
        assert!(matches!(failure.problem, Problem::Spoilt { .. }) && !failure.problem.is_of_input(), "{failure}");
        assert!(!out.exists(), "{format}");
    }
    // Without a comparison it stays.
    let transfer =
        Transfer::save([&input], Options::default(), &folder.path("out"), Format::Raw, SaveOptions::default(), false);
    let summary = run(&transfer.expect("a name"), "fn+serial", Verify::Never, &AtomicBool::new(false), &|| ());
    assert_eq!((summary.done.len(), summary.verified), (1, 0));
}

#[test]
fn a_bad_file_fails_alone_and_a_limit_comes_from_the_memory() {
    let folder = Folder::new();
    let good = folder.write("good.npy", Kind::Float64, &[10, 10], false);
    let cut = folder.write("cut.npy", Kind::Float64, &[10, 10], false);
    let large = folder.write("large.npy", Kind::Float64, &[1 << 17], false);
    fs::write(&cut, &fs::read(&cut).expect("read")[..500]).expect("cut");
    let text = folder.path("text.csv");
    fs::write(&text, "1,2\n3,x\n").expect("written");
    let raw = folder.write("untold.raw", Kind::Float64, &[2], false);
    let files = [&good, &cut, &folder.path("missing.npy"), &large, &text, &raw, &folder.path("a.xyz")];
    // 32 MiB for a worker, and 2 MiB or some KiB for its values.
    let options = Options { memory: (34 << 20) * 10 / 9, ..Options::default() };
    let summary = run_all(&Transfer::load(files, options.clone()), "fn+serial");
    assert_eq!(summary.done.iter().map(|done| done.index).collect::<Vec<_>>(), [0, 3]);
    // Too large to be in memory twice, but not to be loaded, alone or in an archive.
    let archive = folder.write("large.npz", Kind::Float64, &[1 << 17], false);
    let whole = run_all(&Transfer::load([&large, &archive], options.clone()), "fn+serial");
    assert_eq!((whole.done.len(), whole.verified, whole.failed.len()), (2, 0, 0), "{:?}", whole.failed);
    let options = Options { memory: (32 << 20) * 10 / 9 + 5000, ..Options::default() };
    let summary = run_all(&Transfer::load(files, options), "fn+serial");
    assert_eq!(summary.done.iter().map(|done| done.index).collect::<Vec<_>>(), [0]);
    assert_eq!(summary.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(summary.failed.iter().all(|failure| failure.problem.is_of_input()), "{:?}", summary.failed);
    for (failure, says) in summary.failed.iter().zip([
        "truncated",
        "No such file",
        "are allowed",
        "line 2, column 3",
        "raw file",
        "format",
    ]) {
        let line = failure.to_string();
        assert!(line.starts_with(&failure.path.display().to_string()) && line.contains(says), "{line}");
    }
}

#[test]
fn raw_files_and_casts_are_told() {
    let folder = Folder::new();
    let raw = folder.write("a.raw", Kind::Int16, &[6], false);
    let told = Raw::told("int16", "2x3").expect("a type and a shape");
    let load = LoadOptions { raw: Some(told), cast: Some(DType::F32), ..LoadOptions::default() };
    let options = Options { load, memory: 0 };
    let transfer = Transfer::save([&raw], options, folder.0.path(), Format::Npy, SaveOptions::default(), false);
    let summary = run_all(&transfer.expect("another name"), "fn+serial");
    assert_eq!((summary.verified, summary.failed.len()), (1, 0), "{:?}", summary.failed);
    let saved = gingham_runtime::format::load(&folder.path("a.npy"), &LoadOptions::default()).expect("loaded");
    assert_eq!((saved[0].array.layout().kind, &saved[0].array.layout().shape[..]), (Kind::Float32, &[2, 3][..]));
}

#[test]
fn outputs_are_neither_inputs_nor_each_other() {
    let folder = Folder::new();
    fs::create_dir(folder.path("sub")).expect("made");
    let a = folder.write("a.npy", Kind::Float64, &[2], false);
    let other = folder.write("sub/a.npy", Kind::Float64, &[2], false);
    let save = |files: &[&Path], out: &Path, format, skip| {
        Transfer::save(files, Options::default(), out, format, SaveOptions::default(), skip)
    };
    assert!(matches!(save(&[&a], folder.0.path(), Format::Npy, false), Err(Error::ReplacesInput { .. })));
    assert!(matches!(save(&[&a, &other], &folder.path("out"), Format::Csv, false), Err(Error::SameTarget(..))));
    std::os::unix::fs::symlink("../a.npy", folder.path("sub/a.csv")).expect("a link");
    assert!(matches!(save(&[&a], &folder.path("sub"), Format::Csv, false), Err(Error::ReplacesInput { .. })));

    // What is there and whole is left out; what a power cut has emptied is not.
    let skipped = |format, skip| save(&[&a], &folder.path("sub"), format, skip).expect("other names").present();
    let saved = folder.path("sub/a.raw");
    fs::write(&saved, "").expect("written");
    assert_eq!(skipped(Format::Raw, true), 0);
    fs::write(&saved, "12345678").expect("written");
    assert_eq!([skipped(Format::Raw, true), skipped(Format::Raw, false)], [1, 0]);
}

#[test]
fn a_stopped_run_says_what_is_left() {
    let folder = Folder::new();
    let files: Vec<_> = (0..20).map(|i| folder.write(&format!("{i}.npy"), Kind::Int8, &[9], false)).collect();
    for executor in EXECUTORS {
        let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let told = || stop.store(done.fetch_add(1, Relaxed) >= 4, Relaxed);
        let summary = run(&Transfer::load(&files, Options::default()), executor, Verify::Always, &stop, &told);
        assert!((5..=8).contains(&summary.done.len()), "{executor}: {}", summary.done.len());
        assert_eq!((summary.left, summary.verified), (20 - summary.done.len(), 0), "{executor}");
    }
}

#[test]
fn a_difference_is_told_in_a_line() {
    let layout = |shape: &[usize]| Layout { kind: Kind::Int8, shape: shape.into(), fortran_order: false };
    let told = Difference::Layout { array: 1, got: layout(&[3]), expected: layout(&[4]) }.to_string();
    assert!(told.contains("int8") && told.contains("[3]") && told.contains("[4]"), "{told}");
}
