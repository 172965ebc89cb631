//! Pairs of files: exact products of every kind of file, and failures that stay with the pair that has them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use gingham_core::reference::Reference;
use gingham_core::{
    Backend, DType, Dot, Elementwise, Fill, Info, Limit, MatMul, Op, OpThreads, Ops, Scalar, Support, Threading,
};
use gingham_harness::executor::{Executor, Serial, Threads};
use gingham_harness::files::{Error, Pairs, Problem, Summary};
use gingham_harness::npy::{Matrix, read_matrix, write_matrix_atomic};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use tempfile::TempDir;

/// A directory for `lhs/`, `rhs/` and `out/`.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().expect("a temporary directory"));
        for side in ["lhs", "rhs"] {
            fs::create_dir(scratch.path(side)).expect("a directory");
        }
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A matrix of small integers that differ from file to file.
    fn write(&self, name: &str, rows: usize, columns: usize) -> PathBuf {
        let path = self.path(name);
        let matrix = integers(rows, columns, name.bytes().map(usize::from).sum());
        write_matrix_atomic(&path, &matrix.view()).expect("written");
        path
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    fn outputs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.out()).expect("the output directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn integers(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((7 * i + 3 * j + seed) % 19) as f64 - 9.0)
}

fn f64s(path: &Path) -> Array2<f64> {
    match read_matrix(path).expect("a readable file") {
        Matrix::F64(a) => a,
        Matrix::F32(a) => a.mapv(f64::from),
    }
}

fn multiply(pairs: Pairs) -> Summary {
    pairs.multiply(&Reference, OpThreads::ONE, &Serial, 1, &|_| ())
}

/// A file of `matrix` as another machine or program may have written it.
fn encode(matrix: &Array2<f64>, dtype: DType, fortran_order: bool, big_endian: bool) -> Vec<u8> {
    let (rows, columns) = matrix.dim();
    let descr = format!("{}f{}", if big_endian { '>' } else { '<' }, dtype.size());
    let order = if fortran_order { "True" } else { "False" };
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{dictionary:<117}\n").bytes());
    let in_order = if fortran_order { matrix.t() } else { matrix.view() };
    for &x in in_order {
        let mut element = match dtype {
            DType::F32 => (x as f32).to_le_bytes().to_vec(),
            DType::F64 => x.to_le_bytes().to_vec(),
        };
        if big_endian {
            element.reverse();
        }
        bytes.extend(element);
    }
    bytes
}

#[test]
fn every_dtype_order_and_endianness_is_multiplied_exactly() {
    let scratch = Scratch::new();
    let (a, b) = (integers(5, 7, 1), integers(7, 3, 2));
    let (mut lhs, mut rhs) = (Vec::new(), Vec::new());
    for dtype in DType::ALL {
        for kinds in 0..16_u8 {
            let kind = |bit: u8| kinds >> bit & 1 == 1;
            let name = format!("{dtype}-{kinds:02}.npy");
            for (side, matrix, bit, files) in [("lhs", &a, 0, &mut lhs), ("rhs", &b, 2, &mut rhs)] {
                let path = scratch.path(side).join(&name);
                fs::write(&path, encode(matrix, dtype, kind(bit), kind(bit + 1))).expect("written");
                files.push(path);
            }
        }
    }
    let executors: [&dyn Executor; 2] = [&Serial, &Threads::new(2).expect("two threads")];
    for executor in executors {
        for chunk in [0, 1, 5] {
            let pairs = Pairs::check(lhs.clone(), rhs.clone(), &scratch.out()).expect("32 pairs");
            assert!(pairs.bad().is_empty());
            let heard = Mutex::new(BTreeSet::new());
            let summary = pairs.multiply(&Reference, OpThreads::ONE, executor, chunk, &|outcome| {
                assert_eq!(outcome.result.expect("a product").flops, 2.0 * 5.0 * 7.0 * 3.0);
                assert!(outcome.pair.out.exists(), "told before it was written");
                heard.lock().expect("no panic").insert(outcome.index);
            });
            assert_eq!((summary.done, summary.failed.len()), (32, 0));
            assert_eq!(summary.work.bytes_read, 16 * (35 + 21) * (8 + 4));
            assert_eq!(summary.work.bytes_written, 16 * 15 * (8 + 4));
            assert_eq!(summary.work.flops, 32.0 * 2.0 * 5.0 * 7.0 * 3.0);
            assert!(summary.seconds > 0.0);
            assert!(heard.into_inner().expect("no panic").into_iter().eq(0..32));
            assert_eq!(scratch.outputs().len(), 32, "nothing but the products");
            for path in &lhs {
                let out = scratch.out().join(path.file_name().expect("a name"));
                assert_eq!(f64s(&out), a.dot(&b), "{}", out.display());
                let dtype = read_matrix(&out).expect("readable").dtype();
                assert!(out.file_name().expect("a name").to_str().expect("UTF-8").starts_with(dtype.name()));
            }
            fs::remove_dir_all(scratch.out()).expect("removed for the next executor");
        }
    }
}

