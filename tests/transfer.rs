//! `gingham run --op load` and `--op save`, as a user types them.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use gingham::core::ndarray::{Array, Dimension};
use gingham::runtime::npy::Partials;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder with the folder a, in which the program runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(folder.path("a")).expect("a folder");
        folder
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    fn write<D: Dimension>(&self, name: &str, array: &Array<f64, D>) {
        Partials::default().write(&self.path(name), &array.view()).expect("written");
    }

    /// Three files of different sizes in a; their bytes.
    fn three(&self) -> u64 {
        for (i, length) in [3, 50_000, 100].into_iter().enumerate() {
            self.write(&format!("a/{i}.npy"), &Array::from_iter((0..length).map(|j| f64::from(j) / 7.0 - 5.0)));
        }
        (0..3).map(|i| fs::metadata(self.path(format!("a/{i}.npy"))).expect("a file").len()).sum()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn command(&self, op: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
        command.current_dir(self.0.path()).args(["run", "--op", op]).args(args);
        command
    }

    fn run(&self, op: &str, args: &[&str]) -> Run {
        let Output { status, stdout, stderr } = self.command(op, args).output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }
}

#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

#[test]
fn files_are_loaded_and_held_against_a_plain_read() {
    let folder = Folder::new();
    let bytes = folder.three();
    let run = folder.run("load", &["--files", "a", "--verify", "always"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("chosen without a measurement"), "{run:?}");
    let [loaded, plain] = run.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{run:?}") };
    assert!(loaded.starts_with("3 files loaded in ") && loaded.ends_with(", 3 verified"), "{run:?}");
    let size = gingham::harness::report::bytes(bytes);
    assert!(plain.starts_with(&format!("plain sequential read of 3 files, {size}: ")), "{run:?}");
    assert!(plain.contains(" GB/s from the page cache; ") && plain.contains("drop"), "{run:?}");

    for (asked, applied) in [("fn+serial", "fn:1+serial"), ("simd:1+rayon:2", "fn:1+rayon:2")] {
        let run = folder.run("load", &["--files", "a/*.npy", "--combination", asked]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains(&format!(" with {applied}: ")), "{run:?}");
    }
    let run = folder.run("load", &["--files", "a/*.npy", "--combination", "simd:1+processes:2"]);
    assert!(run.stderr.contains("fn:1+threads:2, threads of this process"), "{run:?}");
}

#[test]
fn each_bad_file_is_named_and_the_others_are_loaded() {
    let folder = Folder::new();
    folder.three();
    let whole = fs::read(folder.path("a/1.npy")).expect("read");
    fs::write(folder.path("a/cut.npy"), &whole[..999]).expect("written");
    fs::write(folder.path("a/cut too.npy"), &whole[..999]).expect("written");
    fs::write(folder.path("a/text.csv"), "1,2\n3,four\n").expect("written");
    fs::write(folder.path("a/list.npz"), "PK").expect("written");
    fs::write(folder.path("a/what.raw"), "12345678").expect("written");
    let made = Command::new("mkfifo").arg(folder.path("a/pipe.npy")).status().expect("mkfifo starts");
    assert!(made.success());
    let run = folder.run("load", &["--files", "a"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    for said in [
        "a/cut.npy: truncated",
        "a/cut too.npy: truncated",
        "a/text.csv: line 2, column 3: expected a number, found `four`",
        "a/list.npz: not a .npz file",
        "a/what.raw: a raw file does not say what it holds",
        "a/pipe.npy: not a regular file",
        "gingham: 6 of 9 files not loaded (reasons above)\n",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:?}");
    }
    assert!(run.stdout.starts_with("a/0.npy\na/1.npy\na/2.npy\n3 files loaded in "), "{run:?}");

    let run = folder.run("load", &["--files", "a/*.raw", "--dtype", "uint8", "--shape", "2x4"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = folder.run("load", &["--files", "a/what.raw", "--dtype", "uint8", "--shape", "2x5"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
    assert!(run.stderr.contains("a/what.raw: 8 bytes; shape [2, 5] of uint8 has 10"), "{run:?}");
}

#[test]
fn what_is_saved_and_saved_again_has_the_bytes_it_had() {
    let folder = Folder::new();
    folder.three();
    folder.write("a/matrix.npy", &Array::from_shape_fn((7, 5), |(i, j)| (i as f64).exp() * (j as f64 - 2.0)));
    let save = |files: &str, out: &str, args: &[&str]| {
        let run = folder.run("save", &[&["--files", files, "--out", out, "--verify", "always"], args].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.starts_with("4 files saved in ") && run.stdout.contains(", 4 verified"), "{run:?}");
        assert_eq!(run.stdout.lines().count(), 1, "nothing is held against a plain read: {run:?}");
    };
    save("a", "deflated", &["--format", "npz", "--deflate"]);
    save("a", "stored", &["--format", "npz", "--combination", "fn+serial"]);
    let size = |folder_name: &str| fs::metadata(folder.path(folder_name).join("1.npz")).expect("saved").len();
    assert!(size("deflated") < size("stored"));
    save("deflated", "back", &["--format", "npy"]);
    assert_eq!(folder.names("back"), folder.names("a"));
    for name in folder.names("a") {
        let [was, is] = ["a", "back"].map(|side| fs::read(folder.path(side).join(&name)).expect("read"));
        assert!(was == is, "{name}");
    }
    // A vector is written one number a line, and text has two axes.
    save("a", "text", &["--format", "csv", "--delimiter", ";"]);
    let text = fs::read_to_string(folder.path("text/matrix.csv")).expect("text");
    assert!(text.starts_with("-2.0;-1.0;0.0;1.0;2.0\n"), "{text}");
    save("text", "from text", &["--format", "npy", "--delimiter", ";", "--header", "no"]);
    let [was, is] = ["a", "from text"].map(|side| fs::read(folder.path(side).join("matrix.npy")).expect("read"));
    assert!(was == is);
}

#[test]
fn nothing_replaces_an_input_and_what_is_there_is_left() {
    let folder = Folder::new();
    folder.three();
    let run = folder.run("save", &["--files", "a", "--out", "a/../a", "--format", "npy"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
    assert!(run.stderr.contains("would replace the input a/0.npy"), "{run:?}");

    let args = ["--files", "a", "--out", "b", "--format", "csv", "--skip-existing"];
    let listed = folder.run("save", &[&args[..], &["--dry-run"]].concat());
    assert_eq!(
        (listed.code, &*listed.stdout),
        (Some(0), "a/0.npy -> b/0.csv\na/1.npy -> b/1.csv\na/2.npy -> b/2.csv\n")
    );
    assert!(!folder.path("b").exists());
    assert_eq!(folder.run("save", &args).code, Some(0));
    let run = folder.run("save", &args);
    assert_eq!((run.code, &*run.stdout), (Some(0), "all 3 files are there already\n"), "{run:?}");
    fs::remove_file(folder.path("b/1.csv")).expect("removed");
    let run = folder.run("save", &args);
    assert!(run.stdout.starts_with("1 file saved in ") && run.stdout.ends_with(", 2 there already\n"), "{run:?}");

    // A format that cannot hold an array is a bad request; a place that cannot be written to is failed work.
    folder.write("a/stack.npy", &Array::zeros((2, 2, 2)));
    let run = folder.run("save", &["--files", "a", "--out", "c", "--format", "csv"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("a/stack.npy: not saved as c/stack.csv: shape [2, 2, 2]"), "{run:?}");
    assert_eq!(folder.names("c"), ["0.csv", "1.csv", "2.csv"]);
    fs::create_dir_all(folder.path("d/0.raw")).expect("a folder");
    let run = folder.run("save", &["--files", "a", "--out", "d", "--format", "raw"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("a/0.npy: not saved as d/0.raw: not a regular file"), "{run:?}");
}

#[test]
fn ctrl_c_leaves_whole_files_and_skip_existing_goes_on() {
    let folder = Folder::new();
    // A tenth of a second each.
    folder.write("large.npy", &Array::from_iter((0..300_000).map(|i| f64::from(i).sqrt())));
    for i in 0..40 {
        symlink("../large.npy", folder.path(format!("a/{i}.npy"))).expect("a link");
    }
    let args = ["--files", "a", "--out", "b", "--format", "csv", "--combination", "fn+serial"];
    let child = folder.command("save", &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program starts");
    let start = Instant::now();
    while !folder.path("b/0.csv").exists() {
        assert!(start.elapsed() < Duration::from_secs(100), "no file has come");
        std::thread::sleep(Duration::from_millis(2));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("the program runs");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    let done = folder.names("b");
    assert!((1..40).contains(&done.len()) && done.iter().all(|name| name.ends_with(".csv")), "{done:?}");
    assert!(
        said.contains(&format!("interrupted: {} of 40 files saved; --skip-existing goes on", done.len())),
        "{said}"
    );
    let run = folder.run("save", &[&args[..], &["--skip-existing", "--verify", "always"]].concat());
    assert!(
        run.stdout.ends_with(&format!(", {} verified, {} there already\n", 40 - done.len(), done.len())),
        "{run:?}"
    );
    assert_eq!(folder.names("b").len(), 40);
}
