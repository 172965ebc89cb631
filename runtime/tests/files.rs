//! Pairs of files: exact products of every kind of file, and failures that stay with the pair that has them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use gingham_core::reference::Reference;
use gingham_core::{
    Backend, BackendId, DType, Dot, Elementwise, Fill, Info, Limit, MatMul, Op, OpThreads, Ops, Registry, Scalar,
    Support, Threading, skip,
};
use gingham_runtime::Engine;
use gingham_runtime::files::{
    Error, Failure, Job, Options, Pair, Pairs, Problem, Summary, Verify, Work, prepare, sync,
};
use gingham_runtime::npy::{self, Array, Partials};
use ndarray::{Array2, Array3, ArrayD, ArrayView2, ArrayViewMut2, Axis, IxDyn};
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
        self.save(name, &integers(rows, columns, name.bytes().map(usize::from).sum()).into_dyn())
    }

    fn save(&self, name: &str, array: &ArrayD<f64>) -> PathBuf {
        let path = self.path(name);
        Partials::default().write(&path, &array.view()).expect("written");
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
    values(path).into_dimensionality().expect("a matrix")
}

fn values(path: &Path) -> ArrayD<f64> {
    match npy::read(path, None).expect("a readable file") {
        Array::F64(a) => a,
        Array::F32(a) => a.mapv(f64::from),
    }
}

/// The i-th of either side.
fn pairs(lhs: &[PathBuf], rhs: &[PathBuf], out: &Path) -> Vec<Pair> {
    assert_eq!(lhs.len(), rhs.len());
    let out = |lhs: &Path| out.join(lhs.file_name().expect("a file"));
    let pair = |(lhs, rhs): (&PathBuf, &PathBuf)| Pair { lhs: lhs.clone(), rhs: rhs.clone(), out: out(lhs) };
    lhs.iter().zip(rhs).map(pair).collect()
}

fn check(lhs: &[PathBuf], rhs: &[PathBuf], out: &Path) -> Result<Pairs, Error> {
    Pairs::check(pairs(lhs, rhs, out), Options::default())
}

/// Ways to spread pairs.
const SPREADS: [&str; 2] = ["serial", "threads:2:1"];

fn engine(backend: &str, spread: &str) -> Engine {
    let registry = Registry::new().with(Superstitious);
    Engine::new(&registry, &format!("{backend}+{spread}").parse().expect("a combination")).expect("an engine")
}

fn multiply_by(
    pairs: Pairs,
    engine: &Engine,
    verify: Verify,
    progress: &(dyn Fn(usize, Result<Work, &Failure>) + Sync),
) -> Summary {
    let (partials, stop) = (Partials::default(), AtomicBool::new(false));
    let engine = engine.limited().expect("one op thread");
    let job = Job { engine: &engine, verify, partials: &partials, stop: &stop };
    if let Some(pair) = pairs.good().next() {
        prepare(pair.out.parent().expect("a directory")).expect("an output directory");
    }
    pairs.multiply(&job, progress)
}