#[test]
fn bad_pairs_fail_alone() {
    let scratch = Scratch::new();
    let (mut lhs, mut rhs) = (Vec::new(), Vec::new());
    for name in ["0", "1-shapes", "2-dtypes", "3-truncated", "4-vector", "5-missing", "6-spoilt-later", "7"] {
        lhs.push(scratch.write(&format!("lhs/{name}.npy"), 4, 3));
        rhs.push(scratch.write(&format!("rhs/{name}.npy"), 3, 2));
    }
    scratch.write("rhs/1-shapes.npy", 5, 2);
    fs::write(&rhs[2], encode(&integers(3, 2, 0), DType::F32, false, false)).expect("written");
    let bytes = fs::read(&lhs[3]).expect("a file");
    fs::write(&lhs[3], &bytes[..bytes.len() - 9]).expect("written");
    let vector = "{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }";
    fs::write(&rhs[4], [b"\x93NUMPY\x01\x00\x76\x00", format!("{vector:<117}\n").as_bytes()].concat())
        .expect("written");
    fs::remove_file(&rhs[5]).expect("removed");

    let pairs = Pairs::check(lhs.clone(), rhs.clone(), &scratch.out()).expect("eight pairs");
    assert!(pairs.bad().iter().map(|failure| failure.index).eq(1..=5), "seen in the headers");
    scratch.write("rhs/6-spoilt-later.npy", 7, 2);

    let heard = Mutex::new(Vec::new());
    let summary = pairs.multiply(&Reference, OpThreads::ONE, &Serial, 0, &|outcome| {
        heard.lock().expect("no panic").push((outcome.index, outcome.result.is_ok()));
    });
    let heard = heard.into_inner().expect("no panic");
    let expected = [(1, false), (2, false), (3, false), (4, false), (5, false), (0, true), (6, false), (7, true)];
    assert_eq!(heard, expected);

    assert_eq!(summary.done, 2);
    assert_eq!(scratch.outputs(), ["0.npy", "7.npy"]);
    for index in [0, 7] {
        let out = scratch.out().join(lhs[index].file_name().expect("a name"));
        assert_eq!(f64s(&out), f64s(&lhs[index]).dot(&f64s(&rhs[index])));
    }
    let messages: Vec<_> = summary.failed.iter().map(ToString::to_string).collect();
    let name = |path: &Path| path.display().to_string();
    for (message, (index, expected)) in messages.iter().zip([
        (1, "(4, 3) x (5, 2); expected as many columns on the left as rows on the right"),
        (2, "f64 x f32; expected one dtype"),
        (3, "lhs/3-truncated.npy: truncated: 9 bytes of the data are missing"),
        (4, "rhs/4-vector.npy: 1 axes, shape [0]; expected a matrix of 2 axes"),
        (5, "rhs/5-missing.npy: cannot open: No such file"),
        (6, "(4, 3) x (7, 2); expected as many columns"),
    ]) {
        assert!(message.contains(expected), "`{message}` does not say `{expected}`");
        assert!(message.starts_with(&format!("{} x {}: ", name(&lhs[index]), name(&rhs[index]))), "{message}");
    }
    assert!(summary.failed.iter().map(|failure| failure.index).eq(1..=6));
    assert_eq!(summary.work.flops, 2.0 * 2.0 * 4.0 * 3.0 * 2.0, "two products of 4x3 and 3x2");
}

