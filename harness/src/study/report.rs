//! A study's tables and texts, for a terminal and for documents.

use gingham_machine::Machine;

use super::definition::Study;
use super::row::{By, Figures, Row};
use crate::report::{Page, count, markdown, table};

/// What came of a study.
#[derive(Debug, Clone)]
pub struct Report {
    /// The study.
    pub study: Study,
    /// On which machine and by which command each figure was measured, a sentence each.
    pub circumstances: Vec<String>,
    /// Rows that are compared with each other.
    pub groups: Vec<Group>,
}

/// Rows that are compared with each other, the least median first, then those without figures.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they have in common; empty where the study has one group alone.
    pub name: String,
    /// At least one.
    pub rows: Vec<Row>,
}

const HEADINGS: [&str; 8] = ["row", "by", "median", "low .. high", "n", "unit", "x best", "theirs"];

/// How many rows are named that have one note.
const NAMED: usize = 3;

/// How many of the columns are words.
const WORDS: usize = 2;

const WITHOUT_PEERS: &str = "no rows of Python: type `cargo xtask peers` in gingham's repository, then this again \
                             there, or with --peers and the path of its benches/peers";

impl Report {
    /// `peers` is the command of the peer's program, or why it gave nothing; `None` where there is none.
    pub(super) fn new(
        study: &Study,
        machine: &Machine,
        quick: bool,
        mut rows: Vec<Row>,
        peers: Option<Result<String, String>>,
    ) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let flag = if quick { " --quick" } else { "" };
        let cpus = count(machine.usable_cpus, "usable CPU");
        let mut circumstances = vec![
            match &machine.cpu_signature {
                Some(signature) => format!("{} ({signature}), {cpus}", machine.cpu_model),
                None => format!("{}, {cpus}", machine.cpu_model),
            },
            format!("ours: gingham {version}, `gingham study {}{flag}`", study.name),
        ];
        circumstances.push(match peers {
            Some(Ok(command)) => format!("peer, after ours: `{command}`"),
            Some(Err(why)) => format!("no rows of Python: {why}"),
            None => WITHOUT_PEERS.into(),
        });
        if quick {
            circumstances.push("--quick: small sizes, which say nothing about speed".into());
        }
        let mut groups: Vec<Group> = Vec::new();
        for name in &study.groups {
            let (of_group, others) = rows.into_iter().partition(|row| is_of(name, &row.name));
            groups.push(Group { name: name.clone(), rows: of_group });
            rows = others;
        }
        let name = if study.groups.is_empty() { "" } else { "others" };
        groups.push(Group { name: name.into(), rows });
        groups.retain(|group| !group.rows.is_empty());
        for group in &mut groups {
            if quick {
                group.rows.iter_mut().for_each(|row| row.theirs = None); // of other sizes
            }
            let least = |row: &Row| row.found.as_ref().map_or(f64::INFINITY, |figures| figures.median);
            group.rows.sort_by(|a, b| least(a).total_cmp(&least(b)));
        }
        Self { study: study.clone(), circumstances, groups }
    }

    /// For a terminal.
    #[must_use]
    pub fn to_text(&self, page: Page) -> String {
        let line = |text: &str| page.wrap(text, "  ") + "\n";
        let mut text = line(&format!("{}: {}", self.study.title, self.study.question));
        text.extend(self.circumstances.iter().map(|sentence| line(sentence)));
        for group in &self.groups {
            let title = if group.name.is_empty() { String::new() } else { format!("{}\n", group.name) };
            let mut of_group = table::ruled(HEADINGS.map(str::to_owned).to_vec(), WORDS);
            group.cells().for_each(|cells| _ = of_group.add_row(cells));
            text += &format!("\n{title}{of_group}\n");
        }
        text += "\n";
        text.extend(self.notes().map(|note| line(&format!("  {note}"))));
        text.extend(self.paragraphs().map(|paragraph| format!("\n{}", page.wrap(&paragraph, "") + "\n")));
        text
    }

    /// For a document.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Study { name, title, question, .. } = &self.study;
        let mut text = format!("## {title} (`{name}`)\n\n{question}\n\n");
        text.extend(self.circumstances.iter().map(|sentence| format!("- {sentence}\n")));
        for group in &self.groups {
            let title = if group.name.is_empty() { String::new() } else { format!("### {}\n\n", group.name) };
            text +=
                &format!("\n{title}{}", markdown::table(&HEADINGS.map(str::to_owned), group.cells().map(Vec::from)));
        }
        text += "\n";
        text.extend(self.notes().map(|note| format!("- {note}\n")));
        text.extend(self.paragraphs().map(|paragraph| format!("\n{paragraph}\n")));
        text
    }

    /// Why rows have no figures, then what has to be known of rows, each once.
    fn notes(&self) -> impl Iterator<Item = String> {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let missing = rows().filter_map(|row| Some((row, format!("no figures: {}", row.found.as_ref().err()?))));
        let notes = rows().filter(|row| row.found.is_ok() && !row.note.is_empty()).map(|row| (row, row.note.clone()));
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (row, what) in missing.chain(notes) {
            match said.iter_mut().find(|(known, _)| *known == what) {
                Some((_, names)) => names.push(&row.name),
                None => said.push((what, vec![&row.name])),
            }
        }
        said.into_iter().map(|(what, names)| match &names[..] {
            few if few.len() <= NAMED => format!("{}: {what}", few.join("; ")),
            many => format!("{} and {} more: {what}", many[0], many.len() - 1),
        })
    }

    /// The analysis, a line each.
    fn paragraphs(&self) -> impl Iterator<Item = String> {
        let paragraphs = self.study.analysis.trim().split("\n\n");
        paragraphs.map(|paragraph| paragraph.lines().collect::<Vec<_>>().join(" "))
    }
}

