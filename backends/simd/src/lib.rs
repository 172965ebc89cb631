//! The backend `simd`: Gingham's own kernels, in Rust alone.
//!
//! Each algorithm is written once, on a small vector (`vector/`), and compiled for each instruction set (`arch/`). Each
//! [`Simd`] chooses its instruction set ([`Level`]) when it is made. Each operation family has one file or folder.

mod arch;
mod cache;
mod dot;
mod elementwise;
mod error;
mod families;
mod fill;
mod level;
mod matmul;
mod random;
mod store;
mod team;
mod vector;
mod words;

use gingham_core::{Backend, DType, Error, Info, Limit, Op, OpThreads, Support, Threading, Variable};

pub use level::{Level, LevelError, VARIABLE};

use error::{ID, library};
use level::Available;
use matmul::TileShape;

/// The backend, bound to one [`Level`].
#[derive(Debug, Clone)]
pub struct Simd {
    level: Result<Available, LevelError>,
}

impl Simd {
    /// The backend at the level that [`VARIABLE`] names or, without it, at the best level of the CPU. If the CPU lacks
    /// the named level, or the name is unknown, [`Backend::info`] says so, and [`Backend::limit`] and every operation
    /// return an error.
    #[must_use]
    pub fn new() -> Self {
        Self { level: Available::from_env() }
    }

    /// Does what [`Simd::new`] does, but returns the error at once.
    ///
    /// # Errors
    /// [`LevelError`] if [`VARIABLE`] holds an unknown name, or a level that the CPU lacks.
    pub fn from_env() -> Result<Self, LevelError> {
        Ok(Self { level: Ok(Available::from_env()?) })
    }

    /// The backend at `level`.
    ///
    /// # Errors
    /// [`LevelError::Missing`] if the CPU lacks `level`.
    pub fn with_level(level: Level) -> Result<Self, LevelError> {
        Ok(Self { level: Ok(Available::new(level)?) })
    }

    #[inline]
    fn level(&self) -> Result<Available, Error> {
        match &self.level {
            Ok(level) => Ok(*level),
            Err(error) => Err(library(error.to_string())),
        }
    }
}

impl Default for Simd {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Simd {
    fn info(&self) -> Info {
        let kernels = match &self.level {
            Ok(level) => {
                let [f64_tile, f32_tile] = [TileShape::at::<f64>(*level), TileShape::at::<f32>(*level)];
                format!("{} {f64_tile} f64, {f32_tile} f32", level.get())
            }
            Err(error) => format!("none: {VARIABLE}: {error}"),
        };
        Info::new(ID, "gingham-simd", env!("CARGO_PKG_VERSION"))
            .with_kernels(kernels)
            .with_notes(&["op threads are started by each call"])
    }

    fn threading(&self) -> Threading {
        Threading::PerCall { rayon: false }
    }

    fn variables(&self) -> &[Variable] {
        // Trials keep this variable: only a user who wants another level sets it.
        const VARIABLES: [Variable; 1] = [Variable::new(VARIABLE, "the instruction set: portable, avx2 or avx512")];
        &VARIABLES
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        match op {
            Op::MatMul | Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Native,
        }
    }

    fn limit(&self, _threads: OpThreads) -> Result<Limit<'_>, Error> {
        self.level().map(|_| Limit::empty())
    }
}
