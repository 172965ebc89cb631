//! Streams that cannot be written to, outputs that are not files, and Ctrl-C: no finished work is lost.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gingham::core::skip;
use rustix::process::{Pid, Signal, kill_process};

const TUNE: [&str; 13] = [
    "tune",
    "--op",
    "fill",
    "--shape",
    "1000",
    "--tasks",
    "4",
    "--backend",
    "reference",
    "--executor",
    "serial",
    "--budget",
    "5s",
];

fn gingham(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
    command.args(args);
    command
}

fn full() -> File {
    File::options().write(true).open("/dev/full").expect("a device that is full")
}

/// The writing end of a pipe that nobody reads.
fn closed() -> Stdio {
    std::io::pipe().expect("a pipe").1.into()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A command in a mount namespace of its own where `folder` is a file system of 64 KiB; `None` where there is none.
fn in_small_folder(folder: &Path, script: &str, args: &[&str]) -> Option<Output> {
    let program = env!("CARGO_BIN_EXE_gingham");
    let script = format!("mount -t tmpfs -o size=64k none {0} || exit 77; cd {0}; {script}", folder.display());
    let output = Command::new("unshare").args(["-m", "sh", "-c", &script, program]).args(args).output().ok()?;
    let refused = !output.status.success() && output.stdout.is_empty() && text(&output.stderr).contains("unshare");
    if refused || output.status.code() == Some(77) {
        skip!("no mount namespace here");
        return None;
    }
    Some(output)
}

#[test]
fn a_standard_error_that_takes_nothing_costs_nothing() {
    let run = ["run", "--op", "matmul", "--shape", "8", "--tasks", "2", "--combination", "reference+serial"];
    for stderr in [full().into(), closed()] {
        let output = gingham(&run).stderr(stderr).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).starts_with("matmul 8x8x8 f64, 2 tasks: "));
    }
    assert_eq!(gingham(&["frobnicate"]).stderr(full()).status().expect("it starts").code(), Some(2));
}

#[test]
fn a_standard_output_that_takes_nothing_is_status_1_and_the_answer_is_saved() {
    for (name, stdout) in [("full", Stdio::from(full())), ("closed", closed())] {
        let folder = tempfile::tempdir().expect("a folder");
        let profile = folder.path().join("profile.json");
        let args = [&TUNE[..], &["--profile", profile.to_str().unwrap()]].concat();
        let output = gingham(&args).stdout(stdout).stderr(Stdio::piped()).output().expect("it starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(profile.exists() && said.contains("Saved to "), "{name}: {said}");
        assert_eq!(said.contains("standard output: No space left"), name == "full", "{said}");
    }
    for args in [&["--help"][..], &["list"], &["profile", "path"]] {
        assert_eq!(gingham(args).stdout(full()).status().expect("it starts").code(), Some(1), "{args:?}");
    }
}

#[test]
fn a_full_disk_is_found_before_the_work_and_what_it_does_not_take_after_it_goes_to_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |bytes: usize, outputs: &[&str]| {
        let named = outputs.iter().flat_map(|output| ["--output", output]);
        let args: Vec<&str> = TUNE.into_iter().chain(["--no-save", "--format", "json"]).chain(named).collect();
        let script =
            format!("head -c {bytes} /dev/zero >filler 2>/dev/null; \"$0\" \"$@\"; code=$?; ls -A >&2; exit $code");
        in_small_folder(folder.path(), &script, &args)
    };
    let Some(output) = run(1_000_000, &["result.json"]) else { return };
    assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(2), ""), "{}", text(&output.stderr));

    // A page of 4 KiB is left, and the result is longer. Standard output is given it once.
    for outputs in [&["a.json"][..], &["a.json", "b.json"], &["a.json", "-"]] {
        let output = run(60 << 10, outputs).expect("as before");
        let (told, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(told.starts_with("{\n") && told.matches("\n  \"schema\":").count() == 1, "{outputs:?}: {told}");
        assert!(said.ends_with("\nfiller\n"), "nothing half-written: {said}");
        for name in outputs.iter().filter(|name| **name != "-") {
            let told =
                format!("output {name}: No space left on device (os error 28); the result goes to standard output");
            assert_eq!(said.matches(name).count(), 1, "once: {said}");
            assert!(said.contains(&told), "{said}");
        }
    }
}

