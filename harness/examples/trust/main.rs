//! Prints `docs/trust.md`: how often the search is wrong, counted over tunings on a mock machine.
//!
//! `cargo run --release -p gingham-harness --example trust > docs/trust.md`; the same seeds give the same page. Its
//! text is in `page.md`, in which names in braces stand for tables and figures.

mod regret;

use gingham_simulation::mock::{
    Disturbance, Method, MockCandidate, Noise, SECONDS, Setting, Share, Tuned, company, forty, graded, one_noisy, race,
    serial, tunings, unchanged,
};

/// Tunings behind each share.
const RUNS: usize = 2000;

fn main() {
    let recorded = Noise::recorded();
    let normal = Noise::normal();
    let columns = [(&recorded, 0.01), (&recorded, 0.03), (&recorded, 0.10), (&normal, 0.03)];
    let settings = columns.map(|(noise, paired_sd)| Setting::new(noise, paired_sd, RUNS));
    let parts = [
        ("runs", RUNS.to_string()),
        ("noise", recorded.describe()),
        ("asked", asked(&settings)),
        ("disturbed", disturbed(&settings)),
        ("families", families(&settings)),
        ("unequal", unequal(&settings)),
        ("many", many(&settings)),
        ("lengths", lengths(&settings)),
        ("methods", methods(&settings)),
        ("processes", processes(&settings)),
    ];
    let mut page = String::from(include_str!("page.md"));
    for (name, text) in parts.into_iter().chain(regret::parts()) {
        page = page.replace(&format!("{{{name}}}"), &text);
    }
    print!("{page}");
}

/// The columns of most tables: the paired log-sd at 1, 3 and 10 %, and 3 % of normal noise.
type Settings<'a> = [Setting<'a>; 4];

const COLUMNS: [&str; 4] = ["1 %", "3 %", "10 %", "3 %, normal"];

/// What is counted.
type Is = fn(&Tuned) -> bool;

const FALSE_SLOWER: Is = |t| t.false_slower;

fn asked(settings: &Settings<'_>) -> String {
    let two = |slower: f64| serial(&[1.0, slower]);
    let outside: Is = |t| !t.tied.contains(&1);
    let rows: [(&str, &str, Vec<MockCandidate>, Is); 9] = [
        ("A/A test: one combination under two names is called different", "at most 5 %", two(1.0), outside),
        ("planted effect: of two, one slower by 10 % is outside the tie set", "99 %", two(1.1), outside),
        ("planted effect: of two, one slower by 5 % is outside", "90 %", two(1.05), outside),
        ("planted effect: of two, one slower by 1 % is a tie", "95 %", two(1.01), |t| t.tied.contains(&1)),
        ("planted effect: of eight, the one slower by 10 % is outside", "99 %", company(), |t| !t.tied.contains(&4)),
        ("planted effect: of eight, the one slower by 5 % is outside", "90 %", company(), |t| !t.tied.contains(&3)),
        ("planted effect: of eight, the one slower by 1 % is a tie", "95 %", company(), |t| t.tied.contains(&2)),
        ("of eight, the pick is the fastest or within 2 % of it", "", company(), |t| t.right_pick),
        ("coverage: the published interval covers the pick's true median", "93 to 97 %", company(), |t| t.covered),
    ];
    let row = |(what, required, field, is): (&str, &str, Vec<_>, Is)| {
        [vec![what.into(), required.into()], shares(settings, &field, is)].concat()
    };
    table(&[&["", "required"][..], &COLUMNS].concat(), rows.map(row).into())
}

fn disturbed(settings: &Settings<'_>) -> String {
    let field = graded();
    let undisturbed = settings.each_ref().map(|setting| quiet(&field, setting));
    let of = |disturbance: fn(f64) -> Disturbance, reversed: bool| -> Vec<String> {
        let pairs = settings.iter().zip(&undisturbed);
        let same = pairs.map(|(setting, before)| {
            let after = tunings(&field, setting, |run| disturbance(before[run].elapsed_s), reversed);
            unchanged(before, &after).to_string()
        });
        same.collect()
    };
    let right = undisturbed.iter().map(|tuned| Share::count(tuned, |t| t.tied == [0, 1, 2]).to_string()).collect();
    let rows = [
        ("nothing: the tie set is the right one", right),
        ("drift: all becomes slower by 30 % from start to end", of(Disturbance::Drift, false)),
        ("the list of candidates is reversed", of(|_| Disturbance::None, true)),
        ("bursts that the kernel counts", of(|_| Disturbance::Bursts, false)),
        ("bursts that no counter shows", of(|_| Disturbance::SilentBursts, false)),
    ];
    counted("disturbance", rows)
}

