//! Profiles: what is saved comes back, a lookup is graded, and a hostile file is refused in one line.

use std::collections::BTreeMap;

use gingham_core::{DType, Op, Registry};
use gingham_harness::outcome;
use gingham_harness::outcome::{Outcome, Row, Sample, Status};
use gingham_harness::save::save;
use gingham_machine::Machine;
use gingham_runtime::environment::Environment;
use gingham_runtime::profile::Narrowing;
use gingham_runtime::profile::{Changes, Entry, Evidence, Fingerprint, Grade, Library, REACH, Ranked, Recorded};
use gingham_runtime::{Profile, Workload, profile};
use proptest::prelude::*;
use serde_json::json;

fn matmul(shape: &str, tasks: usize) -> Workload {
    Workload::new(Op::MatMul, DType::F64, shape, None, tasks).unwrap()
}

fn here() -> Fingerprint {
    Fingerprint::now(&Machine::probe(), &Registry::new())
}

fn ranked(combination: &str, slower: f64, median_s: f64) -> Ranked {
    Ranked::new(combination.parse().unwrap(), slower, median_s)
}

fn entry(workload: Workload, ranking: &[(&str, f64)]) -> Entry {
    let ranked = |&(name, median_s): &(_, f64)| ranked(name, median_s / ranking[0].1, median_s);
    let mut evidence = Evidence::default();
    evidence.stopped_because = "budget".into();
    let mut entry = Entry::new(workload, here(), 0, evidence, ranking.iter().map(ranked)).expect("an answer");
    entry.saved_unix = 0;
    entry
}

fn narrowing(flags: serde_json::Value) -> Narrowing {
    serde_json::from_value(flags).unwrap()
}

fn profile_of(entries: impl IntoIterator<Item = Entry>) -> Profile {
    let mut profile = Profile::default();
    profile.entries.extend(entries);
    profile
}

/// The grade and the ranking of what `profile` has on `workload`.
fn look_up(profile: &Profile, workload: &Workload, now: &Fingerprint) -> (Grade, Vec<(String, f64)>) {
    let answer = profile.look_up(workload, now);
    let ranking = answer.ranking.iter().map(|choice| (choice.combination.to_string(), choice.slower));
    (answer.grade.clone(), ranking.collect())
}

