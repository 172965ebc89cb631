//! The machine's CPUs, caches and memory, and how many of the CPUs this process may use.
//!
//! A tuning holds for the machine it was made on, so a profile stores this description and compares it. The count of
//! usable CPUs bounds every thread count that is tried: an affinity mask or a container's quota often leaves fewer than
//! the machine has. On Linux the facts come from `/sys` and `/proc`, and from the CPU itself on x86-64.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::system::{allowed_cpus, read};

/// A machine as this process finds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// The CPU's name for itself, for example `AMD EPYC 9655`; `unknown` where it has none.
    pub cpu_model: String,
    /// Tells generations apart if the name does not (rented machines often say `AMD EPYC` and no more): family, model
    /// and stepping on x86-64, the identification register on 64-bit ARM; `None` where neither is known.
    #[serde(default)]
    pub cpu_signature: Option<String>,
    /// Instruction set family: `x86_64`, `aarch64`, ...
    pub arch: String,
    /// The operating system's name and version.
    pub os: String,
    /// The kernel's version.
    pub kernel: String,
    /// CPUs that the system schedules on, hyper-threads counted each.
    pub logical_cpus: usize,
    /// Cores, each counted once however many hyper-threads it has; `logical_cpus` where the system does not say.
    pub physical_cores: usize,
    /// CPUs in this process' affinity mask; `logical_cpus` off Linux.
    pub affinity: usize,
    /// CPUs' worth of time that the control groups allow, for example 1.5; `None` without a quota.
    pub quota: Option<f64>,
    /// CPUs to plan for: `affinity`, or the whole CPUs in `quota` where those are fewer, but at least 1.
    pub usable_cpus: usize,
    /// Caches of the first CPU, from the nearest to the farthest; empty where they are not known.
    pub caches: Vec<Cache>,
    /// Vector levels that both the CPU and the system support, least first, for example `sse4.2`, `avx2+fma`, `avx512`.
    pub simd: Vec<String>,
    /// Memory of the system in bytes, used or not; 0 where it does not say.
    pub memory_bytes: u64,
}

/// One cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// 1 for the nearest to the core.
    pub level: u32,
    /// What it holds.
    pub kind: CacheKind,
    /// Its size.
    pub bytes: u64,
    /// Logical CPUs that share it, at least 1.
    pub shared_by: usize,
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheKind {
    /// Data alone.
    Data,
    /// Instructions alone.
    Instruction,
    /// Both.
    Unified,
}

impl Machine {
    /// Describes this machine, as this process may use it now. Never fails: each field has a value for a fact that is
    /// not known.
    pub fn probe() -> Machine {
        let logical_cpus = logical_cpus();
        let affinity = allowed_cpus().map(|cpus| cpus.len()).filter(|&count| count > 0).unwrap_or(logical_cpus);
        let quota = crate::cgroup::cpu_quota();
        Machine {
            cpu_model: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
            cpu_signature: cpu_signature(),
            arch: std::env::consts::ARCH.to_owned(),
            os: sysinfo::System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
            kernel: sysinfo::System::kernel_version().unwrap_or_else(|_| "unknown".to_owned()),
            logical_cpus,
            physical_cores: physical_cores().unwrap_or(logical_cpus),
            affinity,
            quota,
            usable_cpus: usable(affinity, quota),
            caches: caches(logical_cpus),
            simd: simd_levels(),
            memory_bytes: crate::memory::total(),
        }
    }

    /// Bytes in all of the machine's last-level caches, as if all CPUs had the first one's; 0 where no cache is known.
    pub fn last_level_bytes(&self) -> u64 {
        let data = self.caches.iter().filter(|cache| cache.kind != CacheKind::Instruction);
        data.max_by_key(|cache| cache.level)
            .map_or(0, |cache| cache.bytes.saturating_mul(self.logical_cpus.div_ceil(cache.shared_by.max(1)) as u64))
    }
}

/// A quota is rounded down to whole CPUs, as in `std::thread::available_parallelism`: with a thread too many, all
/// threads are throttled in every period.
fn usable(affinity: usize, quota: Option<f64>) -> usize {
    quota.map_or(affinity, |quota| affinity.min(quota as usize)).max(1)
}

const CPUS: &str = "/sys/devices/system/cpu";

fn online() -> Option<Vec<usize>> {
    cpu_list(&read(format!("{CPUS}/online"))?)
}

fn logical_cpus() -> usize {
    online().map(|cpus| cpus.len()).or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1)
}

/// Counts the different sets of CPUs that share a core. Before Linux 5.1 the file had its second name.
fn physical_cores() -> Option<usize> {
    let siblings = |cpu| {
        let file = |name| read(format!("{CPUS}/cpu{cpu}/topology/{name}"));
        cpu_list(&file("core_cpus_list").or_else(|| file("thread_siblings_list"))?)
    };
    online()?.into_iter().map(siblings).collect::<Option<BTreeSet<_>>>().map(|cores| cores.len())
}

