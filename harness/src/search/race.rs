//! The race proper: rounds of the whole batch until the samples have decided, and what follows from them.

use super::bounds::{ALPHA, LOOKS, SHARE};
use super::field::{End, Field};
use super::heats::drop_gross_losers;
use super::{EXHAUSTIVE_ROUNDS, Entrant, Found, GROSS, Left, Role, Stop, Twin, Unstarted, Warning, confirm, is_peer};
use crate::quantity::count;
use crate::sample::Rounds;

/// Runs rounds until one is left, all are proven equal, or rounds or budget are used up; says which.
pub(super) fn run(field: &mut Field<'_>) -> Stop {
    field.race_from = field.next_round();
    let tasks = field.rules.model.tasks;
    if field.racing().len() > 1
        && let Some(leader) = field.leader()
    {
        // Of long tasks it must not cost the first look: a start, and that many rounds of it and all others.
        let rounds_s = LOOKS[0] as f64 * (field.round_s(tasks) + field.cost(leader, tasks));
        let left_s = field.left() - confirm::reserve(field);
        if !field.rules.tasks_are_long() || field.start_s() + rounds_s <= left_s {
            field.admit(Entrant { role: Role::Twin, ..leader }, 1);
        }
    }
    let mut kept = 0;
    loop {
        if field.course.interrupted() {
            return Stop::Interrupted;
        }
        if field.racing().len() <= 1 {
            return Stop::OneLeft;
        }
        if kept >= field.rules.most_rounds {
            return Stop::Rounds;
        }
        field.reserve_s = confirm::reserve(field);
        if field.round(tasks) == End::Cut {
            return if field.course.interrupted() { Stop::Interrupted } else { Stop::Budget };
        }
        kept += 1;
        drop_gross_losers(field);
        if LOOKS.contains(&kept) && look(field, SHARE) && field.racing().len() > 1 {
            return Stop::Within;
        }
    }
}

/// Runs every combination in [`EXHAUSTIVE_ROUNDS`] rounds.
pub(super) fn exhaust(field: &mut Field<'_>) -> Stop {
    let ids: Vec<usize> = (0..field.runs.len()).filter(|&id| field.runs[id].skipped.is_none()).collect();
    for (i, &candidate) in ids.iter().enumerate() {
        if field.left() <= 0.0 || field.course.interrupted() {
            let why = if field.course.interrupted() { Unstarted::Interrupted } else { Unstarted::Budget };
            ids[i..].iter().for_each(|&id| field.runs[id].skipped = Some(why.clone()));
            break;
        }
        field.admit(Entrant { candidate, role: Role::Race }, ids.len() - i);
    }
    field.race_from = field.next_round();
    for _ in 0..EXHAUSTIVE_ROUNDS {
        if field.course.interrupted() {
            return Stop::Interrupted;
        }
        field.reserve_s = confirm::reserve(field);
        if field.round(field.rules.model.tasks) == End::Cut {
            return if field.course.interrupted() { Stop::Interrupted } else { Stop::Budget };
        }
    }
    Stop::Exhausted
}

/// Takes those out that are proven slower, spending `alpha`; whether all others are proven to be within the tolerance.
fn look(field: &mut Field<'_>, alpha: f64) -> bool {
    let racing = field.racing();
    let Some(comparison) = field.compare(&racing, field.race_from, alpha) else { return false };
    field.looks += 1;
    let leader = &field.combinations[racing[comparison.leader].candidate];
    for other in comparison.others.iter().filter(|other| other.slower) {
        let who = racing[other.index];
        let by = other.interval.map(|ratio| ratio - 1.0);
        field.runs[who.candidate].slower_by = Some(by);
        field.eliminate(who, Left::Slower { than: leader.clone(), by });
    }
    comparison.others.iter().all(|other| other.slower || other.within)
}

/// A candidate that is still in, and how many times the leader's time it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) candidate: usize,
    pub(super) ratio: f64,
}

