//! What a container may use: the CPU quota and the memory limit of this process' control groups.
//!
//! A container on a machine with 64 CPUs may have the time of 1.5 CPUs and a quarter of the memory; only the control
//! groups say so. Both versions are read (many systems mount both): the process' group and every group above it
//! up to the mount point, as the tightest limit holds.

use std::path::{Component, Path, PathBuf};

use crate::system::read;

/// CPUs' worth of time that the tightest quota allows, for example 1.5; `None` without a quota, or off Linux.
pub(crate) fn cpu_quota() -> Option<f64> {
    let quota = |group: &Group| match group.version {
        Version::One => quota_v1(&group.read("cpu.cfs_quota_us")?, &group.read("cpu.cfs_period_us")?),
        Version::Two => quota_v2(&group.read("cpu.max")?),
    };
    groups_of_this_process("cpu").iter().filter_map(quota).min_by(f64::total_cmp)
}

/// Bytes that the tightest memory limit leaves; `None` without a limit, or off Linux. Cached file pages, which the
/// kernel drops before it lets a group fail, are not counted as used, whether they were read once or often.
pub(crate) fn memory_left() -> Option<u64> {
    let left = |group: &Group| {
        let (limit, used) = match group.version {
            Version::One => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::Two => ("memory.max", "memory.current"),
        };
        let limit = bytes(&group.read(limit)?)?;
        let used = bytes(&group.read(used)?)?;
        let cached = cached(&group.read("memory.stat")?, group.version);
        Some(limit.saturating_sub(used.saturating_sub(cached)))
    };
    groups_of_this_process("memory").iter().filter_map(left).min()
}

/// The two generations of control groups, whose files differ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

/// The directory of a control group.
#[derive(Debug, PartialEq)]
struct Group {
    version: Version,
    path: PathBuf,
}

impl Group {
    fn read(&self, file: &str) -> Option<String> {
        read(self.path.join(file))
    }
}

fn groups_of_this_process(controller: &str) -> Vec<Group> {
    let text = |path| read(path).unwrap_or_default();
    groups(controller, &text("/proc/self/cgroup"), &text("/proc/self/mountinfo"))
}

/// The groups that limit `controller`, innermost first, from the texts of `/proc/self/cgroup` (`2:cpu,cpuacct:/a/b`, or
/// `0::/a/b` for version 2) and `/proc/self/mountinfo` (proc(5)). Version 1 goes first: a controller mounted there
/// is not in version 2.
fn groups(controller: &str, cgroup: &str, mountinfo: &str) -> Vec<Group> {
    let find = |version, kind: &str, listed: &dyn Fn(&str) -> bool, options: &dyn Fn(&str) -> bool| {
        let path = cgroup.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            listed(controllers).then_some(path)
        })?;
        let (root, point) = mountinfo.lines().find_map(|line| {
            let (mount, system) = line.split_once(" - ")?;
            let mut mount = mount.split(' ').skip(3);
            let mut system = system.split(' ');
            (system.next()? == kind && options(system.nth(1)?)).then_some((mount.next()?, mount.next()?))
        })?;
        Some(ancestry(path, root, point).into_iter().map(|path| Group { version, path }).collect())
    };
    let has_controller = |list: &str| list.split(',').any(|name| name == controller);
    find(Version::One, "cgroup", &has_controller, &has_controller)
        .or_else(|| find(Version::Two, "cgroup2", &str::is_empty, &|_| true))
        .unwrap_or_default()
}

/// The directories of the group `path` and of those above it, in a hierarchy whose directory `root` is mounted at
/// `point`. For a path outside of what is mounted, as seen from within some containers, only the mount point remains.
fn ancestry(path: &str, root: &str, point: &str) -> Vec<PathBuf> {
    let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
    let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    let below = if plain { below } else { Path::new("") };
    below.ancestors().map(|group| Path::new(point).join(group)).collect()
}

/// `cpu.max` of version 2: quota and period in microseconds, or `max` for no quota.
fn quota_v2(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    cpus(words.next()?, words.next()?)
}

/// `cpu.cfs_quota_us` (-1 for no quota) and `cpu.cfs_period_us` of version 1.
fn quota_v1(quota: &str, period: &str) -> Option<f64> {
    cpus(quota.trim(), period.trim())
}

