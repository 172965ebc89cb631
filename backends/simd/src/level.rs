//! The instruction set of the kernels: the one that a variable names, else the best that the CPU has.

use std::fmt;
use std::str::FromStr;

use crate::arch::{self, Vectors};
use crate::vector::Kernel;

/// The variable that forces a level: `GINGHAM_SIMD=portable|avx2|avx512`.
pub const VARIABLE: &str = "GINGHAM_SIMD";

/// An instruction set. A better one compares as greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// What the compilation target guarantees: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 and FMA: vectors of 32 bytes, 16 registers.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: vectors of 64 bytes, 32 registers. The kernels need no other subset, CD included.
    Avx512,
}

/// Why a level cannot be used: its name is unknown, or this CPU lacks it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// A name that no level has.
    #[error("unknown SIMD level `{given}`; expected portable, avx2 or avx512 (this CPU has {})", available())]
    Unknown {
        /// The name that was given.
        given: String,
    },
    /// A level whose instructions this CPU lacks.
    #[error("this CPU lacks the SIMD level {given}; it has {}", available())]
    Missing {
        /// The level that was given.
        given: Level,
    },
}

impl Level {
    /// All levels, the plainest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The best level that this CPU has.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this CPU and its operating system support the level.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The name that [`VARIABLE`] takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// The names of the levels that this CPU has.
fn available() -> String {
    let levels = Level::ALL.into_iter().filter(|level| level.is_available());
    levels.map(Level::name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(s: &str) -> Result<Self, LevelError> {
        Self::ALL.into_iter().find(|level| level.name() == s).ok_or_else(|| LevelError::Unknown { given: s.into() })
    }
}

/// A level that this CPU has: the proof that its kernels may run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Available(Level);

impl Available {
    /// `level`, if the CPU has it.
    pub(crate) fn new(level: Level) -> Result<Self, LevelError> {
        if level.is_available() { Ok(Self(level)) } else { Err(LevelError::Missing { given: level }) }
    }

    /// The level that [`VARIABLE`] names; if it is unset or empty, the best one.
    pub(crate) fn from_env() -> Result<Self, LevelError> {
        match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::new(name.to_string_lossy().parse()?),
            _ => Self::new(Level::best()),
        }
    }

    pub(crate) fn get(self) -> Level {
        self.0
    }

    /// Runs `kernel` with the vectors of this level.
    pub(crate) fn run<T: Vectors, K: Kernel<T>>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` has seen that the CPU has what these functions are compiled for.
            Level::Avx512 => unsafe { arch::avx512::run::<T::Avx512, K>(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 => unsafe { arch::avx2::run::<T::Avx2, K>(kernel) },
            // SAFETY: the portable vectors need nothing beyond the baseline.
            _ => unsafe { arch::portable::run::<T::Portable, K>(kernel) },
        }
    }
}
