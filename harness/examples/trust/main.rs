//! Prints `docs/trust.md`: how often the search is wrong, counted over tunings on a mock machine.
//!
//! `cargo run --release -p gingham-harness --example trust > docs/trust.md`; the same seeds give the same page.

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
    let sections = [
        asked(&settings),
        disturbed(&settings),
        families(&settings),
        unequal(&settings),
        many(&settings),
        lengths(&settings),
        methods(&settings),
        processes(&settings),
        regret::section(),
    ];
    print!("{}", page(&head(&recorded), &sections));
}

/// The page: what it is, its sections in their order, each with its title, our bias, and the sources.
fn page(head: &str, sections: &[String]) -> String {
    let parts = std::iter::once(head).chain(sections.iter().map(String::as_str)).chain([BIAS, SOURCES]);
    parts.map(str::trim_end).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The columns of most tables: the paired log-sd at 1, 3 and 10 %, and 3 % of normal noise.
type Settings<'a> = [Setting<'a>; 4];

const COLUMNS: [&str; 4] = ["1 %", "3 %", "10 %", "3 %, normal"];

fn head(noise: &Noise) -> String {
    let made = format!(
        "Made by `cargo run --release -p gingham-harness --example trust > docs/trust.md`: {RUNS} tunings for each \
         share, each with its own seed, on a mock machine whose truth is known. In brackets stands the exact 95 % \
         interval of the share (Clopper and Pearson 1934)."
    );
    let items = [
        "**The mock machine** gives each candidate a true time. A sample takes that, times the exponential of noise; \
         the mock clock goes by as much. The noise has a part of its own for each sample and a part that all share for \
         each round, which varies by twice the paired log-sd: the standard deviation of the difference of two \
         candidates' logs in one round."
            .into(),
        format!("**The noise** is drawn from {}. `normal` is the normal distribution.", noise.describe()),
        "**The search** is the one that `gingham tune` runs, at its defaults: a tolerance of 2 %, 30 rounds at most, a \
         confirmation in 12 rounds. A batch takes the fastest candidate 64 ms."
            .into(),
    ];
    let items = items.map(|item: String| wrapped(&format!("* {item}")).replace('\n', "\n  "));
    let experiments = EXPERIMENTS.map(|item| wrapped(&format!("* {item}")).replace('\n', "\n  "));
    format!(
        "# How far a tuning can be believed\n\n{}\n\n{}\n\nThe experiments:\n\n{}\n",
        wrapped(&made),
        items.join("\n"),
        experiments.join("\n")
    )
}

/// What the experiments are, under the names that they have elsewhere.
const EXPERIMENTS: [&str; 5] = [
    "**A/A test**: two names of one combination are tuned. To call them different is wrong.",
    "**Planted effect**: one combination is made slower by a known per cent. A search should find a large effect, and \
     call a small one, within the tolerance, a tie.",
    "**Coverage**: how often the interval that is published for the pick covers the pick's true median.",
    "**Drift** and other disturbances: the machine becomes slower while the tuning runs, or is half as fast for \
     moments; the answer should stay the same.",
    "**Regret**: what the pick of a short race loses against the best of an exhaustive run, over recorded tunings.",
];