fn cpus(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

/// A limit or a usage in bytes; `max` means no limit. Version 1 writes a number near 2^63 instead, which no machine
/// reaches.
fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Bytes of cached file pages, from the text of `memory.stat`.
fn cached(stat: &str, version: Version) -> u64 {
    let names = match version {
        Version::One => ["total_inactive_file", "total_active_file"],
        Version::Two => ["inactive_file", "active_file"],
    };
    names.iter().filter_map(|name| stat_field(stat, name)).fold(0, u64::saturating_add)
}

/// The value of `name` in a text of lines `name value`.
fn stat_field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    fn paths(groups: &[Group]) -> Vec<&str> {
        groups.iter().map(|group| group.path.to_str().unwrap()).collect()
    }

    #[test]
    fn version_1_goes_first_where_both_are_mounted() {
        let found = groups("cpu", "3:cpuset:/\n2:cpu,cpuacct:/a/b\n0::/c\n", HYBRID);
        assert!(found.iter().all(|group| group.version == Version::One));
        let mount = "/sys/fs/cgroup/cpu,cpuacct";
        assert_eq!(paths(&found), [format!("{mount}/a/b"), format!("{mount}/a"), format!("{mount}/")]);
    }

    #[test]
    fn version_2_serves_what_version_1_has_not_mounted() {
        let found = groups("memory", "3:cpuset:/\n0::/user.slice/my:group\n", HYBRID);
        assert!(found.iter().all(|group| group.version == Version::Two));
        let mount = "/sys/fs/cgroup/unified";
        assert_eq!(
            paths(&found),
            [format!("{mount}/user.slice/my:group"), format!("{mount}/user.slice"), format!("{mount}/")]
        );
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_mount_point() {
        assert_eq!(ancestry("/docker/12ab", "/docker/12ab", "/sys/fs/cgroup/cpu"), [Path::new("/sys/fs/cgroup/cpu")]);
        assert_eq!(ancestry("/elsewhere", "/docker/12ab", "/g"), [Path::new("/g")]);
        assert_eq!(ancestry("/../../etc", "/", "/g"), [Path::new("/g")]);
    }

    #[test]
    fn quotas() {
        assert_eq!(quota_v2("max 100000\n"), None);
        assert_eq!(quota_v2("150000 100000\n"), Some(1.5));
        assert_eq!(quota_v1("-1\n", "100000\n"), None);
        assert_eq!(quota_v1("50000\n", "100000\n"), Some(0.5));
        for hostile in
            ["", "1", "0 0", "1 0", "0 100000", "-5 100", "nan nan", "99999999999999999999 1", "max", "\0 \0"]
        {
            assert_eq!(quota_v2(hostile), None, "{hostile:?}");
        }
    }

    #[test]
    fn memory_texts() {
        assert_eq!(bytes("max\n"), None);
        assert_eq!(bytes("268435456\n"), Some(256 << 20));
        assert_eq!(bytes("9223372036854771712\n"), Some(9_223_372_036_854_771_712));
        let stat = "inactive_file_x 9\ninactive_file 42\ntotal_inactive_file 7\n";
        assert_eq!(stat_field(stat, "inactive_file"), Some(42));
        assert_eq!(stat_field(stat, "total_inactive_file"), Some(7));
        assert_eq!(stat_field("inactive_file -1", "inactive_file"), None);
        let stat = "inactive_file 1\nactive_file 2\ntotal_inactive_file 4\ntotal_active_file 8\nactive_anon 16\n";
        assert_eq!([Version::One, Version::Two].map(|version| cached(stat, version)), [12, 3]);
        assert_eq!(cached("inactive_file 18446744073709551615\nactive_file 9\n", Version::Two), u64::MAX);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_group_leaves_its_mount(
            cgroup in "([0-9]{0,2}:[a-z,]{0,9}:[/.a-z]{0,12}\n|\\PC{0,9}){0,4}",
            mountinfo in "([0-9 ]{0,9}/[a-z]{0,3} /m/[a-z]{0,3} rw - cgroup2? x [a-z,]{0,9}\n|\\PC{0,30}){0,4}",
        ) {
            for group in groups("cpu", &cgroup, &mountinfo) {
                prop_assert!(!group.path.components().any(|part| part == Component::ParentDir), "{:?}", group);
            }
            let _ = (quota_v2(&cgroup), quota_v1(&cgroup, &mountinfo), bytes(&cgroup), stat_field(&cgroup, "a"));
        }
    }
}