fn families(settings: &Settings<'_>) -> String {
    let exact = settings.each_ref().map(|setting| Setting { tolerance: 0.0, ..*setting });
    let edge = serial(&[1.0, 1.02, 1.02, 1.02, 1.02, 1.02]);
    let rows = [
        ("2 equals", shares(settings, &serial(&[1.0; 2]), FALSE_SLOWER)),
        ("6 equals", shares(settings, &serial(&[1.0; 6]), FALSE_SLOWER)),
        ("8 equals", shares(settings, &serial(&[1.0; 8]), FALSE_SLOWER)),
        ("2 equals, tolerance 0", shares(&exact, &serial(&[1.0; 2]), FALSE_SLOWER)),
        ("6 equals, tolerance 0", shares(&exact, &serial(&[1.0; 6]), FALSE_SLOWER)),
        ("8 equals, tolerance 0", shares(&exact, &serial(&[1.0; 8]), FALSE_SLOWER)),
        ("one slower by just the tolerance", shares(settings, &edge[..2], FALSE_SLOWER)),
        ("five slower by just the tolerance", shares(settings, &edge, FALSE_SLOWER)),
        ("eight of all kinds", shares(settings, &company(), FALSE_SLOWER)),
    ];
    counted("field", rows)
}

fn unequal(settings: &Settings<'_>) -> String {
    let exact = settings.each_ref().map(|setting| Setting { tolerance: 0.0, ..*setting });
    let equals = one_noisy(serial(&[1.0; 6]), 3);
    let edge = one_noisy(serial(&[1.0, 1.0, 1.0, 1.02, 1.1, 1.1]), 3);
    let leader = one_noisy(serial(&[1.0, 1.02, 1.02, 1.02]), 0);
    let slower = one_noisy(serial(&[1.0, 1.1]), 1);
    let rows = [
        ("6 equals, one noisy: false \"slower\"", shares(settings, &equals, FALSE_SLOWER)),
        ("the same, tolerance 0", shares(&exact, &equals, FALSE_SLOWER)),
        ("6, the noisy one slower by just the tolerance: false \"slower\"", shares(settings, &edge, FALSE_SLOWER)),
        (
            "4, a noisy leader and three slower by just the tolerance: false \"slower\"",
            shares(settings, &leader, FALSE_SLOWER),
        ),
        ("2, the noisy one slower by 10 %: outside", shares(settings, &slower, |t| t.tied.len() == 1)),
        ("8 of all kinds, the leader noisy: right pick", shares(settings, &one_noisy(company(), 0), |t| t.right_pick)),
    ];
    counted("field", rows)
}

fn many(settings: &Settings<'_>) -> String {
    let field = forty();
    let fast: Vec<usize> = (0..field.len()).filter(|&id| field[id].seconds <= SECONDS).collect();
    let tuned = settings.each_ref().map(|setting| quiet(&field, setting));
    let shares = |is: Is| -> Vec<String> { tuned.each_ref().map(|tuned| Share::count(tuned, is).to_string()).into() };
    let mean = |of: &dyn Fn(&Tuned) -> f64| {
        let means = tuned.iter().map(|tuned| tuned.iter().map(of).sum::<f64>() / tuned.len() as f64);
        means.map(|mean| format!("{mean:.1}")).collect::<Vec<_>>()
    };
    let rows = [
        ("the pick is one of the ten", shares(|t| t.right_pick)),
        ("one of the ten is called slower", shares(FALSE_SLOWER)),
        (
            "of the ten in the tie set, on average",
            mean(&|t| fast.iter().filter(|id| t.tied.contains(id)).count() as f64),
        ),
        ("others in the tie set, on average", mean(&|t| t.tied.iter().filter(|id| !fast.contains(id)).count() as f64)),
        ("rounds of the race, on average", mean(&|t| t.rounds as f64)),
        ("seconds on the mock clock, on average", mean(&|t| t.elapsed_s)),
    ];
    counted("", rows)
}

