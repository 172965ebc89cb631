//! Studies: the questions of the tutorials from which this project grew, measured on the machine at hand.
//!
//! A study is data ([`Study`], a file of benches/workloads/studies): its rows name what is measured. Ours are measured
//! in rounds, in this process or, where a row is a whole program, each time in a new one; the rows of a peer's program,
//! if there is one, stand in the same table. The figures of the tutorials stand beside them and are compared with
//! nothing.

mod definition;
mod measure;
mod peer;
mod race;
mod report;
mod row;

use std::path::Path;
use std::time::Instant;

use gingham_core::Registry;
use gingham_machine::Machine;

pub use definition::{Sizes, Study, Unknown};
pub use measure::with_functions;
pub use peer::{NoPeers, Peers};
pub use report::{Group, Report};
pub use row::{By, Figures, Row};

use measure::Site;
use race::{Rounds, race};

/// How a study is made.
pub struct Conditions<'a> {
    /// With the functions of the studies: [`with_functions`].
    pub registry: &'a Registry,
    /// Sizes that say nothing about speed.
    pub quick: bool,
    /// What runs the ways of Python; `None` leaves them out.
    pub peers: Option<&'a Peers>,
    /// An empty folder for files.
    pub scratch: &'a Path,
    /// Whether somebody has asked to end with what is known.
    pub interrupted: &'a dyn Fn() -> bool,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub enum Progress<'a> {
    /// A sample of a row.
    #[strum(to_string = "round {round} of {rounds}: {row}")]
    Sampling {
        /// From 1 on.
        round: usize,
        /// All of them, those that do not count included.
        rounds: usize,
        /// Its name.
        row: &'a str,
    },
    /// The program of the peers.
    #[strum(to_string = "the peers' program: {0}")]
    Peers(&'a str),
}

impl Study {
    /// Measures it; `tell` hears what comes next. What fails is a row that says why.
    pub fn run(&self, conditions: &Conditions<'_>, tell: &mut dyn FnMut(Progress<'_>)) -> Report {
        let (begin, machine, sizes) = (Instant::now(), Machine::probe(), self.sizes(conditions.quick));
        let interrupted = conditions.interrupted;
        let site = Site {
            registry: conditions.registry,
            sizes,
            study: Self::all().iter().position(|study| study.name == self.name).unwrap_or_default(),
            cpus: machine.usable_cpus,
            scratch: conditions.scratch,
            patience: self.budget(),
        };
        let definitions = self.rows();
        let ways = definitions.iter().enumerate().map(|(number, row)| row.measure.sample(&site, number)).collect();
        let rounds = Rounds {
            rounds: sizes.one("rounds").unwrap_or(1),
            unmeasured: self.unmeasured_rounds,
            until: begin + self.budget() / 2,
            interrupted,
        };
        let all = rounds.rounds + rounds.unmeasured;
        let found = race(ways, &rounds, &mut |round, number| {
            tell(Progress::Sampling { round: round + 1, rounds: all, row: &definitions[number].name });
        });
        let mut rows = Vec::new();
        for (row, samples) in definitions.into_iter().zip(found) {
            let unreached = || "not reached before the end".to_owned();
            let found = samples
                .map_err(|error| error.to_string())
                .and_then(|samples| Figures::of(row.measure.unit(), &samples).ok_or_else(unreached));
            rows.push(Row { by: row.measure.by(), name: row.name, found, note: row.note, theirs: row.theirs });
        }
        let peers = conditions.peers.map(|peers| {
            if interrupted() {
                return Err("interrupted before".to_owned());
            }
            tell(Progress::Peers(&self.peer));
            let until = begin + self.budget();
            let run = peer::Run { sizes, scratch: conditions.scratch, until, interrupted };
            let command = peers.command(self, sizes);
            match peers.rows(self, &run) {
                Ok(found) => {
                    rows.extend(found);
                    Ok(command)
                }
                Err(error) => Err(format!("{command}: {error}")),
            }
        });
        Report::new(self, &machine, conditions.quick, rows, peers)
    }
}
