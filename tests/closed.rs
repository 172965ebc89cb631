//! A tuning on a system that refuses calls which only newer kernels have and sandboxes forbid.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::{Command, Stdio};

use gingham::core::skip;

/// Refuses `pidfd_open`, `memfd_create` and `flock` to the programs that it starts, as seccomp profiles do, by a filter
/// of classic BPF on the number of the call.
const CLOSED: &str = r#"
import ctypes, os, struct, sys
refused = [434, 319, 73]
load, equal, ret = 0x20, 0x15, 0x06
code = [(load, 0, 0, 0)]
code += [(equal, len(refused) - at, 0, number) for at, number in enumerate(refused)]
code += [(ret, 0, 0, 0x7fff0000), (ret, 0, 0, 0x00050000 | 1)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in code))
filter = struct.pack("HxxxxxxP", len(code), ctypes.addressof(program))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter, 0, 0):
    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
try:
    os.memfd_create("x")
    sys.exit("the filter lets calls through")
except PermissionError:
    os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn calls_that_the_system_refuses_are_done_without() {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        skip!("there is no python3 to make a filter with");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (profile, journal) = (path("profile.json"), path("journal"));
    let workload = ["tune", "--op", "add", "--shape", "1000", "--tasks", "4", "--backend", "simd"];
    let space =
        ["--executor", "serial,threads", "--op-threads", "1", "--chunk", "0", "--budget", "20s", "--format", "csv"];
    let output = Command::new("python3")
        .args(["-c", CLOSED, env!("CARGO_BIN_EXE_gingham")])
        .args([&workload[..], &space, &["--profile", &profile, "--resume", &journal]].concat())
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stderr);
    if said.starts_with("no filter: ") {
        skip!("{}", said.trim_end());
        return;
    }
    assert!(output.status.success(), "{}: {said}", output.status);
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("\nsimd:1+serial,simd,1,serial,1,0,ok,"), "{table}{said}");
    assert!(std::fs::read_to_string(&profile).is_ok_and(|saved| saved.contains("simd:1+serial")), "{said}");
}