/// From the end of the race to what it found: a last look, a last judgement of the results, the pick, its confirmation.
pub(super) fn conclude(field: &mut Field<'_>, stop: Stop) -> Found {
    // What the looks have left of the level may be spent on the rounds since the last of them.
    let left = LOOKS.len() - field.looks;
    if left > 0 {
        look(field, SHARE * left as f64);
    }
    let mut standing = standings(field);
    for who in field.live.clone() {
        let judge = who.role == Role::Race;
        field.dismiss(who, judge);
    }
    let sound = |field: &Field<'_>, id: usize| field.runs[id].failure.is_none() && field.runs[id].admission.is_some();
    standing.retain(|s| sound(field, s.candidate));
    if standing.is_empty() {
        // All that were left are wrong or dead: who had to leave because of them is back, with what it has shown.
        let back: Vec<usize> = (0..field.runs.len()).filter(|&id| sound(field, id)).collect();
        back.iter().for_each(|&id| field.runs[id].left = None);
        standing = by_quickest(field, &back);
    }
    let mut confirmed = Vec::new();
    if field.rules.confirm && !field.course.interrupted() && !standing.is_empty() {
        confirmed = confirm::run(field, &mut standing);
        standing.retain(|s| sound(field, s.candidate));
    }
    // Where some are confirmed, the pick is one of them.
    let sure: Vec<Standing> =
        standing.iter().copied().filter(|s| confirmed.iter().any(|c| c.candidate == s.candidate)).collect();
    let disturbed = disturbed(field);
    field.warnings.extend(disturbed.iter().map(|what| Warning::Disturbed { what: what.clone() }));
    warn_of_equals(field);
    let best = pick(field, if sure.is_empty() { &standing } else { &sure });
    let leader = standing.iter().map(|s| s.ratio).min_by(f64::total_cmp).unwrap_or(1.0);
    for s in &standing {
        if s.ratio > leader * GROSS && field.runs[s.candidate].left.is_none() && standing.len() > 1 {
            field.runs[s.candidate].left = Some(Left::Behind { ratio: s.ratio / leader });
        }
    }
    let tied = standing.iter().filter(|s| field.runs[s.candidate].left.is_none()).map(|s| s.candidate);
    let twin = field.others.iter().find(|(who, _)| who.role == Role::Twin);
    Found {
        best,
        tied: tied.filter(|&id| Some(id) != best).collect(),
        twin: twin.map(|(who, samples)| Twin { candidate: who.candidate, samples: samples.clone() }),
        confirmed,
        rounds: field.rounds,
        stop,
        advised_s: field.advised_s,
        disturbed,
        warnings: std::mem::take(&mut field.warnings),
        runs: std::mem::take(&mut field.runs),
    }
}

/// Those that are in at the end of the race, the fastest first.
fn standings(field: &Field<'_>) -> Vec<Standing> {
    let racing = field.racing();
    let Some(comparison) = field.compare(&racing, field.race_from, ALPHA) else {
        return by_quickest(field, &racing.iter().map(|who| who.candidate).collect::<Vec<_>>());
    };
    let leader = racing[comparison.leader];
    let standing = racing.iter().enumerate().filter_map(|(i, &who)| {
        // Who has run in fewer than two rounds of the race has no mean to speak of.
        let compared = comparison.others.iter().find(|other| other.index == i).map(|other| other.ratio);
        let ratio = if who == leader { 1.0 } else { compared.or_else(|| field.ratio(who, leader))? };
        Some(Standing { candidate: who.candidate, ratio })
    });
    sorted(standing.collect())
}

/// Candidates by how they did at their best, where there are no rounds of the race to compare them by.
fn by_quickest(field: &Field<'_>, candidates: &[usize]) -> Vec<Standing> {
    let entrants = candidates.iter().map(|&candidate| Entrant { candidate, role: Role::Race });
    let Some(leader) = field.quickest_of(entrants.clone()) else { return Vec::new() };
    let standing = |who: Entrant| Some(Standing { candidate: who.candidate, ratio: field.ratio(who, leader)? });
    sorted(entrants.filter_map(standing).collect())
}

pub(super) fn sorted(mut standing: Vec<Standing>) -> Vec<Standing> {
    standing.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    standing
}

/// The rule for a tie: of those that look within half the tolerance (the other half is for noise), first what a program
/// can apply, then the fewest threads, then the least memory to a power of two, then the fastest.
pub(super) fn pick(field: &Field<'_>, standing: &[Standing]) -> Option<usize> {
    let leader = standing.iter().map(|s| s.ratio).min_by(f64::total_cmp)?;
    let close = standing.iter().filter(|s| s.ratio <= leader * (1.0 + field.rules.tolerance / 2.0));
    let cost = |s: &&Standing| {
        let combination = &field.combinations[s.candidate];
        let memory = field.runs[s.candidate].farewell.as_ref().map_or(0, |f| f.peak_rss_bytes);
        (is_peer(combination), combination.runnable(), memory.checked_ilog2())
    };
    let best = close.min_by(|a, b| cost(a).cmp(&cost(b)).then(a.ratio.total_cmp(&b.ratio)));
    best.map(|s| s.candidate)
}

/// What others had of the machine, in words, where that was too much.
fn disturbed(field: &Field<'_>) -> Option<String> {
    let Rounds { spoilt, kept, .. } = field.rounds;
    let rounds = (spoilt > 0).then(|| {
        let rounds = count(kept, "round");
        format!("{spoilt} of {rounds} kept in spite of other work, as a quarter of all had been repeated already")
    });
    let told: Vec<String> = rounds.into_iter().chain(field.lost().told()).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Warns where two equals lie apart.
fn warn_of_equals(field: &mut Field<'_>) {
    let Some(&twin) = field.others.keys().find(|who| who.role == Role::Twin) else { return };
    let pair = [Entrant { role: Role::Race, ..twin }, twin];
    let apart = field.compare(&pair, field.race_from, ALPHA).and_then(|c| c.others.into_iter().find(|o| o.slower));
    if let Some(apart) = apart {
        let candidate = field.combinations[twin.candidate].clone();
        field.warnings.push(Warning::ControlApart { candidate, apart: apart.ratio - 1.0 });
    }
}