fn lengths(settings: &Settings<'_>) -> String {
    let fields = [
        ("2 equals", serial(&[1.0, 1.0])),
        ("2, one slower by 5 %", serial(&[1.0, 1.05])),
        ("2, one slower by 25 %", serial(&[1.0, 1.25])),
        ("8 equals", serial(&[1.0; 8])),
        ("8 of all kinds", company()),
    ];
    let rounds = |field: &[_], setting: &Setting<'_>| {
        let mut rounds: Vec<usize> = quiet(field, setting).iter().map(|t| t.rounds).collect();
        rounds.sort_unstable();
        let at = |p: f64| rounds[(p * rounds.len() as f64) as usize];
        format!("{} ({}-{})", at(0.5), at(0.05), at(0.95))
    };
    let rows = fields.map(|(name, field)| (name, settings.each_ref().map(|setting| rounds(&field, setting)).into()));
    let ends = shares(settings, &serial(&[1.0, 1.03]), |t| t.within && t.tied.len() > 1);
    counted("field", rows.into_iter().chain([("2, one slower by 3 %: called equal before the end", ends)]))
}

fn methods(settings: &Settings<'_>) -> String {
    let field = company();
    let cell = |setting: &Setting<'_>, disturbance, method| {
        let left = race(&field, setting, disturbance, method);
        let out = |place: usize, by: usize| {
            Share::count(&left, |left| left[place].is_some_and(|round| round <= by)).percent()
        };
        let wrong = Share::count(&left, |left| left[..3].iter().any(Option::is_some)).percent();
        vec![out(3, 30), out(4, 30), out(4, 15), out(5, 8), wrong]
    };
    let mut rows = Vec::new();
    for (weather, disturbance) in [("quiet", Disturbance::None), ("bursts", Disturbance::SilentBursts)] {
        for (column, setting) in COLUMNS.iter().zip(settings) {
            for (name, method) in [("trimmed, pooled", Method::TrimmedPooled), ("plain", Method::PlainPaired)] {
                let figures = cell(setting, disturbance, method).into_iter().map(|percent| format!("{percent:.1} %"));
                let names = [weather, column, name].map(String::from);
                rows.push(names.into_iter().chain(figures).collect());
            }
        }
    }
    let heads = [
        "",
        "paired log-sd",
        "bounds",
        "+5 % out",
        "+10 % out",
        "+10 % out by round 15",
        "+25 % out by round 8",
        "false \"slower\"",
    ];
    table(&heads, rows)
}

fn processes(settings: &Settings<'_>) -> String {
    let settings = [0.0, 0.01, 0.02, 0.04].map(|process_sd| Setting { process_sd, ..settings[1] });
    let rows = [
        (
            "A/A test: one combination under two names is called different",
            shares(&settings, &serial(&[1.0, 1.0]), |t| t.tied.len() == 1),
        ),
        ("of eight, one that is not slower is called slower", shares(&settings, &company(), FALSE_SLOWER)),
        (
            "planted effect: of eight, the one slower by 10 % is outside",
            shares(&settings, &company(), |t| !t.tied.contains(&4)),
        ),
        ("of eight, the pick is the fastest or within 2 % of it", shares(&settings, &company(), |t| t.right_pick)),
    ];
    table(&["", "0", "1 %", "2 %", "4 %"], named(rows))
}

fn quiet(field: &[MockCandidate], setting: &Setting<'_>) -> Vec<Tuned> {
    tunings(field, setting, |_| Disturbance::None, false)
}

/// How often `is` holds of the tunings of `field`, in each setting.
fn shares(settings: &Settings<'_>, field: &[MockCandidate], is: Is) -> Vec<String> {
    settings.iter().map(|setting| Share::count(&quiet(field, setting), is).to_string()).collect()
}

fn named<'a>(rows: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> Vec<Vec<String>> {
    rows.into_iter().map(|(name, cells)| [vec![name.into()], cells].concat()).collect()
}

/// A table with the columns [`COLUMNS`].
fn counted<'a>(first: &str, rows: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> String {
    table(&[&[first][..], &COLUMNS].concat(), named(rows))
}

fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let head = line(heads.iter().map(|head| (*head).into()).collect());
    let rule = line(heads.iter().map(|_| "---".into()).collect());
    [head, rule].into_iter().chain(rows.into_iter().map(line)).collect::<Vec<_>>().join("\n")
}
