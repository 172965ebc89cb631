//! The search can be believed: a part of what `docs/trust.md` reports, with fixed seeds, at a paired log-sd of 3 %.

use gingham_simulation::mock::{
    Disturbance, Method, MockCandidate, Noise, Setting, Share, Tuned, company, forty, graded, one_noisy, race, serial,
    tunings, unchanged,
};

const PAIRED_SD: f64 = 0.03;

fn quiet(field: &[MockCandidate], setting: &Setting<'_>) -> Vec<Tuned> {
    tunings(field, setting, |_| Disturbance::None, false)
}

fn percent(field: &[MockCandidate], setting: &Setting<'_>, is: impl Fn(&Tuned) -> bool) -> f64 {
    Share::count(&quiet(field, setting), is).percent()
}

#[test]
fn equals_are_not_called_different() {
    for noise in [Noise::recorded(), Noise::normal()] {
        let setting = Setting::new(&noise, PAIRED_SD, 1000);
        for tolerance in [0.02, 0.0] {
            let setting = Setting { tolerance, ..setting };
            for equals in [2, 8] {
                let different = percent(&serial(&vec![1.0; equals]), &setting, |t| t.tied.len() < equals);
                assert!(different <= 5.0, "{different} % of {equals} equals at {tolerance}, {}", noise.name);
            }
        }
    }
}

#[test]
fn differences_are_found_and_small_ones_are_ties() {
    for noise in [Noise::recorded(), Noise::normal()] {
        let setting = Setting::new(&noise, PAIRED_SD, 1000);
        for (slower, least) in [(1.1, 99.0), (1.05, 90.0)] {
            let outside = percent(&serial(&[1.0, slower]), &setting, |t| t.tied == [0]);
            assert!(outside >= least, "x {slower}: {outside} %, {}", noise.name);
        }
        let tuned = quiet(&company(), &setting);
        let share = |is: fn(&Tuned) -> bool| Share::count(&tuned, is).percent();
        assert!(share(|t| !t.tied.contains(&4)) >= 99.0, "+10 %, {}", noise.name);
        assert!(share(|t| !t.tied.contains(&3)) >= 90.0, "+5 %, {}", noise.name);
        assert!(share(|t| t.tied.contains(&2)) >= 95.0, "+1 %, {}", noise.name);
        assert!(share(|t| t.false_slower) <= 5.0, "false, {}", noise.name);
        assert!(share(|t| t.right_pick) >= 99.0, "pick, {}", noise.name);
    }
}

#[test]
fn the_published_interval_covers_the_truth() {
    let noise = Noise::recorded();
    let covered = percent(&serial(&[1.0, 1.1]), &Setting::new(&noise, PAIRED_SD, 4000), |t| t.covered);
    assert!((93.0..=97.0).contains(&covered), "{covered} %");
}

#[test]
fn disturbances_leave_the_tie_set() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 600);
    let field = graded();
    let before = quiet(&field, &setting);
    let same = |disturbance: fn(f64) -> Disturbance, reversed| {
        let after = tunings(&field, &setting, |run| disturbance(before[run].elapsed_s), reversed);
        unchanged(&before, &after).percent()
    };
    assert!(same(Disturbance::Drift, false) >= 95.0, "drift");
    assert!(same(|_| Disturbance::None, true) >= 95.0, "reversed list");
    assert!(same(|_| Disturbance::Bursts, false) >= 95.0, "bursts that are counted");
    assert!(same(|_| Disturbance::SilentBursts, false) >= 95.0, "bursts that are not");
}

#[test]
fn unequal_noise_proves_nothing() {
    let noise = Noise::normal();
    for paired_sd in [0.03, 0.1] {
        let setting = Setting::new(&noise, paired_sd, 1000);
        for field in [one_noisy(serial(&[1.0; 6]), 3), one_noisy(serial(&[1.0, 1.02, 1.02, 1.02]), 0)] {
            let wrong = percent(&field, &setting, |t| t.false_slower);
            assert!(wrong <= 5.0, "{wrong} % at {paired_sd}");
        }
    }
}

#[test]
fn processes_that_differ_still_give_an_answer() {
    let noise = Noise::recorded();
    let setting = Setting { process_sd: 0.04, ..Setting::new(&noise, PAIRED_SD, 400) };
    // A candidate that left the race as slower may lead in fresh processes and eliminate all others: a tuning without a
    // pick panics.
    assert_eq!(quiet(&serial(&[1.0, 1.0]), &setting).len(), setting.runs);
    assert!(percent(&company(), &setting, |t| t.right_pick) >= 90.0);
}

#[test]
fn of_forty_one_of_the_ten_fastest_is_picked() {
    let noise = Noise::recorded();
    let tuned = quiet(&forty(), &Setting::new(&noise, PAIRED_SD, 200));
    assert!(Share::count(&tuned, |t| t.right_pick).percent() >= 95.0);
    assert!(Share::count(&tuned, |t| t.false_slower).percent() <= 5.0);
}

#[test]
fn trimming_finds_through_bursts_what_plain_means_do_not() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 200);
    let out = |method| {
        let left = race(&company(), &setting, Disturbance::SilentBursts, method);
        Share::count(&left, |left| left[4].is_some()).percent()
    };
    let (trimmed, plain) = (out(Method::TrimmedPooled), out(Method::PlainPaired));
    assert!(trimmed >= 90.0 && plain < trimmed - 10.0, "+10 % is out in {trimmed} %, plainly in {plain} %");
}

#[test]
fn the_committed_report_is_of_this_noise() {
    let report = include_str!("../../docs/trust.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let noise = Noise::recorded().describe();
    let again = "run `cargo run --release -p gingham-harness --example trust > docs/trust.md`";
    assert!(report.contains(&noise), "docs/trust.md is of other recordings than {noise}; {again}");
}