fn asked(settings: &Settings<'_>) -> String {
    let of = |field: &[_], is: fn(&Tuned) -> bool| shares(settings, |setting| share(&quiet(field, setting), is));
    let outside = |t: &Tuned| !t.tied.contains(&1);
    let rows = [
        (
            "A/A test: one combination under two names is called different",
            "at most 5 %",
            of(&serial(&[1.0, 1.0]), outside),
        ),
        (
            "planted effect: of two, one slower by 10 % is outside the tie set",
            "99 %",
            of(&serial(&[1.0, 1.1]), outside),
        ),
        ("planted effect: of two, one slower by 5 % is outside", "90 %", of(&serial(&[1.0, 1.05]), outside)),
        (
            "planted effect: of two, one slower by 1 % is a tie",
            "95 %",
            of(&serial(&[1.0, 1.01]), |t| t.tied.contains(&1)),
        ),
        (
            "planted effect: of eight, the one slower by 10 % is outside",
            "99 %",
            of(&company(), |t| !t.tied.contains(&4)),
        ),
        (
            "planted effect: of eight, the one slower by 5 % is outside",
            "90 %",
            of(&company(), |t| !t.tied.contains(&3)),
        ),
        ("planted effect: of eight, the one slower by 1 % is a tie", "95 %", of(&company(), |t| t.tied.contains(&2))),
        ("of eight, the pick is the fastest or within 2 % of it", "", of(&company(), |t| t.right_pick)),
        ("coverage: the published interval covers the pick's true median", "93 to 97 %", of(&company(), |t| t.covered)),
    ];
    let rows = rows.into_iter().map(|(what, asked, shares)| [vec![what.into(), asked.into()], shares].concat());
    section(
        "A/A test, planted effects and coverage: what must be reached",
        "The requirements are for 3 %. The eight are a leader and an equal, and others slower by 1, 5, 10, 25, 60 and \
         100 %.",
        &["", "required"],
        rows.collect(),
    )
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
    let right = undisturbed.iter().map(|tuned| share(tuned, |t| t.tied == [0, 1, 2]).to_string()).collect();
    let rows = [
        ("nothing: the tie set is the right one", right),
        ("drift: all becomes slower by 30 % from start to end", of(Disturbance::Drift, false)),
        ("the list of candidates is reversed", of(|_| Disturbance::None, true)),
        ("bursts that the kernel counts", of(|_| Disturbance::Bursts, false)),
        ("bursts that no counter shows", of(|_| Disturbance::SilentBursts, false)),
    ];
    section(
        "Drift and other disturbances",
        "How often the tie set is the same as with the same seed and no disturbance; required is 95 % at 3 %. The \
         field is a leader, an equal and one slower by 1 %, which are the right tie set, and others slower by 10, 25, \
         60 and 100 %. In a burst all is half as fast for 200 ms; one comes every 2 s on average.",
        &["disturbance"],
        named(rows),
    )
}

fn families(settings: &Settings<'_>) -> String {
    let of = |field: &[_], tolerance: f64| {
        shares(settings, |setting| share(&quiet(field, &Setting { tolerance, ..*setting }), |t| t.false_slower))
    };
    let edge = serial(&[1.0, 1.02, 1.02, 1.02, 1.02, 1.02]);
    let rows = [
        ("2 equals", of(&serial(&[1.0; 2]), 0.02)),
        ("6 equals", of(&serial(&[1.0; 6]), 0.02)),
        ("8 equals", of(&serial(&[1.0; 8]), 0.02)),
        ("2 equals, tolerance 0", of(&serial(&[1.0; 2]), 0.0)),
        ("6 equals, tolerance 0", of(&serial(&[1.0; 6]), 0.0)),
        ("8 equals, tolerance 0", of(&serial(&[1.0; 8]), 0.0)),
        ("one slower by just the tolerance", of(&edge[..2], 0.02)),
        ("five slower by just the tolerance", of(&edge, 0.02)),
        ("eight of all kinds", of(&company(), 0.02)),
    ];
    section(
        "False positives: called slower by mistake",
        "How often a candidate that is not slower than the leader by more than the tolerance is called slower, in the \
         race or in the confirmation; at most 5 % are allowed.",
        &["field"],
        named(rows),
    )
}

fn unequal(settings: &Settings<'_>) -> String {
    let of = |field: &[_], tolerance: f64, is: fn(&Tuned) -> bool| {
        shares(settings, |setting| share(&quiet(field, &Setting { tolerance, ..*setting }), is))
    };
    let wrong: fn(&Tuned) -> bool = |t| t.false_slower;
    let edge = one_noisy(serial(&[1.0, 1.0, 1.0, 1.02, 1.1, 1.1]), 3);
    let rows = [
        ("6 equals, one noisy: false \"slower\"", of(&one_noisy(serial(&[1.0; 6]), 3), 0.02, wrong)),
        ("the same, tolerance 0", of(&one_noisy(serial(&[1.0; 6]), 3), 0.0, wrong)),
        ("6, the noisy one slower by just the tolerance: false \"slower\"", of(&edge, 0.02, wrong)),
        (
            "4, a noisy leader and three slower by just the tolerance: false \"slower\"",
            of(&one_noisy(serial(&[1.0, 1.02, 1.02, 1.02]), 0), 0.02, wrong),
        ),
        (
            "2, the noisy one slower by 10 %: outside",
            of(&one_noisy(serial(&[1.0, 1.1]), 1), 0.02, |t| t.tied.len() == 1),
        ),
        ("8 of all kinds, the leader noisy: right pick", of(&one_noisy(company(), 0), 0.02, |t| t.right_pick)),
    ];
    section("Unequal noise", "One candidate has three times the noise of the others.", &["field"], named(rows))
}