impl Group {
    /// What stands in the columns.
    fn cells(&self) -> impl Iterator<Item = [String; HEADINGS.len()]> {
        let figures = || self.rows.iter().filter_map(|row| Some((row.by, row.found.as_ref().ok()?)));
        // A slope below 0 is noise: it is no figure to be ahead of.
        let best = figures().filter(|(by, _)| *by != By::Floor).map(|(_, figures)| figures.median);
        let best = best.filter(|&median| median > 0.0);
        let best = best.fold(f64::INFINITY, f64::min);
        let is_short = best < 1.0 && figures().all(|(_, figures)| figures.unit == "s" && figures.median < 1.0);
        let (scale, unit) = if is_short { (1e3, Some("ms")) } else { (1.0, None) };
        self.rows.iter().map(move |row| {
            let [median, spread, samples, unit, ratio] = match &row.found {
                Ok(Figures { unit: own, median, spread: [low, high], samples }) => [
                    figure(median * scale),
                    format!("{} .. {}", figure(low * scale), figure(high * scale)),
                    samples.to_string(),
                    unit.unwrap_or(own).into(),
                    // Nothing is below a floor but by another moment of the machine.
                    match median / best {
                        ratio if ratio <= 0.0 || !ratio.is_finite() || (row.by == By::Floor && ratio > 1.0) => {
                            "-".into()
                        }
                        ratio => format!("{ratio:.2}"),
                    },
                ],
                Err(_) => [(); 5].map(|()| "-".to_owned()),
            };
            let theirs = row.theirs.map_or_else(|| "-".to_owned(), |theirs| (theirs * scale).to_string());
            [row.name.clone(), row.by.to_string(), median, spread, samples, unit, ratio, theirs]
        })
    }
}

/// Whether a row of this name has all the words, between commas, of a group.
fn is_of(group: &str, row: &str) -> bool {
    group.split(", ").all(|word| row.split(", ").any(|own| own == word))
}

/// Three digits, or all before the point.
fn figure(x: f64) -> String {
    let before = if x == 0.0 { 2 } else { x.abs().log10().floor() as i32 };
    let after = usize::try_from(2 - before).unwrap_or(0);
    format!("{x:.after$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let shown = [0.001_234_56, 0.5, 10.705, 99.96, 12345.6, 0.0].map(figure);
        assert_eq!(shown, ["0.00123", "0.500", "10.7", "100.0", "12346", "0"]);
    }

    fn row(name: &str, by: By, median: Option<f64>) -> Row {
        let found = median.map(|median| Figures::of("s", &[median]).unwrap()).ok_or_else(|| "broken".to_owned());
        Row { name: name.into(), by, found, note: "a note".into(), theirs: Some(33.1) }
    }

    fn report(study: &str, quick: bool, rows: Vec<Row>) -> Report {
        let study = Study::named(study).unwrap();
        Report::new(&study, &Machine::probe(), quick, rows, None)
    }

    #[test]
    fn rows_stand_beside_those_that_they_are_compared_with_the_fastest_first() {
        let rows = vec![
            row("CSV, NumPy, load, warm, serial", By::Peer, Some(4.0)),
            row("npy, load, warm, serial", By::Ours, Some(1.0)),
            row("CSV, load, warm, serial", By::Ours, Some(2.0)),
            row("tea", By::Ours, None),
        ];
        let report = report("load-save", false, rows);
        let names = |group: &Group| (group.name.clone(), group.rows.iter().map(|row| row.by).collect::<Vec<_>>());
        let found: Vec<_> = report.groups.iter().map(names).collect();
        assert_eq!(
            found,
            [
                ("npy, load, warm".into(), vec![By::Ours]),
                ("CSV, load, warm".into(), vec![By::Ours, By::Peer]),
                ("others".into(), vec![By::Ours]),
            ]
        );
        let [own, peer] = report.groups[1].cells().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(own[2..], ["2.00", "2.00 .. 2.00", "1", "s", "1.00", "33.1"]);
        assert_eq!(peer[5..], ["s", "2.00", "33.1"]);
        for text in [report.to_text(Page::FILE), report.to_markdown()] {
            assert!(text.contains("tea: no figures: broken\n"), "{text}");
            assert!(text.contains("CSV, load, warm, serial; CSV, NumPy, load, warm, serial: a note\n"), "{text}");
            assert!(text.contains(WITHOUT_PEERS) && text.contains("Not to be concluded"), "{text}");
        }
    }

    #[test]
    fn a_floor_is_not_the_best_and_quick_figures_stand_beside_nothing() {
        let rows = vec![row("op threads", By::Ours, Some(0.5)), row("floor", By::Floor, Some(0.25))];
        let report = report("matmul-threads", true, rows);
        let [floor, own] = report.groups[0].cells().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(floor[1..], ["floor", "250", "250 .. 250", "1", "ms", "0.50", "-"]);
        assert_eq!(own[5..], ["ms", "1.00", "-"]);
    }
}
