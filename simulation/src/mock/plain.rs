//! A race of thirty rounds decided in two ways: by the bounds of the search, and by a paired t for each candidate, with
//! plain means.

use gingham_harness::search::bounds::{LOOKS, SHARE, compare};
use gingham_harness::search::{Course, Order, Process, Role};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::fields::MockCandidate;
use super::noise::bits;
use super::{Disturbance, Machine, Setting, TASKS};

/// How a race is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The search's own: trimmed means, winsorised and pooled variances.
    TrimmedPooled,
    /// Plain means, each candidate's own variance; levels and looks are the same.
    PlainPaired,
}

/// Races `field` once for each seed: the round after which each candidate left, `None` if it did not.
pub fn race(
    field: &[MockCandidate],
    setting: &Setting<'_>,
    disturbance: Disturbance,
    method: Method,
) -> Vec<Vec<Option<usize>>> {
    let run = |run| decide(&record(field, setting, disturbance, bits(&[run])), setting.tolerance, method);
    (0..setting.runs as u64).into_par_iter().map(run).collect()
}

/// Logs of the times: a list for each candidate, with an entry for each round.
fn record(
    field: &[MockCandidate],
    setting: &Setting<'_>,
    disturbance: Disturbance,
    seed: u64,
) -> Vec<Vec<Option<f64>>> {
    let mut machine = Machine::new(field, setting, disturbance, seed);
    let mut order = Order::new(seed);
    let mut logs = vec![Vec::new(); field.len()];
    for round in 0..LOOKS[LOOKS.len() - 1] {
        for candidate in order.next(field.len()) {
            let sample = machine.sample(Process { candidate, role: Role::Race }, round, TASKS);
            logs[candidate].push(Some(sample.expect("a mock machine has no faults").seconds_per_task().ln()));
        }
    }
    logs
}

fn decide(logs: &[Vec<Option<f64>>], tolerance: f64, method: Method) -> Vec<Option<usize>> {
    let mut left = vec![None; logs.len()];
    for look in LOOKS {
        let live: Vec<usize> = (0..logs.len()).filter(|&i| left[i].is_none()).collect();
        let so_far: Vec<Vec<Option<f64>>> = live.iter().map(|&i| logs[i][..look].to_vec()).collect();
        let slower: Vec<usize> = match method {
            Method::TrimmedPooled => {
                let others = compare(&so_far, None, tolerance, SHARE).map_or(Vec::new(), |found| found.others);
                others.iter().filter(|other| other.slower).map(|other| other.index).collect()
            }
            Method::PlainPaired => slower_plainly(&so_far, tolerance),
        };
        slower.into_iter().for_each(|i| left[live[i]] = Some(look));
    }
    left
}

/// A paired t for each (Student 1908), at Holm's levels.
fn slower_plainly(logs: &[Vec<Option<f64>>], tolerance: f64) -> Vec<usize> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let logs: Vec<Vec<f64>> = logs.iter().map(|lane| lane.iter().copied().flatten().collect()).collect();
    let leader = (0..logs.len()).min_by(|&a, &b| mean(&logs[a]).total_cmp(&mean(&logs[b]))).expect("a field of some");
    let mut chances: Vec<(f64, usize)> = (0..logs.len())
        .filter(|&i| i != leader)
        .map(|i| {
            let apart: Vec<f64> = logs[i].iter().zip(&logs[leader]).map(|(own, other)| own - other).collect();
            let (count, centre) = (apart.len() as f64, mean(&apart));
            let variance = apart.iter().map(|x| (x - centre) * (x - centre)).sum::<f64>() / (count - 1.0);
            let t = (centre - tolerance.ln_1p()) / (variance / count).sqrt();
            (StudentsT::new(0.0, 1.0, count - 1.0).expect("two rounds or more").sf(t), i)
        })
        .collect();
    chances.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = chances.len();
    let passing = chances.iter().enumerate().take_while(|(rank, (p, _))| *p <= SHARE / (2.0 * (count - rank) as f64));
    passing.map(|(_, (_, i))| *i).collect()
}
