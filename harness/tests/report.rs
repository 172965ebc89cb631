//! Reports of fixed outcomes: what is shown never contradicts the verdict, a verdict claims no more than was measured,
//! and a table fits its terminal.

use gingham_core::{DType, Op};
use gingham_harness::outcome::{Coverage, Outcome, Row, SCHEMA, Sample, Site, Status};
use gingham_harness::report::{Format, Page, render};
use gingham_harness::search::{Stop, Unstarted, WarningKind};
use gingham_machine::ceilings::Rates;
use gingham_machine::{Ceilings, Machine};
use gingham_runtime::{Combination, Workload};
use serde_json::json;

const TASKS: usize = 8;

fn combination(name: &str) -> Combination {
    name.parse().unwrap()
}

/// Samples of `tasks` tasks in rounds `from ..`, each with the seconds that it took.
fn samples(from: usize, tasks: usize, seconds: &[f64]) -> Vec<Sample> {
    seconds.iter().enumerate().map(|(i, &wall_s)| Sample::new(from + i, wall_s, tasks)).collect()
}

/// A tuning of 8 tasks on two CPUs whose winner is `best`; `fresh` are samples in fresh processes.
fn outcome(best: &str, tied: &[&str], rows: Vec<Row>, fresh: &[(&str, Vec<Sample>)]) -> Outcome {
    let rates = Rates { fma_f64: 1e9, fma_f32: 2e9, read: 1e9, write: 1e9, copy: 1e9 };
    let mut machine = Machine::probe();
    (machine.cpu_model, machine.usable_cpus) = ("Loom 9".into(), 2);
    let site = Site::new(machine, Vec::new(), Ceilings::new(rates.clone(), rates, 2, 1));
    let confirmed = |(name, samples): &(&str, Vec<Sample>)| {
        let empty: Option<[f64; 2]> = None;
        json!({ "combination": name, "private": false, "median_s": 1.0, "ci95_s": empty, "samples": samples })
    };
    let confirmed: Vec<_> = fresh.iter().map(confirmed).collect();
    let outcome = json!({
        "schema": SCHEMA,
        "machine": site,
        "versions": {},
        "workload": workload(),
        "arena_tasks": TASKS,
        "prefault_s": 0.0,
        "seed": 0,
        "tolerance": 0.02,
        "trials": rows,
        "rounds": { "kept": 12, "repeated": 0 },
        "best": best,
        "tied": tied,
        "confirmation": (!fresh.is_empty()).then_some(json!({ "rounds": 12, "trials": confirmed })),
        "stopped_because": "one left",
        "stopped": Stop::OneLeft,
        "warnings": ["others had the machine"],
        "warning_kinds": [WarningKind::Disturbed],
        "elapsed_s": 1.0,
    });
    serde_json::from_value::<Outcome>(outcome).expect("an outcome").derive()
}

fn workload() -> Workload {
    Workload::new(Op::MatMul, DType::F64, "8", None, TASKS).unwrap()
}

fn row(name: &str, samples: Vec<Sample>) -> Row {
    let mut row = Row::new(combination(name), &workload());
    (row.status, row.samples) = (Status::Ok, samples);
    row
}

fn unstarted(name: &str, why: Unstarted) -> Row {
    let mut row = row(name, Vec::new());
    (row.status, row.not_started, row.reason) = (Status::Skipped, Some(why.cause()), Some(why.to_string()));
    row.ruled_out = matches!(why, Unstarted::Rule(_));
    row
}

fn failed(name: &str, reason: &str) -> Row {
    let mut row = row(name, Vec::new());
    (row.status, row.reason) = (Status::Failed, Some(reason.into()));
    row
}

/// A row that left before the end of the race.
fn early(name: &str, samples: Vec<Sample>) -> Row {
    let mut row = row(name, samples);
    row.eliminated = Some("heat".into());
    row
}