fn many(settings: &Settings<'_>) -> String {
    let field = forty();
    let fast: Vec<usize> = (0..field.len()).filter(|&id| field[id].seconds <= SECONDS).collect();
    let tuned = settings.each_ref().map(|setting| quiet(&field, setting));
    let shares = |is: fn(&Tuned) -> bool| tuned.iter().map(|tuned| share(tuned, is).to_string()).collect::<Vec<_>>();
    let mean = |of: &dyn Fn(&Tuned) -> f64| {
        let means = tuned.iter().map(|tuned| tuned.iter().map(of).sum::<f64>() / tuned.len() as f64);
        means.map(|mean| format!("{mean:.1}")).collect::<Vec<_>>()
    };
    let rows = [
        ("the pick is one of the ten", shares(|t| t.right_pick)),
        ("one of the ten is called slower", shares(|t| t.false_slower)),
        (
            "of the ten in the tie set, on average",
            mean(&|t| fast.iter().filter(|id| t.tied.contains(id)).count() as f64),
        ),
        ("others in the tie set, on average", mean(&|t| t.tied.iter().filter(|id| !fast.contains(id)).count() as f64)),
        ("rounds of the race, on average", mean(&|t| t.rounds as f64)),
        ("seconds on the mock clock, on average", mean(&|t| t.elapsed_s)),
    ];
    section(
        "Many candidates",
        "Forty: ten equals, 26 slower by 6 to 81 %, and four on one thread that are slower by 260 %. Successive \
         halving leaves eight of them; those that it drops are not called slower.",
        &[""],
        named(rows),
    )
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
    let row = |(name, field): &(&'static str, Vec<_>)| (*name, shares(settings, |setting| rounds(field, setting)));
    let mut rows = named(fields.each_ref().map(row));
    let false_end =
        |setting: &Setting<'_>| share(&quiet(&serial(&[1.0, 1.03]), setting), |t| t.within && t.tied.len() > 1);
    rows.push([vec!["2, one slower by 3 %: called equal before the end".into()], shares(settings, false_end)].concat());
    section(
        "Rounds",
        "Rounds of the race: the median, and in brackets what nine of ten lie within. A race ends when one is left, \
         when all that are left are proven to be within the tolerance, or after 30 rounds.",
        &["field"],
        rows,
    )
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
    let text = "A race of eight, decided by the bounds of the search (means trimmed by a fifth, winsorised variances, \
                pooled over the candidates) and by a paired t for each candidate (plain means, its own variance), at \
                the same looks and levels. Bursts are those that no counter shows.";
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
    format!("## Trimmed and pooled, or plain\n\n{}\n\n{}", wrapped(text), table(&heads, rows))
}

fn processes(settings: &Settings<'_>) -> String {
    let settings: Vec<Setting<'_>> =
        [0.0, 0.01, 0.02, 0.04].iter().map(|&process_sd| Setting { process_sd, ..settings[1] }).collect();
    let of = |field: &[_], is: fn(&Tuned) -> bool| {
        settings.iter().map(|setting| share(&quiet(field, setting), is).to_string()).collect::<Vec<_>>()
    };
    let rows = [
        (
            "A/A test: one combination under two names is called different",
            of(&serial(&[1.0, 1.0]), |t| t.tied.len() == 1),
        ),
        ("of eight, one that is not slower is called slower", of(&company(), |t| t.false_slower)),
        ("planted effect: of eight, the one slower by 10 % is outside", of(&company(), |t| !t.tied.contains(&4))),
        ("of eight, the pick is the fastest or within 2 % of it", of(&company(), |t| t.right_pick)),
    ];
    let text = "Where it cannot be believed: processes of one combination may differ for as long as they live, by \
                where their memory lies. No number of rounds takes that out, and a tuning has two processes of a \
                finalist at most. Paired log-sd 3 %; a column for the standard deviation of the log by which processes \
                differ.";
    let heads = ["", "0", "1 %", "2 %", "4 %"];
    format!("## Processes that differ\n\n{}\n\n{}", wrapped(text), table(&heads, named(rows)))
}

const BIAS: &str = "## Our bias

We wrote both the search and its examination: the mock machine, the disturbances and the fields above. We thought of
the same troubles twice, and of none that we have not met.

What is done about it:

* The noise is not invented. It is the residuals of recorded tunings of a real machine, with rounds and combinations
  taken out; `normal`, for which textbook bounds are made, stands beside it.
* The mock machine knows nothing of the search, which runs on it unchanged, and the draws depend on names, so that no
  order of requests can be lucky.
* What must be reached stands beside what is, each share with its interval, and a test of the repository
  (`harness/tests/trust.rs`) fails where a part of it is no longer reached.
* What it cannot do stands here too: a paired log-sd of 10 %, bursts that no counter shows, processes that differ.

What remains:

* The recordings are of one kind of machine with two CPUs. Noise with other shapes, such as on laptops that change their
  clocks, is not among them.
* In the model, noise multiplies a true time that stays. A real machine has times that depend on what ran before.
* Regret is counted against recordings whose best is itself a measured one, over workloads that we chose.

";

const SOURCES: &str = "## Sources

* Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.
* David and Nagaraja (2003), Order Statistics, section 7.1: the exact interval of a median.
* Gupta (1965), On some multiple decision (selection and ranking) rules: a subset that holds the best.
* Holm (1979), A simple sequentially rejective multiple test procedure.
* Jamieson and Talwalkar (2016), Non-stochastic best arm identification and hyperparameter optimization: halving.
* Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators: the mock machine's draws.
* Student (1908), The probable error of a mean.
* Tukey (1977), Exploratory Data Analysis: median polish, which takes rounds and combinations out of recorded times.
* Tukey and McLaughlin (1963), Less vulnerable confidence and significance procedures for location; Yuen (1974), The
  two-sample trimmed t for unequal population variances: trimmed means with winsorised variances.
* Williams (1949), Experimental designs balanced for the estimation of residual effects of treatments: the order of
  rounds.
";

fn quiet(field: &[MockCandidate], setting: &Setting<'_>) -> Vec<Tuned> {
    tunings(field, setting, |_| Disturbance::None, false)
}

fn share(tuned: &[Tuned], is: impl Fn(&Tuned) -> bool) -> Share {
    Share::count(tuned, is)
}

fn shares<T: ToString>(settings: &Settings<'_>, of: impl Fn(&Setting<'_>) -> T) -> Vec<String> {
    settings.iter().map(|setting| of(setting).to_string()).collect()
}

fn named<const N: usize>(rows: [(&str, Vec<String>); N]) -> Vec<Vec<String>> {
    rows.into_iter().map(|(name, cells)| [vec![name.into()], cells].concat()).collect()
}

/// A section with one table, whose last columns are those of [`COLUMNS`].
fn section(title: &str, text: &str, first: &[&str], rows: Vec<Vec<String>>) -> String {
    format!("## {title}\n\n{}\n\n{}", wrapped(text), table(&[first, &COLUMNS].concat(), rows))
}

/// Lines of at most 118 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if lines[lines.len() - 1].len() + word.len() >= 118 {
            lines.push(String::new());
        }
        let line = lines.last_mut().expect("it begins with one");
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(word);
    }
    lines.join("\n")
}

fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = line(heads.iter().map(|head| (*head).into()).collect());
    let rule = line(heads.iter().map(|_| "---".into()).collect());
    head + &rule + &rows.into_iter().map(line).collect::<String>()
}
