//! Every level that this CPU has passes the suite. A level that it lacks and an unknown name give errors that say so.

use std::env;
use std::process::Command;

use gingham_core::conformance::verify;
use gingham_core::ndarray::{Array1, Array2};
use gingham_core::{
    Backend, DType, Distribution, Error, Op, OpThreads, Stream, Support, dot, elementwise, fill, matmul, random, skip,
};
use gingham_simd::{Level, LevelError, Simd, VARIABLE};

/// Set in the process that a test starts to check the level variable.
const CHILD: &str = "GINGHAM_SIMD_TEST_CHILD";

fn conforms(level: Level) {
    let simd = match Simd::with_level(level) {
        Ok(simd) => simd,
        Err(error) => return skip!("{error}"),
    };
    for op in Op::all().filter(|&op| simd.support(op, DType::F64) == Support::Native) {
        for dtype in DType::ALL {
            let report = verify(&simd, op, dtype).unwrap_or_else(|violation| panic!("{level}: {violation}"));
            println!("{level} {op} {dtype}: {report}");
        }
    }
}

#[test]
fn portable() {
    conforms(Level::Portable);
}

#[test]
fn avx2() {
    conforms(Level::Avx2);
}

#[test]
fn avx512() {
    conforms(Level::Avx512);
}

#[test]
fn every_level_can_be_asked_for_and_says_which_it_is() {
    for level in Level::ALL {
        match Simd::with_level(level) {
            Ok(simd) => assert!(simd.info().kernels.starts_with(level.name()), "{}", simd.info().kernels),
            Err(error) => {
                assert!(!level.is_available());
                assert_eq!(error, LevelError::Missing { given: level });
                assert!(error.to_string().contains("it has portable"), "{error}");
            }
        }
    }
    assert!(Level::best().is_available());
    assert!(Level::ALL.into_iter().all(|level| level <= Level::best() || !level.is_available()));
}

#[test]
fn names_are_read_back() {
    for level in Level::ALL {
        assert_eq!(level.to_string().parse::<Level>(), Ok(level));
    }
    let error = "avx1024".parse::<Level>().unwrap_err();
    assert!(error.to_string().contains("`avx1024`; expected portable, avx2 or avx512"), "{error}");
}

/// The variable belongs to the process, so each value gets a process of its own.
#[test]
fn the_variable_forces_a_level_and_nothing_stands_in_for_a_bad_one() {
    if env::var_os(CHILD).is_some() {
        let simd = Simd::new();
        println!("kernels: {}", simd.info().kernels);
        let refused = every_call(&simd);
        if Simd::from_env().is_ok() {
            assert!(refused.is_empty(), "{refused:?}");
        } else {
            assert_eq!(refused.len(), 7);
            assert!(
                refused.iter().all(|error| matches!(error, Error::Library { backend, .. } if *backend == "simd")),
                "{refused:?}"
            );
        }
        return;
    }
    let available = Level::ALL.into_iter().filter(|level| level.is_available());
    for level in available {
        assert!(kernels_with(level.name()).starts_with(level.name()));
    }
    assert!(kernels_with("").starts_with(Level::best().name()));
    assert!(kernels_with("fast").starts_with("none: GINGHAM_SIMD: unknown SIMD level `fast`"));
}

/// The errors of `limit` and of one call of every family.
fn every_call(simd: &Simd) -> Vec<Error> {
    let one = OpThreads::ONE;
    let (a, x) = (Array2::<f64>::ones((3, 3)), Array1::<f64>::ones(3));
    let (mut c, mut out) = (a.clone(), x.clone());
    let outcomes = [
        simd.limit(one).map(drop),
        matmul::matmul(simd, 1.0, a.view(), a.view(), 0.0, c.view_mut(), one),
        dot::dot(simd, x.view(), x.view(), one).map(drop),
        fill::fill(simd, 2.0, out.view_mut(), one),
        elementwise::unary(simd, gingham_core::Unary::Neg, None, out.view_mut(), one),
        elementwise::binary(simd, gingham_core::Binary::Add, None, x.view(), out.view_mut(), one),
        random::random(simd, Distribution::Normal, Stream::new(1, 1), out.view_mut(), one),
    ];
    outcomes.into_iter().filter_map(Result::err).collect()
}

fn kernels_with(value: &str) -> String {
    let test = "the_variable_forces_a_level_and_nothing_stands_in_for_a_bad_one";
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .env(VARIABLE, value)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{VARIABLE}={value}: {text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.split_once("kernels: ").map(|(_, kernels)| kernels.to_owned()));
    line.unwrap_or_else(|| panic!("no line with the kernels in {text}"))
}