/// A row that was proven slower than the leader.
fn slower(name: &str, by: [f64; 2], samples: Vec<Sample>) -> Row {
    let mut row = row(name, samples);
    (row.slower_by, row.eliminated) = (Some(by), Some("slower".into()));
    row
}

/// A whole race: the machine was twice as fast while `early` ran as when the winner was confirmed.
fn raced() -> Outcome {
    let rows = vec![
        early("faer+rayon:2", samples(0, 2, &[0.11, 0.11])),
        early("nalgebra+serial", samples(90, 8, &[0.1])),
        slower("simd+serial", [0.4, 0.6], samples(0, 8, &[0.9; 6])),
        row("faer+threads:2", samples(0, 8, &[0.49; 6])),
        row("simd+threads:2", samples(0, 8, &[0.1, 0.1, 0.5, 0.5, 0.5, 0.5])),
        unstarted("simd:2+rayon:2", Unstarted::Rule("a rule".into())),
        unstarted("reference+serial", Unstarted::Bound { times: 9.0, than: combination("simd+serial") }),
    ];
    let fresh = [
        ("simd+threads:2", samples(10, 8, &[1.0; 12])),
        ("simd+serial", samples(10, 8, &[1.5; 12])),
        ("faer+threads:2", samples(10, 8, &[0.99; 12])),
    ];
    outcome("simd+threads:2", &["faer+threads:2"], rows, &fresh)
}

fn find<'a>(outcome: &'a Outcome, name: &str) -> &'a Row {
    outcome.trials.iter().find(|row| row.combination == combination(name)).unwrap()
}

#[test]
fn every_figure_is_the_winners_times_a_ratio_in_shared_rounds() {
    let outcome = raced();
    let names: Vec<String> = outcome.trials.iter().take(5).map(|row| row.combination.to_string()).collect();
    let expected = ["simd:1+threads:2", "faer:1+threads:2", "simd:1+serial", "faer:1+rayon:2", "nalgebra:1+serial"];
    assert_eq!(names, expected, "the winner, the tie, and the others by ratio");

    let figures = |name: &str| {
        let row = find(&outcome, name);
        (row.ratio_to_best, row.shared_rounds, row.median_s, row.confirmed, row.extrapolated)
    };
    assert_eq!(figures("simd+threads:2"), (Some(1.0), 12, Some(1.0), true, false));
    assert_eq!(
        figures("faer+threads:2"),
        (Some(0.99), 12, Some(0.99), true, false),
        "though it took 0.49 s in the race"
    );
    assert_eq!(figures("simd+serial"), (Some(1.5), 12, Some(1.5), true, false));
    let (ratio, rounds, median, confirmed, extrapolated) = figures("faer+rayon:2");
    // Two of eight tasks on two workers in 0.11 s, beside all eight in 0.1 s.
    assert!((ratio.unwrap() - 4.4).abs() < 1e-9 && ratio == median, "{ratio:?} {median:?}");
    assert_eq!((rounds, confirmed, extrapolated), (2, false, true));
    assert_eq!(figures("nalgebra+serial"), (None, 0, None, false, false), "it shares no round with the winner");
    let best = outcome.best_row().unwrap();
    assert_eq!((best.ci95_s, find(&outcome, "simd+serial").ratio_ci95), (Some([1.0, 1.0]), Some([1.5, 1.5])));
}

#[test]
fn a_batch_of_which_a_part_was_run_is_extrapolated_and_marked() {
    let rows = vec![row("simd+threads:2", samples(0, 2, &[0.25; 6])), row("simd+serial", samples(0, 8, &[1.5; 6]))];
    let outcome = outcome("simd+threads:2", &[], rows, &[]);
    assert!(outcome.trials.iter().all(|row| row.extrapolated), "all rest on the winner's time");
    assert_eq!(outcome.best_row().unwrap().median_s, Some(1.0), "four waves");
    let text = render(&outcome, Format::Table, Page::FILE);
    assert!(text.contains("~1.00 s") && text.contains("~: scaled up from a part of the batch"), "{text}");
    assert!(text.contains("not confirmed in fresh processes"), "{text}");
}

