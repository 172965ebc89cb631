//! Files: replaced as a whole, links and modes kept, devices and pipes written to and left where they are.
#![cfg(target_os = "linux")]

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use gingham_core::skip;
use gingham_runtime::store::{Place, introduced, read, schema, value};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let place = Place::of(path)?;
    place.check()?;
    place.write(text.as_bytes())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Makes a node for a device; where that is not allowed, says so.
fn device(path: &Path, major: u32, minor: u32) -> bool {
    let made = mknodat(CWD, path, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(major, minor));
    // On a file system without devices they can be made, and not opened.
    let usable = made.is_ok() && File::options().write(true).open(path).is_ok();
    if !usable {
        skip!("no node for a device can be made and opened here");
    }
    usable
}

#[test]
fn a_file_is_replaced_and_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, file] = ["plain", "deep/file"].map(|name| folder.path().join(name));
    File::create(&plain).unwrap();
    write(&file, "one").unwrap();
    assert_eq!(mode(&file), mode(&plain), "by the umask");
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let former = fs::metadata(&file).unwrap().ino();
    write(&file, "two").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    assert_eq!(mode(&file), 0o640);
    assert_ne!(fs::metadata(&file).unwrap().ino(), former, "replaced, not overwritten");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn links_are_followed_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("dotfiles")).unwrap();
    symlink("dotfiles/second", at("first")).unwrap();
    symlink("target", at("dotfiles/second")).unwrap();
    for text in ["made", "replaced"] {
        write(&at("first"), text).unwrap();
        assert_eq!(fs::read_to_string(at("dotfiles/target")).unwrap(), text);
    }
    assert_eq!(Place::of(&at("first")).unwrap(), Place::of(&at("dotfiles/../dotfiles/target")).unwrap());
    assert!(Place::of(&at("first")).unwrap().remove().unwrap());
    assert!(!at("dotfiles/target").exists());
    for link in ["first", "dotfiles/second"] {
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
    }
    symlink("loop", at("loop")).unwrap();
    assert!(Place::of(&at("loop")).is_err());
    for directory in ["dotfiles", "new/"] {
        assert_eq!(Place::of(&at(directory)).unwrap_err().kind(), ErrorKind::IsADirectory, "{directory}");
    }
}