fn names(ranking: &[(String, f64)]) -> Vec<&str> {
    ranking.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_same_size_is_a_hit_up_to_twice_the_tasks() {
    let both = profile_of([entry(matmul("4", 8), &[("a+serial", 1.0)]), entry(matmul("4", 24), &[("b+serial", 1.0)])]);
    for (tasks, best) in [(8, "a:1+serial"), (4, "a:1+serial"), (16, "b:1+serial"), (48, "b:1+serial")] {
        let (grade, ranking) = look_up(&both, &matmul("4", tasks), &here());
        assert_eq!((grade, names(&ranking)), (Grade::Hit, vec![best]), "{tasks}");
    }
    assert!(matches!(look_up(&both, &matmul("4", 49), &here()).0, Grade::Near { .. }));
    assert!(matches!(look_up(&both, &matmul("4", 3), &here()).0, Grade::Near { .. }));
    assert_eq!(look_up(&both, &matmul("4x5x4", 8), &here()).0, Grade::Near { distance: 1.25_f64.ln() });
}

/// Of five tasks on four workers one is left over, for which three wait; one op after the other has no such wave.
#[test]
fn another_number_of_tasks_is_a_matter_of_waves() {
    let profile = profile_of([entry(matmul("64", 4), &[("a+threads:4", 1.0), ("b:4+serial", 1.2)])]);
    let ranking = |tasks| look_up(&profile, &matmul("64", tasks), &here()).1;
    for tasks in [4, 8, 1000] {
        assert_eq!(names(&ranking(tasks)), ["a:1+threads:4", "b:4+serial"], "{tasks}");
    }
    let five = ranking(5);
    assert_eq!(names(&five), ["b:4+serial", "a:1+threads:4"]);
    assert!((five[0].1 - 1.0).abs() < 1e-12 && (five[1].1 - 2.0 / 1.5).abs() < 1e-12, "{five:?}");
    let grade = look_up(&profile, &matmul("64", 1000), &here()).0;
    assert_eq!(grade, Grade::Near { distance: 250.0_f64.ln() });
}

#[test]
fn another_family_is_a_miss() {
    let profile = profile_of([entry(matmul("4", 8), &[("a+serial", 1.0)])]);
    let others = [
        Workload::new(Op::MatMul, DType::F32, "4", None, 8),
        Workload::new(Op::MatMul, DType::F64, "4", Some("rcr"), 8),
        Workload::new(Op::Fill, DType::F64, "4", None, 8),
    ];
    for other in others {
        let other = other.unwrap();
        let answer = profile.look_up(&other, &here());
        assert_eq!((answer.grade.clone(), answer.ranking.len()), (Grade::Miss, 0), "{other}");
        assert!(answer.to_string().starts_with(&format!("no saved answer for {other}")), "{answer}");
        assert!(answer.to_string().ends_with(&format!(": `gingham tune {}` finds one", other.flags())), "{answer}");
    }
}

/// The work being equal, 1 x 4096 x 1 is far from 16 x 16 x 16.
#[test]
fn distance_is_over_all_sizes_and_has_a_limit() {
    let profile = profile_of([entry(matmul("16", 8), &[("a+serial", 1.0)])]);
    let grade = |shape: &str, tasks| look_up(&profile, &matmul(shape, tasks), &here()).0;
    assert_eq!(grade("1x4096x1", 8), Grade::Miss);
    let Grade::Near { distance } = grade("32", 16) else { panic!("near") };
    assert!((distance - REACH.ln()).abs() < 1e-12, "{distance}");
    assert_eq!(grade("41", 8), Grade::Miss);
    assert_eq!(grade("0x16x16", 8), Grade::Near { distance: 16.0_f64.ln() });
}

/// Second at both sizes, and first between them: the first of each is slow at the other.
#[test]
fn between_two_sizes_the_second_of_both_may_be_the_best() {
    let profile = profile_of([
        entry(matmul("64", 8), &[("small+serial", 1.0), ("both+serial", 1.1), ("large+serial", 2.0)]),
        entry(matmul("128", 8), &[("large+serial", 8.0), ("both+serial", 8.8), ("small+serial", 16.0)]),
        entry(matmul("2048", 8), &[("far+serial", 1.0)]),
    ]);
    let asked = matmul("91", 8); // half-way in the logarithm
    let answer = profile.look_up(&asked, &here());
    let text = answer.to_string();
    assert!(text.starts_with("between the saved answers for matmul 128x128x128") && text.contains("2.8 x"), "{text}");
    let (grade, ranking) = look_up(&profile, &asked, &here());
    assert!(matches!(grade, Grade::Near { distance } if (distance.exp() - 2.8).abs() < 0.05), "{grade:?}");
    assert_eq!(ranking[0], ("both:1+serial".into(), 1.0));
    assert!((ranking[1].1 - 2.0_f64.sqrt() / 1.1).abs() < 0.02, "{ranking:?}");

    // Close to one of them, its own first.
    assert_eq!(names(&look_up(&profile, &matmul("66", 8), &here()).1)[0], "small:1+serial");
    assert_eq!(names(&look_up(&profile, &matmul("125", 8), &here()).1)[0], "large:1+serial");
}

#[test]
fn what_one_side_never_ranked_counts_as_its_slowest() {
    let profile = profile_of([
        entry(matmul("64", 8), &[("a+serial", 1.0), ("b+serial", 3.0)]),
        entry(matmul("128", 8), &[("c+serial", 1.0), ("b+serial", 3.0)]),
    ]);
    let (_, ranking) = look_up(&profile, &matmul("80", 8), &here());
    assert_eq!(names(&ranking), ["a:1+serial", "c:1+serial", "b:1+serial"]);
}

/// A race may prefer a candidate with fewer threads to one with a faster median that is tied with it.
#[test]
fn the_order_of_the_race_holds_against_medians() {
    let profile = profile_of([entry(matmul("64", 8), &[("a+serial", 1.01), ("b+serial", 1.0), ("c+serial", 2.02)])]);
    let (_, ranking) = look_up(&profile, &matmul("64", 8), &here());
    assert_eq!(names(&ranking), ["a:1+serial", "b:1+serial", "c:1+serial"]);
    assert_eq!((ranking[1].1, ranking[2].1), (1.0, 2.0));
}

#[test]
fn chunks_follow_the_number_of_tasks() {
    let profile = profile_of([entry(matmul("64", 400), &[("a+threads:2:25", 1.0), ("a+threads:2:1", 2.0)])]);
    let (_, ranking) = look_up(&profile, &matmul("64", 80), &here());
    assert_eq!(names(&ranking), ["a:1+threads:2:5", "a:1+threads:2:1"]);
}

#[test]
fn stale_says_what_changed_and_fresh_answers_go_first() {
    let mut now = here();
    now.backends.insert("simd".into(), Library::new("0.2.0", "avx512"));
    let mut old = entry(matmul("64", 8), &[("simd+serial", 1.0)]);
    old.fingerprint.backends.insert("simd".into(), Library::new("0.1.0", "avx512"));
    let mut elsewhere = entry(matmul("64", 8), &[("elsewhere+serial", 1.0)]);
    elsewhere.fingerprint.usable_cpus += 2;
    let neighbour = entry(matmul("80", 8), &[("neighbour+serial", 1.0)]);

    let mut profile = profile_of([elsewhere.clone()]);
    let (grade, _) = look_up(&profile, &matmul("64", 8), &now);
    let cpus = now.usable_cpus;
    let changed = Changes { machine: vec![format!("usable CPUs {} -> {cpus}", cpus + 2)], ..Changes::default() };
    assert_eq!(grade, Grade::Stale { changed });

    // Another size of this machine is preferred to another machine, this very size by an older library to both.
    profile.entries.push(neighbour);
    let (grade, ranking) = look_up(&profile, &matmul("64", 8), &now);
    assert!(matches!(grade, Grade::Near { .. }) && names(&ranking) == ["neighbour:1+serial"], "{grade:?}");
    profile.entries.push(old);
    let (grade, ranking) = look_up(&profile, &matmul("64", 8), &now);
    let changed = Changes { software: vec!["simd 0.1.0 -> 0.2.0".into()], ..Changes::default() };
    assert_eq!((grade, names(&ranking)), (Grade::Stale { changed }, vec!["simd:1+serial"]));
}

/// A result with two rows that finished, one that left early, one that is wrong, and a peer that won.
fn outcome() -> Outcome {
    let workload = matmul("64", 8);
    let row = |combination: &str, seconds: f64, samples: usize| {
        let mut row = Row::new(combination.parse().unwrap(), &workload);
        let sample = |round| Sample::new(round, seconds, 8);
        row.samples = (0..samples).map(sample).collect();
        row.status = Status::Ok;
        row.kernels = Some("avx\u{7}512".into());
        row
    };
    let mut early = row("reference+threads:2", 0.9, 2);
    early.eliminated = Some("slower".into());
    let mut wrong = row("reference+rayon:2", 0.1, 6);
    wrong.status = Status::Wrong;
    let mut best = row("reference+threads:2:1", 1.1, 6);
    // The machine was slow while another candidate was in the race: only rounds that both ran in compare the two.
    best.samples[..2].iter_mut().for_each(|sample| sample.wall_s = 1.3);
    let trials = vec![wrong, row("peer/numpy", 0.5, 6), early, row("reference+serial", 1.0, 6), best.clone()];
    let rates = json!({"fma_f64": 1, "fma_f32": 1, "read": 1, "write": 1, "copy": 1});
    let mut machine = serde_json::to_value(Machine::probe()).unwrap();
    machine["env_cleared"] = json!([]);
    machine["ceilings"] = json!({"per_core": rates, "all_cores": rates, "threads": 1, "footprint_bytes": 1});
    let outcome = json!({
        "schema": outcome::SCHEMA,
        "machine": machine,
        "versions": {"reference": "9.9"},
        "workload": workload,
        "arena_tasks": 8,
        "prefault_s": 0.0,
        "seed": 5,
        "tolerance": 0.02,
        "trials": trials,
        "rounds": {"kept": 6, "repeated": 1},
        "disturbed": "others had it",
        "best": best.combination,
        "tied": ["reference+serial"],
        "stopped_because": "rounds",
        "elapsed_s": 1.0,
    });
    serde_json::from_value::<Outcome>(outcome).unwrap().derive()
}

#[test]
fn an_outcome_is_recorded_with_its_evidence_and_without_peers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/profile.json");
    let environment = Environment::new(&Registry::new(), false);
    save(&path, &outcome(), &environment).unwrap();
    let saved = Profile::load(&path).unwrap();
    let [entry] = &saved.entries[..] else { panic!("{saved:?}") };
    let ranking: Vec<String> = entry.ranking.iter().map(|ranked| ranked.combination.to_string()).collect();
    assert_eq!(ranking, ["reference:1+threads:2:1", "reference:1+serial", "reference:1+threads:2"]);
    assert_eq!(entry.ranking.iter().map(|ranked| ranked.slower).collect::<Vec<_>>(), [1.0, 1.0 / 1.1, 0.9 / 1.3]);
    assert_eq!((entry.ranking[0].samples, entry.ranking[0].ci95_s), (6, Some([1.1, 1.3])));
    assert_eq!((entry.ranking[2].samples, entry.ranking[2].ci95_s), (2, None));
    let mut evidence = Evidence::default();
    (evidence.rounds, evidence.repeated, evidence.tied) = (6, 1, 1);
    evidence.stopped_because = "rounds".into();
    evidence.partial = Some("1 of 4 combinations failed: 1 of 1 on rayon".into());
    evidence.disturbed = Some("others had it".into());
    assert_eq!(entry.evidence, evidence);
    let reference = Library::new("9.9", "avx 512");
    assert_eq!(entry.fingerprint.backends, BTreeMap::from([("reference".into(), reference)]));
    assert_eq!(entry.seed, 5);

    // The same workload on this machine takes its place, another number of CPUs stands beside it.
    save(&path, &outcome(), &environment).unwrap();
    assert_eq!(Profile::load(&path).unwrap().entries.len(), 1);
    let mut other = outcome();
    other.machine.machine.usable_cpus += 1;
    save(&path, &other, &environment).unwrap();
    assert_eq!(Profile::load(&path).unwrap().entries.len(), 2);

    let mut peers_alone = outcome();
    peers_alone.trials.retain(|row| row.backend.starts_with("peer/") || row.status != Status::Ok);
    save(&folder.path().join("none.json"), &peers_alone, &environment).unwrap();
    assert!(!folder.path().join("none.json").exists(), "nothing of ours finished");
}

