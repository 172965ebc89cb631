//! Libraries that are not backends: called without Gingham, by their own entries, behind one small trait.
//!
//! Two of them come from Python's wheels, by dlopen: several BLAS with the same symbols cannot be linked at once.

use std::ffi::{CStr, c_char, c_int};
use std::path::{Path, PathBuf};

use gingham::core::Scalar;
use libloading::{Library, Symbol};

/// `C <- A B`, all by rows without gaps: A is m x k, B is k x n.
pub(crate) struct Matrices<'a, T> {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) a: &'a [T],
    pub(crate) b: &'a [T],
    pub(crate) c: &'a mut [T],
}

impl<T> Matrices<'_, T> {
    /// The condition under which the calls below are sound.
    fn check(&self) {
        let sizes = [self.m * self.k, self.k * self.n, self.m * self.n];
        assert_eq!(sizes, [self.a.len(), self.b.len(), self.c.len()], "the matrices have no gaps");
    }
}

/// A library on one thread.
pub(crate) trait Peer {
    fn name(&self) -> &str;

    fn version(&self) -> &str;

    fn multiply_f64(&self, matrices: Matrices<'_, f64>);

    fn multiply_f32(&self, matrices: Matrices<'_, f32>);
}

/// `f32` or `f64`, to a peer.
pub(crate) trait Element: Scalar + bytemuck::Pod {
    fn multiply(peer: &dyn Peer, matrices: Matrices<'_, Self>);
}

impl Element for f64 {
    fn multiply(peer: &dyn Peer, matrices: Matrices<'_, Self>) {
        peer.multiply_f64(matrices);
    }
}

impl Element for f32 {
    fn multiply(peer: &dyn Peer, matrices: Matrices<'_, Self>) {
        peer.multiply_f32(matrices);
    }
}

/// How the library of a wheel is opened.
type Open = fn(&Path) -> Result<Cblas, String>;

/// The installed peers, and for each other peer a line that says what is missing.
pub(crate) fn find(environment: &Path) -> (Vec<Box<dyn Peer>>, Vec<String>) {
    let (mut found, mut missing): (Vec<Box<dyn Peer>>, Vec<String>) = (vec![Box::new(Gemm)], Vec::new());
    let wheels: [(&str, &str, Open); 2] = [
        ("openblas-wheel", "lib/python3*/site-packages/scipy_openblas32/lib/libscipy_openblas.so", openblas),
        ("mkl", "lib/libmkl_rt.so*", mkl),
    ];
    for (name, pattern, open) in wheels {
        let loaded = file(environment, pattern).and_then(|path| open(&path));
        match loaded {
            Ok(library) => found.push(Box::new(Cblas { name, ..library })),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    (found, missing)
}

fn file(environment: &Path, pattern: &str) -> Result<PathBuf, String> {
    let pattern = environment.join(pattern).display().to_string();
    let mut files = glob::glob(&pattern).map_err(|error| error.to_string())?.flatten();
    files.next().ok_or_else(|| format!("no {pattern}; `cargo xtask peers libraries` installs it"))
}

/// The crate `gemm`.
struct Gemm;

impl Peer for Gemm {
    fn name(&self) -> &str {
        "gemm"
    }

    fn version(&self) -> &str {
        "0.19.0"
    }

    fn multiply_f64(&self, matrices: Matrices<'_, f64>) {
        gemm(matrices);
    }

    fn multiply_f32(&self, matrices: Matrices<'_, f32>) {
        gemm(matrices);
    }
}

fn gemm<T: Scalar>(matrices: Matrices<'_, T>) {
    matrices.check();
    let Matrices { m, k, n, a, b, c } = matrices;
    let [k_rows, n_rows] = [k, n].map(|len| len as isize);
    // SAFETY: the slices are as long as these dimensions and strides reach, and C is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n_rows,
            false,
            a.as_ptr(),
            1,
            k_rows,
            b.as_ptr(),
            1,
            n_rows,
            T::zero(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The integers of the C interface.
type Int = c_int;

/// `cblas_?gemm`: layout, transpositions, m, n, k, alpha, A and its leading dimension, B likewise, beta, C likewise.
type CblasGemm<T> = unsafe extern "C" fn(Int, Int, Int, Int, Int, Int, T, *const T, Int, *const T, Int, T, *mut T, Int);

/// `cblas_?gemv`: layout, transposition, rows, columns, alpha, A and its leading dimension, x and its step, beta, y
/// and its step.
type CblasGemv<T> = unsafe extern "C" fn(Int, Int, Int, Int, T, *const T, Int, *const T, Int, T, *mut T, Int);

/// `CblasRowMajor`.
const ROWS: c_int = 101;

/// `CblasNoTrans`.
const PLAIN: c_int = 111;

/// A BLAS with 32-bit integers, through its C interface.
struct Cblas {
    name: &'static str,
    version: String,
    dgemm: CblasGemm<f64>,
    sgemm: CblasGemm<f32>,
    dgemv: CblasGemv<f64>,
    sgemv: CblasGemv<f32>,
}

impl Cblas {
    /// The functions of `library`, whose names begin with `prefix`. The library stays loaded for ever.
    fn new(library: Library, prefix: &str, version: String) -> Result<Self, String> {
        fn get<F: Copy>(library: &Library, prefix: &str, name: &str) -> Result<F, String> {
            let name = format!("{prefix}{name}\0");
            // SAFETY: the types below match the C interface of BLAS with 32-bit integers.
            unsafe { library.get(name.as_bytes()) }.map(|f: Symbol<'_, F>| *f).map_err(|error| error.to_string())
        }
        let functions = Self {
            name: "",
            version,
            dgemm: get(&library, prefix, "cblas_dgemm")?,
            sgemm: get(&library, prefix, "cblas_sgemm")?,
            dgemv: get(&library, prefix, "cblas_dgemv")?,
            sgemv: get(&library, prefix, "cblas_sgemv")?,
        };
        std::mem::forget(library);
        Ok(functions)
    }
}

impl Peer for Cblas {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn multiply_f64(&self, matrices: Matrices<'_, f64>) {
        cblas(self.dgemm, self.dgemv, matrices);
    }

    fn multiply_f32(&self, matrices: Matrices<'_, f32>) {
        cblas(self.sgemm, self.sgemv, matrices);
    }
}

/// A product by a column is BLAS's product of a matrix and a vector, which its users would call.
fn cblas<T: Scalar>(gemm: CblasGemm<T>, gemv: CblasGemv<T>, matrices: Matrices<'_, T>) {
    matrices.check();
    let [m, k, n] =
        [matrices.m, matrices.k, matrices.n].map(|len| c_int::try_from(len).expect("the rows are smaller than 2^31"));
    let (a, b, c) = (matrices.a.as_ptr(), matrices.b.as_ptr(), matrices.c.as_mut_ptr());
    let (one, zero) = (T::one(), T::zero());
    // SAFETY: the slices are as long as these dimensions reach, and C is borrowed exclusively.
    unsafe {
        if n == 1 {
            gemv(ROWS, PLAIN, m, k, one, a, k, b, 1, zero, c, 1);
        } else {
            gemm(ROWS, PLAIN, PLAIN, m, n, k, one, a, k, b, n, zero, c, n);
        }
    }
}

fn open(path: &Path) -> Result<Library, String> {
    // SAFETY: the libraries are BLAS implementations, whose initialisers only look at the CPU and the environment.
    unsafe { Library::new(path) }.map_err(|error| error.to_string())
}

/// OpenBLAS from SciPy's wheel, whose names all have a prefix. Its threads are set by `OPENBLAS_NUM_THREADS`.
fn openblas(path: &Path) -> Result<Cblas, String> {
    const PREFIX: &str = "scipy_";
    let library = open(path)?;
    let text = |name: &[u8]| -> Result<String, String> {
        // SAFETY: the function takes nothing and returns a string that lives as long as the library.
        unsafe {
            let tell: Symbol<'_, unsafe extern "C" fn() -> *const c_char> =
                library.get(name).map_err(|error| error.to_string())?;
            Ok(CStr::from_ptr(tell()).to_string_lossy().into_owned())
        }
    };
    let config = text(b"scipy_openblas_get_config\0")?;
    let number = config.split_whitespace().nth(1).unwrap_or("unknown");
    let version = format!("{number} ({})", text(b"scipy_openblas_get_corename\0")?);
    Cblas::new(library, PREFIX, version)
}

/// MKL, which `MKL_THREADING_LAYER=SEQUENTIAL` keeps on one thread.
fn mkl(path: &Path) -> Result<Cblas, String> {
    let library = open(path)?;
    let mut text: [c_char; 200] = [0; 200];
    // SAFETY: the function fills at most as many bytes as the length that it receives.
    unsafe {
        let tell: Symbol<'_, unsafe extern "C" fn(*mut c_char, c_int)> =
            library.get(b"mkl_get_version_string\0").map_err(|error| error.to_string())?;
        tell(text.as_mut_ptr(), text.len() as c_int);
    }
    let text: Vec<u8> = text.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    let version = String::from_utf8_lossy(&text).trim().to_owned();
    Cblas::new(library, "", version)
}
