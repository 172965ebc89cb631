//! Proof that the conformance suite works: a sound backend passes, and with one planted bug it fails the check for this
//! bug.

mod planted;

use gingham_core::conformance::{self, Report, Violation};
use gingham_core::{Binary, DType, Distribution, Op, Support, Threading, Unary, skip};
use planted::{Bug, Planted, START_VARIABLE};

const PER_CALL: Threading = Threading::PerCall { rayon: false };
const PROCESS: Threading = Threading::Process { var: "GINGHAM_PLANTED_NOTHING" };
const UNIFORM: Op = Op::Random(Distribution::Uniform);
const NORMAL: Op = Op::Random(Distribution::Normal);
const AT_START: Threading = Threading::AtStart { var: START_VARIABLE, allowed: &[1, 2] };

/// The check named `rule`, on `op` and f64, must find `bug`; so must all checks of `op` together.
fn found_by(bug: Bug, op: Op, rule: &str) {
    let backend = Planted::with(bug);
    let check = conformance::checks().find(|check| check.rule == rule).expect("a check of that name");
    let violation = check.run(&backend, op, DType::F64).expect_err("the bug must be found");
    assert_eq!((&*violation.backend, violation.rule), ("planted", rule));
    assert!(violation.found.contains(op.name()) && violation.to_string().contains("GINGHAM_SEED"), "{violation}");
    conformance::verify(&backend, op, DType::F64).expect_err("all checks together must find the bug");
}

macro_rules! found {
    ($($test:ident: $bug:ident in $op:expr, by $rule:literal;)*) => {$(
        #[test]
        fn $test() {
            found_by(Bug::$bug, $op, $rule);
        }
    )*
        const RULES: &[&str] = &[$($rule),*];
    };
}

found! {
    wrong_element: WrongElement in Op::MatMul, by "matmul::layouts";
    wrong_element_in_a_large_product: WrongElement in Op::MatMul, by "matmul::large";
    lost_last_row: LostLastRow in Op::MatMul, by "matmul::layouts";
    nan_in_first_column: NanInFirstColumn in Op::MatMul, by "matmul::integers";
    beta_zero_reads_c: BetaZeroReadsC in Op::MatMul, by "matmul::beta_zero";
    alpha_zero_reads_a: AlphaZeroReadsA in Op::MatMul, by "matmul::alpha_zero";
    adds_nothing: AddsNothing in Op::MatMul, by "matmul::nothing_added";
    lost_behind_a_zero_block: LostBehindZeroBlock in Op::MatMul, by "matmul::structured";
    symmetric_mirrored: SymmetricMirrored in Op::MatMul, by "matmul::structured";
    error_of_the_largest: ErrorOfTheLargest in Op::MatMul, by "matmul::structured";
    single_accumulation: SingleAccumulation in Op::MatMul, by "matmul::layouts";
    swapped_strides: SwappedStrides in Op::MatMul, by "matmul::layouts";
    zero_skipping: ZeroSkipping in Op::MatMul, by "matmul::no_skipping";
    k_zero_keeps_c: KZeroKeepsC in Op::MatMul, by "matmul::zero_sizes";
    last_of_block_lost: LastOfBlockLost in Op::MatMul, by "matmul::blocking";
    last_of_batch_lost: LastOfBatchLost in Op::MatMul, by "matmul::batch";
    beta_for_the_first_of_a_batch: BatchBetaForFirst in Op::MatMul, by "matmul::batch";
    alpha_ignored_in_a_batch: BatchIgnoresAlpha in Op::MatMul, by "matmul::batch";
    one_b_for_a_batch: BatchSharesB in Op::MatMul, by "matmul::batch_alike";
    remainder_of_a_batch_lost: BatchRemainderLost in Op::MatMul, by "matmul::batch_alike";
    alpha_zero_reads_a_in_a_batch: BatchAlphaZeroReadsA in Op::MatMul, by "matmul::batch_values";
    subnormals_flushed: SubnormalsFlushed in Op::MatMul, by "matmul::special_values";
    race_under_concurrent_callers: SharedScratch in Op::MatMul, by "matmul::concurrent";
    refuses_strides: RefusesStrides in Op::MatMul, by "matmul::layouts";
    broadcast_taken_once: BroadcastTakenOnce in Op::MatMul, by "matmul::broadcast";
    panics_on_empty: PanicsOnEmpty in Op::MatMul, by "matmul::zero_sizes";
    dot_skips_zeros: DotSkipsZeros in Op::Dot, by "dot::special_values";
    dot_races: SharedScratch in Op::Dot, by "dot::concurrent";
    last_of_a_long_dot_lost: LastOfManyLost in Op::Dot, by "dot::large";
    dot_drops_tail: DotDropsTail in Op::Dot, by "dot::layouts";
    dot_ignores_reversal: DotIgnoresReversal in Op::Dot, by "dot::integers";
    fill_loses_sign_of_zero: FillLosesSignOfZero in Op::Fill, by "fill::layouts";
    fill_races: SharedScratch in Op::Fill, by "fill::concurrent";
    last_of_a_long_fill_lost: LastOfManyLost in Op::Fill, by "fill::large";
    unary_races: SharedScratch in Op::Unary(Unary::Cos), by "elementwise::concurrent";
    last_of_a_long_unary_lost: LastOfManyLost in Op::Unary(Unary::Sqrt), by "elementwise::large";
    min_drops_nan: MinDropsNan in Op::Binary(Binary::Min), by "elementwise::special_values";
    stale_in_place: StaleInPlace in Op::Unary(Unary::Neg), by "elementwise::layouts";
    exp_ten_ulp_off: ExpTenUlpOff in Op::Unary(Unary::Exp), by "elementwise::accuracy";
    sin_reduces_naively: SinReducesNaively in Op::Unary(Unary::Sin), by "elementwise::special_values";
    broadcast_read_once: BroadcastReadOnce in Op::Binary(Binary::Add), by "elementwise::layouts";
    draw_ignores_reversal: DrawIgnoresReversal in NORMAL, by "distributions::layouts";
    draw_starts_anew: DrawStartsAnew in UNIFORM, by "distributions::pieces_fit";
    uniform_gives_one: UniformGivesOne in UNIFORM, by "distributions::values";
    uniform_lacks_bits: UniformLacksBits in UNIFORM, by "distributions::values";
    normal_too_wide: NormalTooWide in NORMAL, by "distributions::moments";
    same_number_always: SameNumberAlways in UNIFORM, by "distributions::shape";
    equal_streams: EqualStreams in UNIFORM, by "distributions::independence";
    overlapping_streams: OverlappingStreams in NORMAL, by "distributions::independence";
    last_of_a_long_draw_lost: LastOfManyLost in UNIFORM, by "distributions::large";
    draw_races: SharedScratch in NORMAL, by "distributions::concurrent";
}

