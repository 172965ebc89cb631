//! `gingham run` on files, as a user types it.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gingham::core::ndarray::Array2;
use gingham::core::skip;
use gingham::runtime::npy::{Array, Partials, read};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder with the folders a and b, in which the program runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for side in ["a", "b"] {
            fs::create_dir(folder.path(side)).expect("a folder");
        }
        folder
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, matrix: &Array2<f64>) {
        Partials::default().write(&self.path(name), &matrix.view()).expect("written");
    }

    fn product(&self, name: impl AsRef<Path>) -> Array2<f64> {
        match read(&self.path(name), None).expect("a product") {
            Array::F64(product) => product.into_dimensionality().expect("a matrix"),
            Array::F32(_) => panic!("the dtype changed"),
        }
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// `gingham run` on these arguments with one thread of a plain backend.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
        command.current_dir(self.0.path()).arg("run").args(args).args(["--combination", "reference+serial"]);
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        let Output { status, stdout, stderr } = self.command(args).output().expect("the program starts");
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

fn matrix(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 3 + seed) % 9) as f64 - 4.0)
}

#[test]
fn partners_of_one_number_are_multiplied() {
    let folder = Folder::new();
    for i in [1, 2, 3, 10, 11] {
        folder.write(format!("a/{i}.npy"), &matrix(3, 4, i));
        folder.write(format!("b/{i:02}.npy"), &matrix(4, 2, 2 * i));
    }
    let run = folder.run(&["--lhs", "a/*.npy", "--rhs", "b/*.npy", "--out", "c", "--verify", "always"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("5 products in ") && run.stdout.ends_with(", 5 verified\n"), "{run:?}");
    for i in [1, 2, 3, 10, 11] {
        assert_eq!(folder.product(format!("c/{i}.npy")), matrix(3, 4, i).dot(&matrix(4, 2, 2 * i)), "{i}");
    }

    // A file that is missing on either side.
    fs::remove_file(folder.path("a/2.npy")).expect("removed");
    fs::remove_file(folder.path("b/10.npy")).expect("removed");
    let run = folder.run(&["--lhs", "a", "--rhs", "b", "--out", "d"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
    assert!(run.stderr.contains("the name of a/10.npy, b/02.npy;"), "{run:?}");
    assert!(!folder.path("d").exists());
}

/// A plan that cannot be made refuses the run before the output directory is made.
#[test]
fn a_refused_run_makes_no_directory() {
    let folder = Folder::new();
    folder.write("a/1.npy", &matrix(2, 2, 1));
    folder.write("b/1.npy", &matrix(2, 2, 2));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
    command.current_dir(folder.0.path()).args(["run", "--lhs", "a", "--rhs", "b", "--out", "c", "--profile", "absent"]);
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    assert_eq!((status.code(), &*stderr), (Some(2), &b"gingham: profile absent: no such file\n"[..]));
    assert!(!folder.path("c").exists());
}

#[test]
fn a_bad_file_fails_alone() {
    let folder = Folder::new();
    for i in 0..4 {
        folder.write(format!("a/{i}.npy"), &matrix(12, 12, i));
        folder.write(format!("b/{i}.npy"), &matrix(12, 12, i + 50));
    }
    for i in [1, 3] {
        let whole = fs::read(folder.path(format!("a/{i}.npy"))).expect("read");
        fs::write(folder.path(format!("a/{i}.npy")), &whole[..whole.len() - 8]).expect("cut short");
    }
    let run = folder.run(&["--lhs", "a/*.npy", "--rhs", "b/*.npy", "--out", "c"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.stderr.matches("truncated: 8 bytes").count(), 1, "the same reason once: {run:?}");
    assert!(run.stderr.contains("a/1.npy") && run.stderr.contains("and the same for a/3.npy x b/3.npy"), "{run:?}");
    assert!(run.stderr.contains("2 of 4 pairs without a product"), "{run:?}");
    assert_eq!(folder.names("c"), ["0.npy", "2.npy"], "nothing half-written");
}

#[test]
fn nothing_is_planned_for_pairs_that_are_all_bad() {
    let folder = Folder::new();
    folder.write("a/x.npy", &matrix(2, 3, 0));
    folder.write("b/x.npy", &matrix(2, 3, 0));
    let run = folder.run(&["--lhs", "a/x.npy", "--rhs", "b/x.npy", "--out", "c"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.contains("shapes [2, 3] x [2, 3]"), "{run:?}");
    assert!(!folder.path("c").exists());
}

#[test]
fn one_product_is_called_so() {
    let folder = Folder::new();
    for side in ["a", "b"] {
        folder.write(Path::new(side).join("x.npy"), &matrix(2, 2, 1));
    }
    let args = ["--lhs", "a", "--rhs", "b", "--out", "c", "--skip-existing"];
    let run = folder.run(&args);
    assert!(run.stdout.starts_with("1 product in "), "{run:?}");
    let run = folder.run(&args);
    assert_eq!((run.code, &*run.stdout), (Some(0), "the product is there already, in c\n"));
}

#[test]
fn names_that_are_no_text_are_multiplied_and_escaped() {
    let folder = Folder::new();
    let name = |text: &[u8]| PathBuf::from(OsStr::from_bytes(text));
    for side in ["a", "b"] {
        folder.write(Path::new(side).join(name(b"\xff\x1b[31m\n.npy")), &matrix(2, 2, 1));
        folder.write(Path::new(side).join("x.npy"), &matrix(2, 2, 2));
        fs::write(folder.path(Path::new(side).join("._x.npy")), "of another system").expect("written");
    }
    let args = ["--lhs", "a/*.npy", "--rhs", "b", "--out", "c"];
    let shown = "\\xff\\u001b[31m\\u000a.npy";
    let run = folder.run(&[&args[..], &["--dry-run"]].concat());
    let expected = format!("a/x.npy x b/x.npy -> c/x.npy\na/{shown} x b/{shown} -> c/{shown}\n");
    assert_eq!((run.code, run.stdout), (Some(0), expected));
    assert!(!folder.path("c").exists(), "a dry run makes nothing");
    assert_eq!(folder.run(&args).code, Some(0));
    assert_eq!(fs::read_dir(folder.path("c")).expect("a folder").count(), 2);
    assert_eq!(folder.product(Path::new("c").join(name(b"\xff\x1b[31m\n.npy"))), matrix(2, 2, 1).dot(&matrix(2, 2, 1)));

    // A pattern that is not text, either.
    let output = folder.command(&["--rhs", "b", "--out", "d"]).arg("--lhs").arg(name(b"a/\xff*")).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the name of b/x.npy; to pair one file with all"), "{said}");
}

/// Files of one large matrix under many names, which the plain backend multiplies in a tenth of a second or more each.
fn long_batch(folder: &Folder, pairs: usize, n: usize) {
    folder.write("large.npy", &matrix(n, n, 3));
    for i in 0..pairs {
        symlink("../large.npy", folder.path(format!("a/{i}.npy"))).expect("a link");
    }
}

struct Interrupted(Child);

impl Interrupted {
    fn signal(&self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).expect("the program runs");
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_none()
    }
}

#[test]
fn ctrl_c_leaves_whole_files_and_skip_existing_goes_on() {
    let folder = Folder::new();
    long_batch(&folder, 30, 400);
    let args = ["--lhs", "a/*.npy", "--rhs", "large.npy", "--out", "c"];
    let mut command = folder.command(&args);
    let run = Interrupted(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts"));
    wait_for("a product", || folder.path("c").exists() && folder.names("c").iter().any(|name| !name.starts_with('.')));
    run.signal();
    let output = run.0.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: the products in progress are finished"), "{said}");
    let done = folder.names("c");
    assert!((1..30).contains(&done.len()), "{done:?}");
    assert!(said.contains(&format!("interrupted: {} of 30 products in c; --skip-existing goes on", done.len())));
    let expected = matrix(400, 400, 3).dot(&matrix(400, 400, 3));
    for name in &done {
        assert_eq!(folder.product(Path::new("c").join(name)), expected, "{name}");
    }

    let run = folder.run(&[&args[..], &["--skip-existing"]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let (rest, there) = (30 - done.len(), done.len());
    assert!(run.stdout.starts_with(&format!("{rest} product")), "{run:?}");
    assert!(run.stdout.ends_with(&format!(", {there} there already\n")), "{run:?}");
    let run = folder.run(&[&args[..], &["--skip-existing"]].concat());
    assert_eq!((run.code, &*run.stdout), (Some(0), "all 30 products are there already, in c\n"));
    assert_eq!(folder.names("c").len(), 30);
}

#[test]
fn time_in_which_it_is_stopped_does_not_count() {
    const STOPPED: f64 = 4.0;
    let folder = Folder::new();
    long_batch(&folder, 4, 400);
    let mut command = folder.command(&["--lhs", "a/*.npy", "--rhs", "large.npy", "--out", "c"]);
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    wait_for("a product", || folder.path("c").exists() && !folder.names("c").is_empty());
    let stop = |signal| kill_process(Pid::from_child(&child), signal).expect("the program runs");
    stop(Signal::STOP);
    std::thread::sleep(Duration::from_secs_f64(STOPPED));
    stop(Signal::CONT);
    let output = child.wait_with_output().expect("it ends");
    let wall = start.elapsed().as_secs_f64();
    let said = String::from_utf8(output.stdout).expect("text");
    let words: Vec<&str> = said.split_whitespace().collect();
    let [number, unit] = [words[3], words[4]];
    let seconds = number.parse::<f64>().expect("a number") * if unit == "ms" { 1e-3 } else { 1.0 };
    assert!(seconds < wall - STOPPED + 2.0, "{wall} s: {said}");
}

#[test]
fn what_a_killed_run_has_left_goes_with_the_next() {
    let folder = Folder::new();
    long_batch(&folder, 1, 200);
    fs::create_dir(folder.path("c")).expect("a folder");
    fs::write(folder.path("c/.gingham-killed.npy.partial"), "half of a product").expect("written");
    let args = ["--lhs", "a", "--rhs", "large.npy", "--out", "c"];
    let run = folder.run(&[&args[..], &["--dry-run"]].concat());
    assert_eq!((run.code, folder.names("c").len()), (Some(0), 1), "{run:?}");
    let run = folder.run(&args);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(folder.names("c"), ["0.npy"]);
}

#[test]
fn where_no_pair_has_a_product_nothing_is_said_of_others() {
    let folder = Folder::new();
    for i in 0..2 {
        folder.write(format!("a/{i}.npy"), &matrix(2, 2, i));
    }
    // The name of the product is not a file.
    fs::create_dir_all(folder.path("c/0.npy")).expect("a folder");
    let run = folder.run(&["--lhs", "a", "--rhs", "a/1.npy", "--out", "c"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.ends_with("gingham: 1 of 2 pairs without a product (reasons above); the others are in c\n"));
    let run = folder.run(&["--lhs", "a/0.npy", "--rhs", "a/0.npy", "--out", "c"]);
    assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
    assert!(run.stderr.ends_with("gingham: 1 of 1 pair without a product (reasons above)\n"), "{run:?}");
}

#[test]
fn a_second_ctrl_c_ends_at_once_unless_it_is_the_same() {
    let folder = Folder::new();
    // A product of several seconds.
    long_batch(&folder, 1, 2500);
    let mut command = folder.command(&["--lhs", "a", "--rhs", "large.npy", "--out", "c"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut run = Interrupted(child);
    wait_for("the folder", || folder.path("c").exists());
    std::thread::sleep(Duration::from_millis(300));
    run.signal();
    run.signal();
    std::thread::sleep(Duration::from_millis(100));
    run.signal();
    std::thread::sleep(Duration::from_millis(700));
    if !run.is_running() {
        skip!("the product was done before the second Ctrl-C");
        return;
    }
    run.signal();
    let ended = Instant::now();
    let status = run.0.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(ended.elapsed() < Duration::from_secs(10), "not at once: {:?}", ended.elapsed());
    assert_eq!(folder.names("c"), [""; 0]);
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < Duration::from_secs(300), "{what} has not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn workers_are_as_many_as_memory_has_room_for() {
    let folder = Folder::new();
    folder.write("wide.npy", &matrix(2000, 100, 1));
    for i in 0..3 {
        symlink("../wide.npy", folder.path(format!("a/{i}.npy"))).expect("a link");
    }
    folder.write("right.npy", &matrix(100, 2000, 1));
    // 33.6 MiB of arrays and 8 MiB beside for each pair.
    let run = |mib: u64| {
        let group = Group::new(mib << 20)?;
        let args = ["run", "--lhs", "a", "--rhs", "right.npy", "--out", "c", "--combination", "reference+threads:2"];
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.0.join("cgroup.procs"));
        let output = shell.arg(env!("CARGO_BIN_EXE_gingham")).args(args).current_dir(folder.0.path()).output();
        let output = output.expect("a shell");
        Some((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let Some((code, said)) = run(88) else {
        skip!("no control group for memory can be made here");
        return;
    };
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("memory for 1 of 2 workers: ") && said.contains("41.6 MiB for a pair"), "{said}");
    assert_eq!(folder.names("c").len(), 3);
    let (code, said) = run(40).expect("a control group");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the pair needs 41.6 MiB, and ") && said.contains(" of memory are available"), "{said}");
}

/// A control group with so many bytes of memory.
struct Group(PathBuf);

impl Group {
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("gingham-test-{}", std::process::id());
        for (root, limit) in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")] {
            let path = Path::new(root).join(&name);
            if fs::create_dir(&path).is_ok() {
                let group = Self(path);
                if fs::write(group.0.join(limit), bytes.to_string()).is_ok() {
                    return Some(group);
                }
            }
        }
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