/// The speed-up over plain loops would be that of the kernels.
#[test]
fn the_reference_is_no_basis_of_x_serial_beside_others() {
    let reference = || row("reference+serial", samples(0, 8, &[30.0; 6]));
    let rows = vec![row("faer:2+serial", samples(0, 8, &[1.0; 6])), reference()];
    let outcome_of_two = outcome("faer:2+serial", &[], rows, &[]);
    for format in [Format::Table, Format::Markdown] {
        let text = render(&outcome_of_two, format, Page::FILE);
        let said = "no x serial: no backend but the reference ran on one thread";
        assert!(text.contains(said) && !text.contains("30.00 x serial"), "{text}");
    }
    let alone = outcome("reference+serial", &[], vec![reference()], &[]);
    assert!(verdict(&alone).contains(", 1.00 x serial"), "alone it is");
    let rows =
        vec![row("faer:2+serial", samples(0, 8, &[1.0; 6])), reference(), row("faer+serial", samples(0, 8, &[1.5; 2]))];
    assert!(verdict(&outcome("faer:2+serial", &[], rows, &[])).contains(", 1.50 x serial"), "over its own one thread");
}

/// The first line of headings.
fn headings(text: &str) -> &str {
    text.lines().find(|line| line.contains("x serial")).unwrap_or_else(|| panic!("no headings in {text}"))
}

/// The first line that begins with `name`.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"))
}

#[test]
fn a_table_fits_its_terminal_and_the_least_important_columns_go_first() {
    let outcome = raced();
    let mut columns = usize::MAX;
    for width in [160, 120, 100, 80] {
        let text = render(&outcome, Format::Table, Page { terminal: Some(width), warnings: false });
        for line in text.lines() {
            assert!(line.trim_end().chars().count() <= width, "{width}: {line}");
        }
        let shown = headings(&text).split("  ").filter(|cell| !cell.trim().is_empty()).count();
        assert!(shown <= columns, "{width}: {text}");
        columns = shown;
        assert!(headings(&text).contains("batch") && headings(&text).contains("standing"), "{width}: {text}");
        assert_eq!(text.contains("for each number of workers and op threads"), width >= 120, "{text}");
    }
    let wide = render(&outcome, Format::Table, Page::FILE);
    for heading in ["x best", "95 % of x best", "rounds", "x serial", "GF/s", "of ceiling"] {
        assert!(headings(&wide).contains(heading), "{heading} in {wide}");
    }
}

#[test]
fn long_names_leave_both_tables_in_their_terminal() {
    let long = "matrixmultiply:2+threads:2:25";
    let rows = ["matrixmultiply:1+serial", "matrixmultiply:1+threads:2:25", long]
        .map(|name| row(name, samples(0, TASKS, &[1.0; 12])));
    let text =
        render(&outcome(long, &[], rows.into(), &[]), Format::Table, Page { terminal: Some(80), warnings: false });
    assert!(text.lines().all(|line| line.trim_end().chars().count() <= 80), "{text}");
    assert!(headings(&text).contains("standing"), "{text}");
    let arrangements = line(&text, "arrangement");
    assert!(arrangements.contains("x serial") && !arrangements.contains("standing"), "{text}");
}

#[test]
fn a_table_says_what_its_words_and_signs_mean() {
    let text = render(&raced(), Format::Table, Page { terminal: Some(80), warnings: false });
    assert!(text.contains("tied: not proven 2 % slower; slower: proven; left early: dropped, unproven\n"), "{text}");
    assert!(text.contains("~: scaled up from a part of the batch; -: no round shared with the best\n"), "{text}");
    assert!(line(&text, "nalgebra:1+serial").contains(" - "), "{text}");
    assert!(line(&text, "simd:1+threads:2").trim_end().ends_with("best"), "{text}");
    assert!(text.contains("ended when one combination was left"), "{text}");
}