#[test]
fn a_file_with_another_mounted_on_it_is_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo old >own; echo >profile.json; mount --bind own profile.json && \"$0\" \"$@\" && cat own";
    let Some(output) = in_small_folder(folder.path(), script, &[&TUNE[..], &["--profile", "profile.json"]].concat())
    else {
        return;
    };
    // `own` is not a profile, and is refused before anything is measured.
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let script = "echo >own; echo >profile.json; mount --bind own profile.json && \"$0\" \"$@\" && cat own";
    let args = [&TUNE[..], &["--profile", "profile.json", "--output", "r.csv"]].concat();
    let Some(output) = in_small_folder(folder.path(), script, &args) else { return };
    assert!(text(&output.stdout).starts_with("{\n  \"schema\": \"gingham.profile/2\""), "{}", text(&output.stderr));
}

#[test]
fn results_go_to_links_pipes_and_several_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    symlink("target.csv", at("link.csv")).expect("a link");
    assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
    let reader = thread::spawn({
        let pipe = at("pipe");
        move || fs::read_to_string(pipe).expect("read")
    });
    let [json, link, pipe, profile] = ["r.json", "link.csv", "pipe", "profile"].map(at);
    let outputs = ["--format", "markdown", "--output", &json, "--output", &link, "--output", &pipe, "--output", "-"];
    let output = gingham(&[&TUNE[..], &outputs, &["--profile", &profile]].concat()).output().expect("it starts");
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for path in [&json, &link, &pipe] {
        assert!(said.contains(&format!("Wrote {path}.\n")), "{said}");
    }
    assert!(fs::read_to_string(&json).unwrap().starts_with("{\n"));
    assert!(fs::read_to_string(at("target.csv")).unwrap().starts_with("combination,"));
    assert!(reader.join().unwrap().starts_with("## fill 1000 f64"));
    assert!(text(&output.stdout).starts_with("## fill 1000 f64"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(names(folder.path()), ["link.csv", "pipe", "profile", "profile.lock", "r.json", "target.csv"]);

    for args in [["--output", &json, "--resume", &json], ["--output", &link, "--output", &at("target.csv")]] {
        let output = gingham(&[&TUNE[..], &args, &["--no-save"]].concat()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("name one file"), "{}", text(&output.stderr));
    }
    let clear = gingham(&["profile", "clear", "--profile", &pipe]).output().expect("it starts");
    assert_eq!(clear.status.code(), Some(2), "{}", text(&clear.stderr));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn where_an_answer_would_go_is_known_before_it_is_sought() {
    for flag in ["--profile", "--output"] {
        let start = Instant::now();
        let args = ["tune", "--budget", "60s", flag, "/proc/none/of/this"];
        let output = gingham(&args).output().expect("it starts");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{flag}");
        assert!(start.elapsed() < Duration::from_secs(30), "{flag}: {:?}", start.elapsed());
    }
}

#[test]
fn endless_files_are_read_to_a_limit() {
    let script = "ulimit -v 2000000; exec timeout 20 \"$0\" \"$@\"";
    for args in [
        &["profile", "show", "--profile", "/dev/zero"][..],
        &["tune", "--workload", "/dev/zero", "--no-save"],
        &["matrix", "--check", "/dev/zero"],
        &["replay", "/dev/zero"],
    ] {
        let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_gingham")]).args(args).output();
        let output = output.expect("it starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("/dev/zero") && said.contains("more than") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn ctrl_c_says_at_once_what_it_does_and_twice_at_once_is_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("profile.json");
    let tune =
        ["tune", "--op", "matmul", "--shape", "256", "--tasks", "64", "--backend", "reference", "--budget", "60s"];
    let args = [&tune[..], &["--strategy", "exhaustive", "--profile", profile.to_str().unwrap()]].concat();
    let child = gingham(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    thread::sleep(Duration::from_secs(4));
    let pid = Pid::from_child(&child);
    for _ in 0..2 {
        kill_process(pid, Signal::INT).expect("sent");
        thread::sleep(Duration::from_millis(100));
    }
    let output = child.wait_with_output().expect("it ends");
    let (told, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(said.matches("gingham: interrupted: ends with what is known").count(), 1, "{said}");
    assert!(told.starts_with("matmul 256x256x256 f64, 64 tasks\n"), "the result is there: {told}{said}");
    // How far it came in that time depends on the machine.
    assert_eq!(said.contains("Saved to "), profile.exists(), "{said}");
    assert_eq!(output.status.success(), profile.exists(), "{said}");
}