#[cfg(target_arch = "x86_64")]
fn cpu_model() -> Option<String> {
    let brand = raw_cpuid::CpuId::new().get_processor_brand_string()?;
    Some(brand.as_str().trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_model() -> Option<String> {
    model_name(&read("/proc/cpuinfo")?)
}

#[cfg(target_arch = "x86_64")]
fn cpu_signature() -> Option<String> {
    let features = raw_cpuid::CpuId::new().get_feature_info()?;
    let (family, model, stepping) = (features.family_id(), features.model_id(), features.stepping_id());
    Some(format!("family {family} model {model} stepping {stepping}"))
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_signature() -> Option<String> {
    let midr = read(format!("{CPUS}/cpu0/regs/identification/midr_el1"))?;
    Some(format!("midr {}", midr.trim()))
}

/// The CPU's name in `/proc/cpuinfo`, whose key differs between architectures.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn model_name(cpuinfo: &str) -> Option<String> {
    ["model name", "Model", "Hardware", "cpu model", "cpu", "Processor"].into_iter().find_map(|key| {
        cpuinfo.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    })
}

fn caches(logical_cpus: usize) -> Vec<Cache> {
    let entry = |index| {
        let file = |name| read(format!("{CPUS}/cpu0/cache/index{index}/{name}"));
        cache(&file("level")?, &file("type")?, &file("size")?, &file("shared_cpu_list")?)
    };
    let mut caches: Vec<Cache> = (0..16).filter_map(entry).collect();
    if caches.is_empty() {
        caches = caches_by_cpuid(logical_cpus);
    }
    caches.sort_by_key(|cache| cache.level);
    caches
}

/// A cache from the texts of its files in `/sys`.
fn cache(level: &str, kind: &str, size: &str, shared_cpu_list: &str) -> Option<Cache> {
    let kind = match kind.trim() {
        "Data" => CacheKind::Data,
        "Instruction" => CacheKind::Instruction,
        "Unified" => CacheKind::Unified,
        _ => return None,
    };
    let shared_by = cpu_list(shared_cpu_list)?.len();
    Some(Cache { level: level.trim().parse().ok()?, kind, bytes: cache_bytes(size)?, shared_by })
}

/// A size as `/sys` writes it: `48K`, in older kernels and firmware also `32M`.
fn cache_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        _ => 1,
    };
    text.trim_end_matches(['K', 'M', 'G']).parse::<u64>().ok()?.checked_mul(unit).filter(|&bytes| bytes > 0)
}

/// The caches as the CPU describes them. Its bound on how many CPUs share a cache may exceed the number of CPUs.
#[cfg(target_arch = "x86_64")]
fn caches_by_cpuid(logical_cpus: usize) -> Vec<Cache> {
    use raw_cpuid::CacheType;
    let kind = |of| match of {
        CacheType::Data => Some(CacheKind::Data),
        CacheType::Instruction => Some(CacheKind::Instruction),
        CacheType::Unified => Some(CacheKind::Unified),
        CacheType::Null | CacheType::Reserved => None,
    };
    let described = raw_cpuid::CpuId::new().get_cache_parameters();
    described
        .into_iter()
        .flatten()
        .filter_map(|cache| {
            let ways =
                [cache.associativity(), cache.physical_line_partitions(), cache.coherency_line_size(), cache.sets()];
            let bytes = ways.into_iter().map(|n| n as u64).product();
            let shared_by = cache.max_cores_for_cache().clamp(1, logical_cpus);
            Some(Cache { level: cache.level().into(), kind: kind(cache.cache_type())?, bytes, shared_by })
        })
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn caches_by_cpuid(_logical_cpus: usize) -> Vec<Cache> {
    Vec::new()
}

/// `avx512` means the subsets F, BW, DQ and VL together, as it does in the backend `simd`; every server CPU since 2017
/// that has any of them has them all.
fn simd_levels() -> Vec<String> {
    #[cfg(target_arch = "x86_64")]
    let levels = [
        ("sse2", true), // part of x86-64 itself
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2+fma", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        (
            "avx512",
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl"),
        ),
    ];
    #[cfg(target_arch = "aarch64")]
    let levels = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("sve", std::arch::is_aarch64_feature_detected!("sve")),
        ("sve2", std::arch::is_aarch64_feature_detected!("sve2")),
    ];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let levels: [(&str, bool); 0] = [];
    levels.into_iter().filter(|(_, is_supported)| *is_supported).map(|(name, _)| name.to_owned()).collect()
}