#[test]
fn a_product_beyond_all_memory_fails_alone() {
    let scratch = Scratch::new();
    // 128 bytes each: no rows or no columns, but their product has 2^50 elements.
    let empty = |path: &str, shape: &str| {
        let dictionary = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        fs::write(
            scratch.path(path),
            [b"\x93NUMPY\x01\x00\x76\x00", format!("{dictionary:<117}\n").as_bytes()].concat(),
        )
        .expect("written");
        scratch.path(path)
    };
    let lhs = vec![empty("lhs/0.npy", "(33554432, 0)"), empty("lhs/1.npy", "(576460752303423488, 0)")];
    let rhs = vec![empty("rhs/0.npy", "(0, 33554432)"), empty("rhs/1.npy", "(0, 576460752303423488)")];
    let (lhs, rhs) = (
        [lhs, vec![scratch.write("lhs/2.npy", 2, 2)]].concat(),
        [rhs, vec![scratch.write("rhs/2.npy", 2, 2)]].concat(),
    );
    let summary = multiply(Pairs::check(lhs, rhs, &scratch.out()).expect("three pairs"));
    assert!(summary.failed.iter().all(|failure| matches!(failure.problem, Problem::Memory { .. })));
    assert_eq!((summary.failed.len(), summary.done), (2, 1));
    assert!(summary.failed[0].to_string().contains("no memory for the product, 33554432x33554432 elements"));
}

#[test]
fn matrices_without_elements_have_products() {
    let scratch = Scratch::new();
    let lhs = vec![scratch.write("lhs/0.npy", 0, 3), scratch.write("lhs/1.npy", 2, 0)];
    let rhs = vec![scratch.write("rhs/0.npy", 3, 2), scratch.write("rhs/1.npy", 0, 3)];
    let summary = multiply(Pairs::check(lhs, rhs, &scratch.out()).expect("two pairs"));
    assert_eq!((summary.done, summary.work.flops), (2, 0.0));
    assert_eq!(f64s(&scratch.out().join("0.npy")).dim(), (0, 2));
    assert_eq!(f64s(&scratch.out().join("1.npy")), Array2::<f64>::zeros((2, 3)), "k = 0 gives zeros");
}

/// The reference, but it panics on products of 13 rows and refuses those of 17.
struct Superstitious;

impl Backend for Superstitious {
    fn info(&self) -> Info {
        Info { id: "superstitious", ..Reference.info() }
    }
    fn threading(&self) -> Threading {
        Threading::Single
    }
    fn support(&self, _op: Op, _dtype: DType) -> Support {
        Support::Fallback
    }
    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, gingham_core::Error> {
        Reference.limit(threads)
    }
}

impl<T: Scalar> MatMul<T> for Superstitious {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), gingham_core::Error> {
        match c.nrows() {
            13 => panic!("{} rows", c.nrows()),
            17 => Err(gingham_core::Error::Library { backend: "superstitious", message: "17 rows".into() }),
            _ => MatMul::matmul(&Reference, alpha, a, b, beta, c, threads),
        }
    }
}

impl<T: Scalar> Dot<T> for Superstitious {}
impl<T: Scalar> Fill<T> for Superstitious {}
impl<T: Scalar> Elementwise<T> for Superstitious {}
impl Ops<f32> for Superstitious {}
impl Ops<f64> for Superstitious {}

#[test]
fn panics_and_refusals_of_the_backend_fail_alone() {
    let scratch = Scratch::new();
    let rows = [12, 13, 14, 17, 18];
    let lhs = rows.map(|rows| scratch.write(&format!("lhs/{rows}.npy"), rows, 3)).to_vec();
    let rhs = rows.map(|rows| scratch.write(&format!("rhs/{rows}.npy"), 3, 2)).to_vec();
    for executor in [&Serial as &dyn Executor, &Threads::new(2).expect("two threads")] {
        let pairs = Pairs::check(lhs.clone(), rhs.clone(), &scratch.out()).expect("five pairs");
        let summary = pairs.multiply(&Superstitious, OpThreads::ONE, executor, 0, &|_| ());
        assert_eq!(scratch.outputs(), ["12.npy", "14.npy", "18.npy"]);
        assert_eq!(summary.done, 3);
        let [panicked, refused] = &summary.failed[..] else { panic!("two failures: {:?}", summary.failed) };
        assert_eq!((panicked.index, refused.index), (1, 3));
        assert!(panicked.to_string().ends_with("the backend panicked: 13 rows"), "{panicked}");
        assert!(refused.to_string().ends_with("superstitious: 17 rows"), "{refused}");
    }
}

#[test]
fn a_failed_pair_leaves_the_former_output() {
    let scratch = Scratch::new();
    let (lhs, rhs) = (vec![scratch.write("lhs/a.npy", 13, 3)], vec![scratch.write("rhs/a.npy", 3, 2)]);
    assert_eq!(multiply(Pairs::check(lhs.clone(), rhs.clone(), &scratch.out()).expect("a pair")).done, 1);
    let former = f64s(&scratch.out().join("a.npy"));
    let pairs = Pairs::check(lhs, rhs, &scratch.out()).expect("a pair");
    assert_eq!(pairs.multiply(&Superstitious, OpThreads::ONE, &Serial, 0, &|_| ()).failed.len(), 1);
    assert_eq!(f64s(&scratch.out().join("a.npy")), former);
    assert_eq!(scratch.outputs(), ["a.npy"]);
}