#[test]
fn a_partial_answer_is_marked_and_never_replaces_a_full_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.json");
    let environment = Environment::new(&Registry::new(), false);
    let partial = outcome();
    let mut full = outcome();
    full.trials.retain(|row| row.status == Status::Ok);
    let saved = || Profile::load(&path).unwrap().entries[0].evidence.partial.clone();

    assert_eq!(save(&path, &partial, &environment).unwrap(), Recorded::Saved);
    let gaps = saved().expect("it is marked");
    let profile = Profile::load(&path).unwrap();
    let answer = profile.look_up(&partial.workload, &profile.entries[0].fingerprint).to_string();
    let doubts = format!("; it is partial: {gaps}; it was measured on a disturbed machine: others had it");
    assert!(answer.ends_with(&doubts), "{answer}");
    assert_eq!(save(&path, &partial, &environment).unwrap(), Recorded::Saved, "partial for partial");

    assert_eq!(save(&path, &full, &environment).unwrap(), Recorded::Saved, "full for partial");
    assert_eq!(saved(), None);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(save(&path, &partial, &environment).unwrap(), Recorded::KeptFull);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(save(&path, &full, &environment).unwrap(), Recorded::Saved, "full for full");

    // On another machine it stands beside it.
    let mut elsewhere = partial;
    elsewhere.machine.machine.usable_cpus += 1;
    assert_eq!(save(&path, &elsewhere, &environment).unwrap(), Recorded::Saved);
    assert_eq!(Profile::load(&path).unwrap().entries.len(), 2);
}