#[test]
fn a_pipe_is_written_to_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let place = Place::of(&pipe).unwrap();
    assert_eq!(place, Place::Stream(pipe.clone()));
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || read(&pipe, 100).unwrap()
    });
    write(&pipe, "told").unwrap();
    assert_eq!(reader.join().unwrap(), b"told");
    assert_eq!(place.remove().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(write(&pipe, "told nobody").unwrap_err().kind(), ErrorKind::NotConnected, "and does not hang");
    assert!(place.lock().unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_device_is_written_to_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let [null, full, link] = ["null", "full", "link"].map(|name| folder.path().join(name));
    if !device(&null, 1, 3) || !device(&full, 1, 7) {
        return;
    }
    symlink("null", &link).unwrap();
    write(&null, "nobody reads this").unwrap();
    write(&link, "nor this").unwrap();
    assert_eq!(write(&full, "no room").unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(Place::of(&link).unwrap().remove().is_err());
    for device in [&null, &full] {
        assert!(fs::metadata(device).unwrap().file_type().is_char_device(), "{device:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn an_open_file_without_a_name_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("gone");
    let mut file = File::options().read(true).write(true).create_new(true).open(&name).unwrap();
    fs::remove_file(&name).unwrap();
    let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    write(Path::new(&link), "kept").unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_lock_stays_beside_its_file_and_alone_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let place = Place::of(&file).unwrap();
    // Each of them removes the lock that the others wait for.
    let held = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let lock = place.lock().unwrap();
                    assert_eq!(held.fetch_add(1, SeqCst), 0, "one at a time");
                    thread::yield_now();
                    held.fetch_sub(1, SeqCst);
                    drop(lock);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let lock = place.lock().unwrap();
    place.write(b"kept").unwrap();
    drop(lock);
    assert!(folder.path().join("file.lock").exists());
}

#[test]
fn what_cannot_be_written_is_known_before() {
    assert!(Place::of(Path::new("/proc/none/of/this")).unwrap().check().is_err());
    assert!(Place::of(Path::new("/proc/version")).unwrap().check().is_err(), "no file takes its place");
    assert!(Place::of(Path::new("")).is_err());
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    // Majors from 120 to 127 belong to no driver (the kernel's devices.txt).
    match mknodat(CWD, &node, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(120, 7)) {
        Ok(()) => assert!(Place::of(&node).unwrap().check().is_err(), "there is no such device"),
        Err(_) => skip!("no node for a device can be made here"),
    }
    let _ = fs::remove_file(&node);
    let file = folder.path().join("file");
    File::create(&file).unwrap();
    assert!(Place::of(&file.join("below")).is_err());
    let place = Place::of(&folder.path().join("a/b/c")).unwrap();
    place.check().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a check changes nothing");
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    if rustix::process::getuid().is_root() {
        skip!("root may write to a read-only file");
    } else {
        assert_eq!(Place::of(&file).unwrap().check().unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}

#[test]
fn reading_ends_at_the_limit() {
    assert_eq!(read(Path::new("/dev/zero"), 1 << 20).unwrap_err().kind(), ErrorKind::FileTooLarge);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, [7; 10]).unwrap();
    assert_eq!(read(&file, 10).unwrap(), [7; 10]);
    assert!(read(&file, 9).is_err());
    assert!(!read(Path::new("/proc/self/status"), 1 << 20).unwrap().is_empty(), "its length is 0, by what it says");
}

#[test]
fn a_schema_is_found_or_missed_in_plain_words() {
    assert_eq!(schema(br#"{"schema": "x/1", "more": []}"#).unwrap(), "x/1");
    for text in ["3", "[3]", "{}", "{", ""] {
        let said = schema(text.as_bytes()).unwrap_err();
        assert!(!said.contains("struct") && !said.contains("Named"), "{said}");
    }
}

#[test]
fn a_value_of_another_type_is_told_with_its_key() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "read by serde alone")]
    struct Bobbin {
        name: String,
        turns: Vec<u64>,
        cores: Vec<Bobbin>,
    }
    for (text, said) in [
        (r#"{"name": 3}"#, "`name`: invalid type: integer `3`, expected a string at line 1 column 10"),
        ("{\"turns\": [],\n \"name\": {}}", "`name`: invalid type: map, expected a string at line 2 column 9"),
        (r#"{"name": "\"x\":", "turns": [1, "2"]}"#, "`turns[1]`: invalid type: string \"2\", expected a whole number"),
        (r#"{"name": "x", "turns": [-1]}"#, "`turns[0]`: invalid value: integer `-1`, expected a whole number"),
        (r#"{"cores": [{"name": "x", "turns": [], "cores": []}, 5]}"#, "`cores[1]`: invalid type: integer `5`"),
        (r#"{"cores": [{"name": true"#, "`cores[0].name`: invalid type: boolean `true`, expected a string"),
        (r#"{"name": "x"}"#, "missing field `turns`"),
        ("[[", "`[0]`: invalid type"),
        ("{", "EOF while parsing"),
        (r#"{"name": "x", "turns": [1, "#, "EOF while parsing"),
        ("}]", "expected value"),
    ] {
        let told = value::<Bobbin>(text.as_bytes()).expect_err(text);
        assert!(told.starts_with(said), "{text}: {told}");
    }
}

#[test]
fn files_of_gingham_are_known() {
    for (text, said) in [
        ("{\n  \"schema\": \"gingham.tune/1\"", None), // cut: nothing is known of it
        ("{\"schema\": \"gingham.tune/1\"}", Some("a result, which `gingham replay` reads")),
        ("01234567 {\"schema\":\"gingham.journal/2\"}\n89", Some("a journal, which `gingham tune --resume`")),
        ("{\"schema\": \"gingham.profile/1\"}", Some("a profile, which `gingham profile show --profile`")),
        ("combination,backend,op_threads", Some("a result in CSV")),
        ("{\"schema\": \"other/9\"}", None),
        ("", None),
    ] {
        let known = introduced(text.as_bytes());
        assert_eq!(known.is_some(), said.is_some(), "{text}: {known:?}");
        assert!(known.unwrap_or_default().starts_with(said.unwrap_or_default()), "{text}: {known:?}");
    }
}