#[test]
fn a_map_has_the_best_backend_of_each_number_of_workers_and_op_threads() {
    let mut rows = vec![row("simd+threads:2", samples(0, 8, &[1.0; 6])), row("faer+rayon:2", samples(0, 8, &[0.9; 6]))];
    rows.push(row("simd+serial", samples(0, 8, &[2.0; 6])));
    rows.push(row("faer:2+serial", samples(0, 8, &[1.3; 6])));
    let text = render(&outcome("simd+threads:2", &["faer+rayon:2"], rows, &[]), Format::Table, Page::FILE);
    let cells = |name: &str| line(&text, name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells("1 worker "), ["1", "worker", "simd", "2.00", "faer", "1.30"], "{text}");
    assert_eq!(cells("2 workers"), ["2", "workers", "simd", "1.00", "-"], "the winner: {text}");
}

#[test]
fn warnings_are_a_part_of_a_file_and_told_beside_a_terminal() {
    let outcome = raced();
    let count = |format, page| render(&outcome, format, page).matches("others had the machine").count();
    assert_eq!(count(Format::Table, Page { terminal: Some(80), warnings: false }), 0);
    assert_eq!(count(Format::Table, Page::FILE), 1);
    assert_eq!(count(Format::Markdown, Page::FILE), 1);
}

/// A row that was proven slower than the leader of the race is not proven slower than the winner, where fresh processes
/// have made that another one.
#[test]
fn nobody_is_slower_at_half_the_time() {
    let beaten = slower("simd+threads:2", [0.1, 0.2], samples(0, 8, &[0.5; 6]));
    let mut late = row("faer+serial", samples(0, 8, &[1.2; 6]));
    late.slower_by = Some([0.1, 0.2]);
    let rows = vec![row("simd:2+serial", samples(0, 8, &[1.0; 6])), beaten, late];
    let said = verdict(&outcome("simd:2+serial", &[], rows, &[]));
    assert!(said.contains("the next, faer:1+serial, takes 1.20 x its time"), "{said}");
    assert!(said.contains("left early, and may be as fast: simd:1+threads:2"), "{said}");
}

/// The speed-up of an answer on one thread is over itself, although another combination on one thread may look faster.
#[test]
fn an_answer_of_one_thread_is_1_x_serial() {
    let rows = vec![row("ndarray+serial", samples(0, 8, &[1.0; 6])), row("simd+serial", samples(0, 8, &[0.8; 6]))];
    let outcome = outcome("ndarray+serial", &["simd+serial"], rows, &[]);
    assert!(verdict(&outcome).contains(", 1.00 x serial;"), "{}", verdict(&outcome));
}

/// A pool spreads tasks: if only one task was held, an answer says that no pool was tried.
#[test]
fn one_task_held_leaves_pools_untried() {
    let serial = |held| {
        let row = row("a+serial", samples(0, 1, &[1.0, 1.0]));
        let mut outcome = outcome("a+serial", &[], vec![row], &[]);
        outcome.arena_tasks = held;
        outcome
    };
    let gaps = |outcome: &Outcome| Coverage::of(outcome).gaps().unwrap_or_default();
    let one = serial(1);
    assert_eq!(gaps(&one), "no pool of workers was tried, as one of the 8 tasks alone was held in memory");
    assert!(
        Coverage::of(&one)
            .warning()
            .is_some_and(|warning| warning.to_string().ends_with("a larger budget holds more of them"))
    );
    assert_eq!(gaps(&serial(2)), "");
    let mut single = serial(1);
    single.workload = Workload::new(Op::MatMul, DType::F64, "8", None, 1).unwrap();
    assert_eq!(gaps(&single), "", "nothing to spread");
}

fn verdict(outcome: &Outcome) -> String {
    let text = render(outcome, Format::Table, Page::FILE);
    text.lines().find(|line| line.contains(" is the ") || line.contains(" is as ")).expect("a verdict").to_owned()
}