/// Bugs that dense uniform numbers and special values do not find.
#[test]
fn some_bugs_are_found_by_one_check_alone() {
    let alone = [
        (Bug::AddsNothing, "matmul::nothing_added"),
        (Bug::LostBehindZeroBlock, "matmul::structured"),
        (Bug::SymmetricMirrored, "matmul::structured"),
        (Bug::ErrorOfTheLargest, "matmul::structured"),
    ];
    for (bug, rule) in alone {
        let others = conformance::checks().filter(|check| check.rule != rule && check.ops().any(|op| op == Op::MatMul));
        for check in others {
            let outcome = check.run(&Planted::with(bug), Op::MatMul, DType::F64);
            outcome.unwrap_or_else(|violation| panic!("{bug:?} is found by another check, too: {violation}"));
        }
    }
}

#[test]
fn every_check_has_a_saboteur() {
    let without: Vec<_> = conformance::checks().map(|check| check.rule).filter(|rule| !RULES.contains(rule)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn write_into_gap() {
    if cfg!(not(target_os = "linux")) {
        skip!("the planted write goes through /proc/self/mem");
        return;
    }
    for (bug, op, rule) in
        [(Bug::WriteIntoGap, Op::MatMul, "matmul::layouts"), (Bug::FillWritesNext, Op::Fill, "fill::layouts")]
    {
        let check = conformance::checks().find(|check| check.rule == rule).expect("a check of that name");
        let violation = check.run(&Planted::with(bug), op, DType::F64).expect_err("the write must be found");
        assert!(violation.found.contains("gap of the output was written"), "{violation}");
    }
}

#[test]
fn dishonest_support() {
    let backend = Planted::with(Bug::DishonestSupport);
    let violation = conformance::support::honest_everywhere(&backend).expect_err("matmul is the reference's");
    assert!(violation.found.contains("support() says native for matmul on f64, its calls say fallback"), "{violation}");
    assert_eq!(conformance::observed_support(&backend, Op::MatMul, DType::F32), Ok(Support::Fallback));
    assert_eq!(conformance::observed_support(&backend, Op::Dot, DType::F32), Ok(Support::Native));
}

#[test]
fn mixed_support() {
    let violation = conformance::support::honest(&Planted::with(Bug::MixedSupport), Op::MatMul, DType::F64)
        .expect_err("strided products are the reference's");
    assert!(violation.found.contains("is native for") && violation.found.contains("fallback for"), "{violation}");
}

#[test]
fn no_version() {
    let violation = conformance::info::filled_in(&Planted::with(Bug::NoVersion)).expect_err("no version, no number");
    assert!(violation.found.contains("version is empty"), "{violation}");
}

#[test]
fn silent_about_its_stack() {
    let violation = conformance::info::filled_in(&Planted::with(Bug::SilentAboutItsStack)).expect_err("a byte more");
    assert!(violation.found.contains("no note says so"), "{violation}");
}

#[test]
fn silent_about_its_variable() {
    for threading in [PROCESS, AT_START] {
        let backend = Planted::with_threads(Bug::SilentAboutItsVariable, threading);
        let violation = conformance::info::filled_in(&backend).expect_err("its threads hang on it");
        assert!(violation.found.contains("variables() does not declare"), "{violation}");
    }
    let backend = Planted::with_threads(Bug::SilentAboutAnEffect, AT_START);
    let violation = conformance::info::filled_in(&backend).expect_err("a name alone tells nobody what it does");
    assert!(violation.found.contains("no effect in words"), "{violation}");
}

#[test]
fn dot_on_the_stack() {
    let backend = Planted::with(Bug::DotOnTheStack);
    expect(conformance::stack::small(&backend, "saboteurs::dot_on_the_stack"), "stack::small", "dot on f64");
}

fn expect(outcome: Result<Report, Violation>, rule: &str, words: &str) {
    let violation = outcome.expect_err("the bug must be found");
    assert!(violation.rule == rule && violation.found.contains(words), "{violation}");
}

/// The check `$check` of threads must find the bug. It executes this program again, under the name of the test.
macro_rules! found_in_threads {
    ($($test:ident: $bug:ident in $threading:expr, by $check:ident, saying $words:literal;)*) => {$(
        #[test]
        fn $test() {
            let backend = Planted::with_threads(Bug::$bug, $threading);
            let test = concat!(module_path!(), "::", stringify!($test));
            let outcome = conformance::threads::$check(&backend, test);
            expect(outcome, concat!("threads::", stringify!($check)), $words);
        }
    )*};
}

found_in_threads! {
    ignored_limit_of_calls: IgnoredLimit in PER_CALL, by obeyed, saying "threads work on one call";
    ignored_limit_of_process: IgnoredLimit in PROCESS, by obeyed, saying "threads work on one call";
    third_thread: ThirdThread in PER_CALL, by obeyed, saying "2 op threads, 3 threads work on one call";
    threads_of_a_single_one: IgnoredLimit in Threading::Single, by obeyed, saying "threads work on one call";
    threads_at_start: IgnoredLimit in AT_START, by obeyed, saying "threads work on one call";
    limit_of_its_thread: LimitOfItsThread in PROCESS, by everywhere, saying "a call of another thread";
    calls_of_its_thread: LimitOfItsThread in PER_CALL, by everywhere, saying "a call of another thread";
    single_on_its_thread: LimitOfItsThread in Threading::Single, by everywhere, saying "a call of another thread";
    start_of_its_thread: LimitOfItsThread in AT_START, by everywhere, saying "a call of another thread";
    limit_not_restored: LimitNotRestored in PROCESS, by restored, saying "after an inner limit(1) has ended 1";
    limit_of_calls_kept: LimitNotRestored in PER_CALL, by restored, saying "after an inner limit(1) has ended 1";
    refusal_of_a_single_one_kept: LimitNotRestored in Threading::Single, by restored, saying "limit(2) has ended 2";
    refusal_at_start_kept: LimitNotRestored in AT_START, by restored, saying "limit(2) has ended 2";
    single_accepts_two: SingleAcceptsTwo in Threading::Single, by counts, saying "limit(2) must be refused here";
    at_start_accepts_any: AtStartAcceptsAny in AT_START, by counts, saying "must be refused here";
    last_row_of_a_thread_lost: LastRowOfAThreadLost in PER_CALL, by counts, saying "matmul, 2 op threads";
    numbers_of_a_thread: NumbersOfThread in PER_CALL, by counts, saying "random-uniform, 2 op threads";
    last_row_lost_in_process: LastRowOfAThreadLost in PROCESS, by counts, saying "matmul, 2 op threads";
    last_row_lost_at_start: LastRowOfAThreadLost in AT_START, by counts, saying "matmul, 2 op threads";
}

#[test]
fn a_check_whose_process_does_not_report_fails() {
    let outcome = conformance::threads::counts(&Planted::sound(PER_CALL), "saboteurs::no_such_test");
    expect(outcome, "threads::counts", "ended (exit status: 0) before its check");
}

/// The control: without a bug the same loops pass every check, with every kind of threads.
mod sound {
    mod single {
        use crate::{Planted, Threading};
        gingham_core::conformance!(Planted::sound(Threading::Single));
    }

    mod per_call {
        use crate::{PER_CALL, Planted};
        gingham_core::conformance!(Planted::sound(PER_CALL));
    }

    mod process {
        use crate::{PROCESS, Planted};
        gingham_core::conformance!(Planted::sound(PROCESS));
    }

    mod at_start {
        use crate::{AT_START, Planted};
        gingham_core::conformance!(Planted::sound(AT_START));
    }
}