/// CPU numbers in the kernel's list format, `0-3,8,10-11`, ascending and each once; `None` for any other text, for an
/// empty list, and for numbers past [`CPU_LIMIT`].
fn cpu_list(text: &str) -> Option<Vec<usize>> {
    let mut cpus = BTreeSet::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= CPU_LIMIT {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus.into_iter().collect())
}

/// Linux allows 8,192 CPUs on x86-64; a list past this limit is damaged, and expanding it would take all memory.
const CPU_LIMIT: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_probe_is_consistent_and_survives_json() {
        let machine = Machine::probe();
        assert!(machine.usable_cpus >= 1 && machine.usable_cpus <= machine.logical_cpus, "{machine:?}");
        assert!(machine.usable_cpus <= machine.affinity && machine.affinity <= machine.logical_cpus, "{machine:?}");
        assert!(machine.physical_cores >= 1 && machine.physical_cores <= machine.logical_cpus, "{machine:?}");
        assert!(machine.memory_bytes > 1 << 20, "{machine:?}");
        assert!(machine.caches.is_sorted_by_key(|cache| cache.level), "{machine:?}");
        assert!(machine.caches.iter().all(|cache| cache.bytes > 0 && cache.shared_by >= 1), "{machine:?}");
        let text = serde_json::to_string(&machine).unwrap();
        assert_eq!(serde_json::from_str::<Machine>(&text).unwrap(), machine);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn cpuid_alone_describes_sound_caches() {
        // A hypervisor may hide the leaf, or show values that contradict each other.
        for cache in caches_by_cpuid(4) {
            assert!((1..=4).contains(&cache.level), "{cache:?}");
            assert!((1 << 10..=1 << 32).contains(&cache.bytes), "{cache:?}");
            assert!((1..=4).contains(&cache.shared_by), "{cache:?}");
        }
    }

    #[test]
    fn usable_cpus_are_cut_by_the_quota_but_never_to_none() {
        assert_eq!(usable(8, None), 8);
        assert_eq!(usable(8, Some(1.5)), 1);
        assert_eq!(usable(8, Some(2.0)), 2);
        assert_eq!(usable(8, Some(0.25)), 1);
        assert_eq!(usable(2, Some(64.0)), 2);
        assert_eq!(usable(2, Some(f64::NAN)), 1);
    }

    #[test]
    fn last_level_caches_are_summed_over_the_machine() {
        let cache = |level, kind, mib: u64, shared_by| Cache { level, kind, bytes: mib << 20, shared_by };
        let caches = vec![cache(2, CacheKind::Unified, 1, 2), cache(3, CacheKind::Unified, 32, 16)];
        let machine = Machine { logical_cpus: 40, caches, ..Machine::probe() };
        assert_eq!(machine.last_level_bytes(), 96 << 20);
        assert_eq!(Machine { caches: Vec::new(), ..machine }.last_level_bytes(), 0);
    }

    #[test]
    fn cpu_lists() {
        assert_eq!(cpu_list("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(cpu_list("0"), Some(vec![0]));
        assert_eq!(cpu_list("1,1,0-1"), Some(vec![0, 1]));
        for hostile in
            ["", ",", "3-1", "-1", "0-", "a", "0-3:2/4", "0-18446744073709551615", "99999999999999999999", "0;1"]
        {
            assert_eq!(cpu_list(hostile), None, "{hostile:?}");
        }
    }

    #[test]
    fn cache_texts() {
        let l3 = cache("3\n", "Unified\n", "32768K\n", "0-1\n");
        assert_eq!(l3, Some(Cache { level: 3, kind: CacheKind::Unified, bytes: 32 << 20, shared_by: 2 }));
        assert_eq!(cache_bytes("8M"), Some(8 << 20));
        assert_eq!(cache_bytes("512"), Some(512));
        assert_eq!(cache("3", "Trace", "12K", "0"), None);
        for hostile in ["", "K", "0K", "-1K", "18446744073709551615K", "48 K", "\u{212A}"] {
            assert_eq!(cache_bytes(hostile), None, "{hostile:?}");
        }
    }

    #[test]
    fn model_names() {
        assert_eq!(model_name("processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n").as_deref(), Some("AMD EPYC"));
        let arm = "processor\t: 0\nBogoMIPS\t: 50.00\nModel\t\t: Raspberry Pi 5 Model B\n";
        assert_eq!(model_name(arm).as_deref(), Some("Raspberry Pi 5 Model B"));
        assert_eq!(model_name("model name\t:\n:::\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([0-9KMG,-]|\\PC){0,24}") {
            let _ = (cpu_list(&text), cache_bytes(&text), model_name(&text), cache(&text, "Data", &text, &text));
        }
    }
}