#[test]
fn a_full_answer_speaks_of_all_combinations() {
    assert_eq!(
        verdict(&raced()),
        "simd:1+threads:2 is as fast as any of 6 combinations: 1.00 s (1.00 s .. 1.00 s), 1.50 x serial; not told \
         apart from it: faer:1+threads:2; the next, simd:1+serial, takes 1.50 x its time."
    );
}

#[test]
fn who_left_early_and_may_be_as_fast_is_named() {
    let lucky = early("faer+threads:2", samples(0, 8, &[0.9, 0.9]));
    let rows = vec![lucky, row("simd+threads:2", samples(0, 8, &[1.0; 6]))];
    let text = verdict(&outcome("simd+threads:2", &[], rows, &[]));
    assert!(text.contains("left early, and may be as fast: faer:1+threads:2"), "{text}");
}

#[test]
fn a_partial_answer_claims_no_more_than_was_measured() {
    let late = |name| unstarted(name, Unstarted::Budget);
    let rows = vec![
        row("simd+serial", samples(0, 8, &[1.0; 6])),
        row("faer+serial", samples(0, 8, &[2.0; 6])),
        failed("nalgebra+serial", "killed by signal 9"),
        failed("ndarray+serial", "killed by signal 9"),
        late("simd+threads:2"),
        late("faer+threads:2"),
        late("faer:2+serial"),
        unstarted("reference+serial", Unstarted::Bound { times: 9.0, than: combination("simd+serial") }),
        unstarted("faer:2+rayon:2", Unstarted::Rule("a rule".into())),
    ];
    let partial = outcome("simd+serial", &[], rows, &[]);
    let said = verdict(&partial);
    assert!(
        said.starts_with("simd:1+serial is the fastest of the 2 that were measured, of 8 combinations: "),
        "{said}"
    );
    let gaps = "The answer is partial: 3 of 8 combinations never started, as the budget ended: 1 of 1 with op threads \
                alone, 2 of 2 on threads; 2 failed: 2 of 5 with one thread.";
    assert!(said.ends_with(gaps), "{said}");
    let text = render(&partial, Format::Table, Page::FILE);
    assert!(text.contains("failed   nalgebra:1+serial and 1 more: killed by signal 9\n"), "{text}");
    let counts: Vec<_> =
        partial.never_started.iter().map(|n| (n.kind.as_str(), <&str>::from(n.reason), n.count)).collect();
    assert_eq!(counts, [("op_threads", "budget", 1), ("serial", "bound", 1), ("threads", "budget", 2)]);
}

#[test]
fn the_only_one_that_was_measured_is_not_called_fast() {
    let rows = vec![row("reference+serial", samples(0, 8, &[1.0; 6])), unstarted("simd+serial", Unstarted::Budget)];
    let said = verdict(&outcome("reference+serial", &[], rows, &[]));
    assert!(said.starts_with("reference:1+serial is the only one of 2 combinations that was measured"), "{said}");
    let rows = vec![row("reference+serial", samples(0, 8, &[1.0; 6]))];
    assert!(verdict(&outcome("reference+serial", &[], rows, &[])).contains("is the only combination"));
}

#[test]
fn files_have_the_fields_that_scripts_read() {
    let outcome = raced();
    let json: serde_json::Value = serde_json::from_str(&render(&outcome, Format::Json, Page::FILE)).unwrap();
    for field in ["ratio_to_best", "ratio_ci95", "shared_rounds", "extrapolated", "not_started", "median_s", "ci95_s"] {
        assert!(json["trials"][0].get(field).is_some(), "{field}");
    }
    assert_eq!(json["never_started"], serde_json::json!([{"kind": "serial", "reason": "bound", "count": 1}]));
    let csv = render(&outcome, Format::Csv, Page::FILE);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].ends_with(
        ",confirmed,ratio_to_best,ratio_ci95_low,ratio_ci95_high,shared_rounds,extrapolated,not_started,transport"
    ));
    assert!(lines[1].ends_with(",true,1,1,1,12,false,,"), "{csv}");
}