#[test]
fn an_answer_from_a_narrower_space_never_replaces_one_from_a_wider() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.json");
    let environment = Environment::new(&Registry::new(), false);
    let mut whole = outcome();
    whole.trials.retain(|row| row.status == Status::Ok);
    let among = |flags| {
        let mut narrowed = whole.clone();
        narrowed.narrowed_by = narrowing(flags);
        narrowed
    };
    let (narrow, narrower) =
        (among(json!({"backend": ["a", "b"]})), among(json!({"backend": ["a"], "workers": ["2"]})));
    let record = |outcome: &Outcome| save(&path, outcome, &environment).unwrap();
    let saved = || Profile::load(&path).unwrap().entries[0].evidence.narrowed_by.clone();

    assert_eq!(record(&narrower), Recorded::Saved);
    assert_eq!(record(&narrow), Recorded::Saved, "wider for narrower");
    assert_eq!(record(&narrow), Recorded::Saved, "the same");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(record(&narrower), Recorded::KeptWider);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(record(&among(json!({"backend": ["c"]}))), Recorded::Saved, "neither lies in the other");
    assert_eq!(saved(), narrowing(json!({"backend": ["c"]})));

    // A partial answer from a wider space was not measured there: it may be of one combination.
    assert_eq!(record(&outcome()), Recorded::KeptFull);
    assert_eq!(record(&whole), Recorded::Saved);
    assert_eq!(saved(), Narrowing::default());
    assert_eq!(record(&narrow), Recorded::KeptWider);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("narrowed_by"), "as answers before this was kept");

    // With other libraries the wider one holds no more.
    let mut later = narrow.clone();
    later.versions.insert("reference".into(), "10".into());
    assert_eq!(record(&later), Recorded::Saved);
}