fn multiply(pairs: Pairs) -> Summary {
    multiply_by(pairs, &engine("reference", "serial"), Verify::Always, &|_, _| ())
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
    for engine in SPREADS.map(|spread| engine("reference", spread)) {
        for verify in [Verify::Always, Verify::Never] {
            let pairs = check(&lhs, &rhs, &scratch.out()).expect("32 pairs");
            assert!(pairs.bad.is_empty());
            let heard = Mutex::new(BTreeSet::new());
            let summary = multiply_by(pairs, &engine, verify, &|index, result| {
                assert_eq!(result.expect("a product").flops, 2.0 * 5.0 * 7.0 * 3.0);
                let name = lhs[index].file_name().expect("a name");
                assert!(scratch.out().join(name).exists(), "told before it was written");
                heard.lock().expect("no panic").insert(index);
            });
            assert_eq!((summary.done, summary.failed.len()), (32, 0));
            assert_eq!(summary.work.bytes_read, 16 * (35 + 21) * (8 + 4));
            assert_eq!(summary.work.bytes_written, 16 * 15 * (8 + 4));
            assert_eq!(summary.work.flops, 32.0 * 2.0 * 5.0 * 7.0 * 3.0);
            assert_eq!(summary.work.verified, if verify == Verify::Always { 32 } else { 0 });
            assert!(summary.seconds > 0.0);
            assert!(heard.into_inner().expect("no panic").into_iter().eq(0..32));
            assert_eq!(scratch.outputs().len(), 32, "nothing but the products");
            for path in &lhs {
                let out = scratch.out().join(path.file_name().expect("a name"));
                assert_eq!(f64s(&out), a.dot(&b), "{}", out.display());
                let dtype = npy::read(&out, None).expect("readable").dtype();
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
    for name in ["0", "1-shapes", "2-dtypes", "3-truncated", "4-axes", "5-missing", "6-spoilt-later", "7"] {
        lhs.push(scratch.write(&format!("lhs/{name}.npy"), 4, 3));
        rhs.push(scratch.write(&format!("rhs/{name}.npy"), 3, 2));
    }
    scratch.write("rhs/1-shapes.npy", 5, 2);
    fs::write(&rhs[2], encode(&integers(3, 2, 0), DType::F32, false, false)).expect("written");
    let bytes = fs::read(&lhs[3]).expect("a file");
    fs::write(&lhs[3], &bytes[..bytes.len() - 9]).expect("written");
    scratch.save("rhs/4-axes.npy", &ArrayD::zeros(IxDyn(&[1, 1, 3, 2])));
    fs::remove_file(&rhs[5]).expect("removed");

    let pairs = check(&lhs, &rhs, &scratch.out()).expect("eight pairs");
    assert!(pairs.bad.iter().map(|failure| failure.index).eq(1..=5), "seen in the headers");
    scratch.write("rhs/6-spoilt-later.npy", 7, 2);

    let heard = Mutex::new(Vec::new());
    let summary = multiply_by(pairs, &engine("reference", "serial"), Verify::Auto, &|index, result| {
        heard.lock().expect("no panic").push((index, result.is_ok()));
    });
    let heard = heard.into_inner().expect("no panic");
    let expected = [(0, true), (6, false), (7, true)];
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
        (1, "shapes [4, 3] x [5, 2]; expected as many columns on the left as rows on the right"),
        (2, "f64 x f32; expected one dtype"),
        (3, "lhs/3-truncated.npy: truncated: 9 bytes of the data are missing"),
        (4, "an array of 4 axes, shape [1, 1, 3, 2]; expected a vector, a matrix, or a stack"),
        (5, "rhs/5-missing.npy: cannot open: No such file"),
        (6, "shapes [4, 3] x [7, 2]; expected as many columns"),
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
    let summary = multiply(check(&lhs, &rhs, &scratch.out()).expect("three pairs"));
    let [refused, beyond] = &summary.failed[..] else { panic!("two failures: {:?}", summary.failed) };
    assert!(refused.to_string().contains("no memory for the product, shape [33554432, 33554432]"), "{refused}");
    assert!(matches!(beyond.problem, Problem::Memory { needs: u64::MAX, .. }), "{beyond}");
    assert_eq!(summary.done, 1);
}

#[test]
fn a_pair_beyond_the_available_memory_fails_alone() {
    let scratch = Scratch::new();
    let large = |i| scratch.write(&format!("lhs/{i}.npy"), 1000, 500);
    let lhs = vec![large(0), large(1), scratch.write("lhs/2.npy", 2, 500)];
    let rhs = [0, 1, 2].map(|i| scratch.write(&format!("rhs/{i}.npy"), 500, 1000)).to_vec();
    let mib = |n: u64| n << 20;
    let checked = |memory| {
        Pairs::check(pairs(&lhs, &rhs, &scratch.out()), Options { memory, ..Options::default() }).expect("three pairs")
    };
    // The large ones take 15.3 MiB, and a worker has 8 MiB beside.
    let too_little = checked(mib(20));
    assert_eq!(too_little.bad.len(), 2);
    let message = too_little.bad[0].to_string();
    assert!(message.ends_with("the pair needs 23.3 MiB, and 18.0 MiB of memory are available"), "{message}");
    assert_eq!(checked(mib(30)).fitting(), (1, 15 * 1_000_000 + 1_000_000 + mib(8)));
    assert_eq!(checked(mib(60)).fitting().0, 2);
    let summary = multiply(too_little);
    assert_eq!((summary.done, summary.failed.len()), (1, 2));
}

#[test]
fn matrices_without_elements_have_products() {
    let scratch = Scratch::new();
    let lhs = vec![scratch.write("lhs/0.npy", 0, 3), scratch.write("lhs/1.npy", 2, 0)];
    let rhs = vec![scratch.write("rhs/0.npy", 3, 2), scratch.write("rhs/1.npy", 0, 3)];
    let summary = multiply(check(&lhs, &rhs, &scratch.out()).expect("two pairs"));
    assert_eq!((summary.done, summary.work.flops), (2, 0.0));
    assert_eq!(f64s(&scratch.out().join("0.npy")).dim(), (0, 2));
    assert_eq!(f64s(&scratch.out().join("1.npy")), Array2::<f64>::zeros((2, 3)), "k = 0 gives zeros");
}

/// The reference, but it panics on products of 13 rows, refuses products of 17, and leaves a zero in products of 19.
struct Superstitious;

impl Backend for Superstitious {
    fn info(&self) -> Info {
        Info::new(BackendId::new("superstitious"), "plain loops", "1")
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
            17 => Err(gingham_core::Error::Library {
                backend: BackendId::new("superstitious"),
                message: "17 rows".into(),
            }),
            19 => {
                let mut c = c;
                MatMul::matmul(&Reference, alpha, a, b, beta, c.view_mut(), threads)?;
                c[[18, 1]] = T::zero();
                Ok(())
            }
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
    for spread in SPREADS {
        let pairs = check(&lhs, &rhs, &scratch.out()).expect("five pairs");
        let summary = multiply_by(pairs, &engine("superstitious", spread), Verify::Always, &|_, _| ());
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
    assert_eq!(multiply(check(&lhs, &rhs, &scratch.out()).expect("a pair")).done, 1);
    let former = f64s(&scratch.out().join("a.npy"));
    let pairs = check(&lhs, &rhs, &scratch.out()).expect("a pair");
    assert_eq!(multiply_by(pairs, &engine("superstitious", "serial"), Verify::Auto, &|_, _| ()).failed.len(), 1);
    assert_eq!(f64s(&scratch.out().join("a.npy")), former);
    assert_eq!(scratch.outputs(), ["a.npy"]);
}

#[test]
fn a_wrong_product_fails_and_is_not_written() {
    let scratch = Scratch::new();
    let lhs = [18, 19, 20].map(|rows| scratch.write(&format!("lhs/{rows}.npy"), rows, 3)).to_vec();
    let rhs = [18, 19, 20].map(|rows| scratch.write(&format!("rhs/{rows}.npy"), 3, 2)).to_vec();
    let checked = || check(&lhs, &rhs, &scratch.out()).expect("three pairs");
    let summary = multiply_by(checked(), &engine("superstitious", "serial"), Verify::Always, &|_, _| ());
    assert_eq!((summary.done, summary.work.verified), (2, 2));
    assert_eq!(scratch.outputs(), ["18.npy", "20.npy"]);
    let [wrong] = &summary.failed[..] else { panic!("one failure: {:?}", summary.failed) };
    assert!(matches!(wrong.problem, Problem::Wrong { slice: None, wrong } if wrong.row == 18), "{wrong}");
    let never = multiply_by(checked(), &engine("superstitious", "serial"), Verify::Never, &|_, _| ());
    assert_eq!((never.done, never.failed.len(), never.work.verified), (3, 0, 0));

    // The wrong one of a stack.
    let a = Array3::from_shape_fn((4, 19, 3), |(s, i, j)| (s + i + j) as f64).into_dyn();
    let (a, b) = (scratch.save("lhs/stack.npy", &a), scratch.write("rhs/stack.npy", 3, 2));
    let stack = check(&[a], &[b], &scratch.out()).expect("a pair");
    let summary = multiply_by(stack, &engine("superstitious", "threads:2:1"), Verify::Always, &|_, _| ());
    assert!(matches!(summary.failed[0].problem, Problem::Wrong { slice: Some(0), .. }), "{}", summary.failed[0]);
    assert!(summary.failed[0].to_string().ends_with("(product 0 of the stack); it is not written"));
}

#[test]
fn stacks_and_vectors_are_multiplied_as_numpy_multiplies_them() {
    let scratch = Scratch::new();
    let array = |shape: &[usize], seed: usize| {
        let count = shape.iter().product::<usize>();
        let values = (0..count).map(|i| ((5 * i + seed) % 13) as f64 - 6.0);
        ArrayD::from_shape_vec(IxDyn(shape), values.collect()).expect("the shape")
    };
    // Shapes of the factors, and of their product by numpy.matmul.
    let cases: [(&[usize], &[usize], &[usize]); 9] = [
        (&[4, 3, 5], &[4, 5, 2], &[4, 3, 2]),
        (&[4, 3, 5], &[5, 2], &[4, 3, 2]),
        (&[3, 5], &[4, 5, 2], &[4, 3, 2]),
        (&[1, 3, 5], &[4, 5, 2], &[4, 3, 2]),
        (&[5], &[5, 2], &[2]),
        (&[3, 5], &[5], &[3]),
        (&[5], &[5], &[]),
        (&[5], &[4, 5, 2], &[4, 2]),
        (&[0, 3, 5], &[5, 2], &[0, 3, 2]),
    ];
    for spread in SPREADS {
        for (i, (left, right, expected)) in cases.into_iter().enumerate() {
            let (a, b) = (array(left, i), array(right, i + 1));
            let lhs = [scratch.save(&format!("lhs/{i}.npy"), &a)];
            let rhs = [scratch.save(&format!("rhs/{i}.npy"), &b)];
            let checked = check(&lhs, &rhs, &scratch.out()).expect("a pair");
            let summary = multiply_by(checked, &engine("reference", spread), Verify::Always, &|_, _| ());
            assert_eq!((summary.done, summary.work.verified), (1, 1), "{left:?} x {right:?}: {:?}", summary.failed);
            let product = values(&scratch.out().join(format!("{i}.npy")));
            assert_eq!(product.shape(), expected, "{left:?} x {right:?}");
            // Element by element, by the definition.
            let rows = |a: &ArrayD<f64>| if left.len() == 1 { a.clone().insert_axis(Axis(0)) } else { a.clone() };
            let columns = |b: &ArrayD<f64>| if right.len() == 1 { b.clone().insert_axis(Axis(1)) } else { b.clone() };
            let slice = |a: ArrayD<f64>, s: usize| -> Array2<f64> {
                let a = if a.ndim() == 3 { a.index_axis(Axis(0), s % a.shape()[0].max(1)).to_owned() } else { a };
                a.into_dimensionality().expect("a matrix")
            };
            let stack = if expected.len() == 3 || left.len() + right.len() == 4 && expected == [4, 2] {
                expected[0]
            } else {
                1
            };
            let all =
                (0..stack).flat_map(|s| slice(rows(&a), s).dot(&slice(columns(&b), s)).into_iter().collect::<Vec<_>>());
            assert!(product.iter().copied().eq(all), "{left:?} x {right:?}");
        }
    }
}

#[test]
fn integers_are_multiplied_by_a_cast() {
    let scratch = Scratch::new();
    let integer = |name: &str| {
        let dictionary = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }";
        let values = [1_i32, -2, 3, 4].map(i32::to_le_bytes).concat();
        let head = [b"\x93NUMPY\x01\x00\x76\x00", format!("{dictionary:<117}\n").as_bytes()].concat();
        fs::write(scratch.path(name), [head, values].concat()).expect("written");
        scratch.path(name)
    };
    let (lhs, rhs) = (vec![integer("lhs/a.npy")], vec![integer("rhs/a.npy")]);
    let bad = check(&lhs, &rhs, &scratch.out()).expect("a pair");
    assert!(bad.bad[0].to_string().contains("dtype int32; expected float64 or float32: `--cast f64`"));
    assert!(bad.workload().is_none(), "nothing to make a plan for");
    for dtype in DType::ALL {
        let options = Options { cast: Some(dtype), ..Options::default() };
        let checked = Pairs::check(pairs(&lhs, &rhs, &scratch.out()), options).expect("a pair");
        assert_eq!(multiply(checked).done, 1);
        let product = npy::read(&scratch.path("out/a.npy"), None).expect("a product");
        assert_eq!(product.dtype(), dtype);
        assert_eq!(f64s(&scratch.path("out/a.npy")), ndarray::array![[-5.0, -10.0], [15.0, 10.0]]);
    }
}

#[test]
fn existing_products_are_skipped_where_they_are_whole() {
    let scratch = Scratch::new();
    let names = ["a", "b", "c", "d"];
    let lhs = names.map(|name| scratch.write(&format!("lhs/{name}.npy"), 4, 3)).to_vec();
    let rhs = names.map(|name| scratch.write(&format!("rhs/{name}.npy"), 3, 2)).to_vec();
    assert_eq!(multiply(check(&lhs, &rhs, &scratch.out()).expect("four pairs")).done, 4);
    // One was emptied by a power cut, one is of another shape, one has gone.
    fs::write(scratch.path("out/b.npy"), "").expect("emptied");
    scratch.write("out/c.npy", 4, 3);
    fs::remove_file(scratch.path("out/d.npy")).expect("removed");
    let options = Options { skip_existing: true, ..Options::default() };
    let checked = Pairs::check(pairs(&lhs, &rhs, &scratch.out()), options).expect("four pairs");
    assert!(checked.present.iter().map(|pair| &pair.out).eq([&scratch.path("out/a.npy")]));
    let heard = Mutex::new(BTreeSet::new());
    let summary = multiply_by(checked, &engine("reference", "serial"), Verify::Auto, &|index, _| {
        heard.lock().expect("no panic").insert(index);
    });
    assert_eq!((summary.done, heard.into_inner().expect("no panic")), (3, BTreeSet::from([1, 2, 3])));
    for (lhs, rhs) in lhs.iter().zip(&rhs) {
        assert_eq!(f64s(&scratch.out().join(lhs.file_name().expect("a name"))), f64s(lhs).dot(&f64s(rhs)));
    }
}

#[test]
fn a_stopped_run_leaves_whole_files_and_says_what_is_left() {
    let scratch = Scratch::new();
    let lhs: Vec<_> = (0..20).map(|i| scratch.write(&format!("lhs/{i}.npy"), 4, 3)).collect();
    let rhs: Vec<_> = (0..20).map(|i| scratch.write(&format!("rhs/{i}.npy"), 3, 2)).collect();
    for spread in SPREADS {
        let pairs = check(&lhs, &rhs, &scratch.out()).expect("twenty pairs");
        prepare(&scratch.out()).expect("an output directory");
        let (partials, stop) = (Partials::default(), AtomicBool::new(false));
        let engine = engine("reference", spread);
        let engine = engine.limited().expect("one op thread");
        let job = Job { engine: &engine, verify: Verify::Auto, partials: &partials, stop: &stop };
        let done = Mutex::new(0);
        let summary = pairs.multiply(&job, &|_, _| {
            let mut done = done.lock().expect("no panic");
            *done += 1;
            stop.store(*done >= 5, Relaxed);
        });
        assert!((5..=6).contains(&summary.done), "{}", summary.done);
        assert_eq!((summary.left, scratch.outputs().len()), (20 - summary.done, summary.done));
        sync(&scratch.out()).expect("synced");
        fs::remove_dir_all(scratch.out()).expect("removed for the next executor");
    }
}

#[test]
fn outputs_of_one_name_are_refused() {
    let scratch = Scratch::new();
    let lhs = [scratch.write("lhs/a.npy", 2, 2), scratch.write("rhs/a.npy", 2, 2)];
    match check(&lhs, &lhs, &scratch.out()) {
        Err(error @ Error::SameOutput { .. }) => {
            let (message, out) = (error.to_string(), scratch.out().join("a.npy"));
            assert!(message.contains(&format!("would both be written to {}", out.display())), "{message}");
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert!(!scratch.out().exists(), "a refused request makes no directory");
}

#[test]
fn outputs_in_the_place_of_inputs_are_refused() {
    let scratch = Scratch::new();
    let (lhs, rhs) = (scratch.write("lhs/a.npy", 2, 2), scratch.write("rhs/a.npy", 2, 2));
    let check = |lhs: &Path, rhs: &Path, out: &Path| check(&[lhs.into()], &[rhs.into()], out);
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
    fs::remove_file(scratch.path("out/a.npy")).expect("removed");
    fs::remove_file(scratch.path("rhs/linked.npy")).expect("removed");
    let rhs = scratch.write("rhs/b.npy", 2, 2);
    link("rhs/b.npy", "out/a.npy");
    assert!(refused(check(&lhs, &rhs, &scratch.out())), "the output would be written through a link");

    assert!(check(&lhs, &lhs, &scratch.path("elsewhere")).is_ok());
}

#[test]
fn an_output_directory_that_cannot_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let file = scratch.write("lhs/a.npy", 2, 2);
    let refusal = |out: &Path| prepare(out).map(|()| "accepted".to_owned()).unwrap_or_else(|error| error.to_string());
    for out in [file.clone(), file.join("below-a-file"), PathBuf::from("/proc/gingham")] {
        let message = refusal(&out);
        assert!(message.starts_with(&format!("cannot write to the output directory {}: ", out.display())), "{message}");
    }
    assert_eq!(refusal(&scratch.path("made/on/the/way")), "accepted");

    fs::create_dir(scratch.out()).expect("a directory");
    fs::set_permissions(scratch.out(), fs::Permissions::from_mode(0o555)).expect("chmod");
    if fs::write(scratch.path("out/probe"), "").is_ok() {
        skip!("this user may write to a read-only directory");
        return;
    }
    assert!(refusal(&scratch.out()).contains("Permission denied"));
}