#[test]
fn requests_without_partners_are_refused() {
    let scratch = Scratch::new();
    let files: Vec<_> = ["a", "b", "c"].map(|name| scratch.path(name)).to_vec();
    let refusal = |lhs: &[PathBuf], rhs: &[PathBuf]| {
        Pairs::check(lhs.to_vec(), rhs.to_vec(), &scratch.out()).expect_err("a refusal").to_string()
    };
    assert!(refusal(&[], &[]).starts_with("no pairs: "));
    let message = refusal(&files, &files[..1]);
    assert!(message.contains("3 left files but 1 right files"), "{message}");
    assert!(message.contains(&format!("{} has no partner", files[1].display())), "{message}");
    let message = refusal(&[], &files);
    assert!(message.contains("0 left files but 3 right files"), "{message}");
    assert!(message.contains(&format!("{} has no partner", files[0].display())), "{message}");
    assert!(!scratch.out().exists(), "a refused request makes no directory");
}

#[test]
fn outputs_of_one_name_are_refused() {
    let scratch = Scratch::new();
    let lhs = vec![scratch.write("lhs/a.npy", 2, 2), scratch.write("rhs/a.npy", 2, 2)];
    match Pairs::check(lhs.clone(), lhs.clone(), &scratch.out()) {
        Err(Error::SameOutput { first, second, out }) => {
            assert_eq!([first, second], lhs[..]);
            assert_eq!(out, scratch.out().join("a.npy"));
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn outputs_in_the_place_of_inputs_are_refused() {
    let scratch = Scratch::new();
    let (lhs, rhs) = (scratch.write("lhs/a.npy", 2, 2), scratch.write("rhs/a.npy", 2, 2));
    let check = |lhs: &Path, rhs: &Path, out: &Path| Pairs::check(vec![lhs.into()], vec![rhs.into()], out);
    let refused = |checked| matches!(checked, Err(Error::ReplacesInput { .. }));
    assert!(refused(check(&lhs, &rhs, &scratch.path("lhs"))));
    assert!(refused(check(&lhs, &rhs, &scratch.path("rhs"))), "the right file as well");
    assert!(refused(check(&lhs, &rhs, &scratch.path("rhs/../lhs"))), "by another path");

    // Links: to the output directory, from it to an input, and from an input into it.
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(scratch.path(to), scratch.path(at)).expect("a link");
    link("lhs", "same");
    assert!(refused(check(&lhs, &rhs, &scratch.path("same"))));
    fs::create_dir(scratch.out()).expect("a directory");
    link("lhs/a.npy", "out/a.npy");
    assert!(refused(check(&scratch.path("out/a.npy"), &rhs, &scratch.out())), "the link is an input");
    fs::remove_file(scratch.path("out/a.npy")).expect("removed");
    fs::rename(&rhs, scratch.path("out/a.npy")).expect("moved");
    link("out/a.npy", "rhs/linked.npy");
    assert!(
        refused(check(&lhs, &scratch.path("rhs/linked.npy"), &scratch.out())),
        "what the link leads to is an input"
    );

    assert!(check(&lhs, &lhs, &scratch.path("elsewhere")).is_ok());
}

#[test]
fn an_output_directory_that_cannot_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let (lhs, rhs) = (scratch.write("lhs/a.npy", 2, 2), scratch.write("rhs/a.npy", 2, 2));
    let refusal = |out: &Path| {
        let checked = Pairs::check(vec![lhs.clone()], vec![rhs.clone()], out);
        checked.map(|_| "accepted".to_owned()).unwrap_or_else(|error| error.to_string())
    };
    for out in [lhs.clone(), lhs.join("below-a-file"), PathBuf::from("/proc/gingham")] {
        let message = refusal(&out);
        assert!(message.starts_with(&format!("cannot write to the output directory {}: ", out.display())), "{message}");
    }
    assert_eq!(refusal(&scratch.path("made/on/the/way")), "accepted");

    fs::create_dir(scratch.out()).expect("a directory");
    fs::set_permissions(scratch.out(), fs::Permissions::from_mode(0o555)).expect("chmod");
    if fs::write(scratch.path("out/probe"), "").is_ok() {
        eprintln!("skipped the read-only directory: this user may write to any");
        return;
    }
    assert!(refusal(&scratch.out()).contains("Permission denied"));
}