#[test]
fn damaged_and_foreign_profiles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.json");
    let load = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        Profile::load(&path)
    };
    let mut good = entry(matmul("4", 8), &[("reference+serial", 0.5)]);
    good.ranking[0].export = Some("SOME_THREADS=2".into());
    good.evidence.narrowed_by = narrowing(json!({"backend": ["reference"]}));
    good.evidence.disturbed = Some("others had it".into());
    let whole = serde_json::to_vec(&profile_of([good])).unwrap();
    assert_eq!(load(&whole).unwrap().entries.len(), 1);
    assert_eq!(load(b" \n").unwrap(), Profile::default(), "a file that mktemp made");
    for cut in 1..whole.len() {
        assert!(matches!(load(&whole[..cut]), Err(profile::Error::Damaged { .. })), "cut at {cut}");
    }
    let text = String::from_utf8(whole).unwrap();
    for (from, to) in [
        ("reference:1+serial", "reference:1+fork"),
        ("reference:1+serial", "peer/numpy"),
        ("reference:1+serial", "a\\nrm -rf b:1+serial"),
        ("4x4x4", "4x4"),
        ("\"tasks\":8", "\"tasks\":0"),
        ("SOME_THREADS=2", "SOME_THREADS=2;reboot"),
        ("SOME_THREADS=2", "SOME THREADS=2"),
        ("SOME_THREADS=2", "=2"),
        ("\"budget\"", "\"\\u001b[2J\""),
        ("others had it", "others\\u001b[2J"),
        ("\"narrowed_by\":{\"backend\"", "\"narrowed_by\":{\"\\u001b[2J\""),
        ("\"slower\":1.0", "\"slower\":0"),
        ("\"median_s\":0.5", "\"median_s\":-0.5"),
        ("\"median_s\":0.5", "\"median_s\":1e300"),
        ("\"median_s\":0.5", "\"median_s\":1e999"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let damaged = load(text.replace(from, to).as_bytes());
        let Err(error @ profile::Error::Damaged { .. }) = damaged else { panic!("{to}: {damaged:?}") };
        assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
    }
    let mut empty = entry(matmul("4", 8), &[("reference+serial", 0.5)]);
    empty.ranking.clear();
    assert!(load(&serde_json::to_vec(&profile_of([empty])).unwrap()).is_err());
    let foreign = load(text.replace("gingham.profile/2", "gingham.profile/1").as_bytes());
    assert!(matches!(foreign, Err(profile::Error::Foreign { .. })));
    assert!(load(&[b'['; 100_000]).is_err(), "nesting is limited");
    assert!(load(&[0xff; 100]).is_err());
    assert_eq!(Profile::load(&folder.path().join("none.json")).unwrap(), Profile::default());
}

/// Any workload, its sizes up to the largest that can be addressed.
fn any_workload() -> impl Strategy<Value = Workload> {
    let size = || prop_oneof![0..4_u32, 0..63_u32].prop_map(|power| (1_u64 << power) - 1);
    (0..Op::all().count(), any::<bool>(), [size(), size(), size()], size()).prop_filter_map(
        "beyond what can be addressed",
        |(op, double, [m, k, n], tasks)| {
            let op = Op::all().nth(op).unwrap();
            let shape = match op {
                Op::MatMul => format!("{m}x{k}x{n}"),
                Op::Dot => n.to_string(),
                _ => format!("{m}x{n}"),
            };
            let dtype = if double { DType::F64 } else { DType::F32 };
            Workload::new(op, dtype, &shape, None, usize::try_from(tasks).ok()? + 1).ok()
        },
    )
}

prop_compose! {
    fn any_entry()(
        workload in any_workload(),
        combinations in proptest::collection::vec(
            ("[a-d]", 1..5_usize, 1..9_usize, prop_oneof![Just(0), 1..9_usize, any::<usize>()], -27.0..27.0_f64),
            1..6,
        ),
        cpus in 1..5_usize,
        quota in proptest::option::of(0.1..9.0_f64),
        version in "[0-9.]{1,5}",
        numbers: (u64, u64, u64, usize),
        words in "[a-z ]{0,9}",
    ) -> Entry {
        let ranked = |(id, threads, workers, chunk, logarithm): (String, usize, usize, usize, f64)| {
            let (combination, seconds) = (format!("{id}:{threads}+threads:{workers}:{chunk}"), logarithm.exp());
            let mut ranked = Ranked::new(combination.parse().unwrap(), seconds, seconds);
            ranked.ci95_s = (threads > 2).then_some([seconds; 2]);
            ranked.samples = workers;
            ranked.confirmed = threads > 2;
            ranked.export = (threads == 2).then(|| format!("_{}=2", id.to_uppercase()));
            ranked
        };
        let mut fingerprint = here();
        (fingerprint.usable_cpus, fingerprint.quota, fingerprint.last_level_bytes) = (cpus, quota, numbers.0);
        fingerprint.backends.insert("a".into(), Library::new(&version, &words));
        let mut evidence = Evidence::default();
        (evidence.rounds, evidence.tied) = (numbers.3, numbers.3);
        evidence.stopped_because.clone_from(&words);
        evidence.partial = Some(words);
        evidence.narrowed_by = narrowing(json!({"backend": ["a"]}));
        let ranking = combinations.into_iter().map(ranked);
        let mut entry = Entry::new(workload, fingerprint, numbers.2, evidence, ranking).expect("an answer");
        entry.saved_unix = numbers.1;
        entry
    }
}

/// JSON's decimal digits may move a number by its last bit.
fn rounded(mut profile: Profile) -> Profile {
    let round = |x: &mut f64| *x = format!("{x:.12e}").parse().unwrap();
    for entry in &mut profile.entries {
        entry.fingerprint.quota.iter_mut().for_each(round);
        for ranked in &mut entry.ranking {
            round(&mut ranked.slower);
            round(&mut ranked.median_s);
            ranked.ci95_s.iter_mut().flatten().for_each(round);
        }
    }
    profile
}

proptest! {
    #[test]
    fn any_entry_comes_back(entries in proptest::collection::vec(any_entry(), 0..4)) {
        let profile = profile_of(entries);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.json");
        std::fs::write(&path, serde_json::to_vec(&profile).unwrap()).unwrap();
        prop_assert_eq!(rounded(Profile::load(&path).unwrap()), rounded(profile));
    }

    #[test]
    fn any_lookup_is_a_ranking_or_a_miss(
        entries in proptest::collection::vec(any_entry(), 0..9),
        workload in any_workload(),
    ) {
        let profile = profile_of(entries);
        let answer = profile.look_up(&workload, &here());
        prop_assert_eq!(answer.grade == Grade::Miss, answer.ranking.is_empty());
        prop_assert_eq!(answer.grade == Grade::Miss, answer.entries.is_empty());
        prop_assert!(!answer.to_string().contains('\n'));
        prop_assert!(answer.ranking.is_sorted_by(|a, b| a.slower <= b.slower), "{:?}", answer.ranking);
        prop_assert!(answer.ranking.iter().all(|choice| choice.slower >= 1.0 && choice.slower.is_finite()));
    }

    #[test]
    fn a_size_finds_its_own_answer(entry in any_entry()) {
        let profile = profile_of([entry.clone()]);
        let answer = profile.look_up(&entry.workload, &entry.fingerprint);
        prop_assert_eq!(&answer.grade, &Grade::Hit);
        prop_assert_eq!(&answer.ranking[0].combination, &entry.ranking[0].combination);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.json");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(Profile::load(&path).is_err() || bytes.trim_ascii().is_empty());
    }
}
