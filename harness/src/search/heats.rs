//! The heats: from all candidates to the few that race.
//!
//! One thread of each backend runs first ([`baselines`](super::baselines)); from its time the [`model`](super::model)
//! tells what each combination of that backend takes at best. Candidates start in that order, the better third of those
//! that are in stays after each heat (successive halving: Jamieson and Talwalkar 2016) with some that are near the
//! leader, and a candidate that is beyond the leader even at best is not started at all. Heats run on a part of the
//! batch: a small one, but none that fits a cache which the batch does not fit.
//!
//! Where tasks are long ([`Rules::tasks_are_long`](super::Rules::tasks_are_long)) every run is planned with: candidates
//! start as long as their heat can still run, and the race has as many contestants as reach its first look.

use super::baselines::Baselines;
use super::bounds::LOOKS;
use super::field::{End, Field};
use super::sampling::SAMPLE_S;
use super::{Entrant, GROSS, Left, Role, Unstarted, confirm, is_peer};
use crate::combination::Combination;
use crate::progress::Progress;
use crate::waves::makespan;

/// Contestants of the first heat, which are the most promising: the quickest of them tells who of the others is beyond
/// it even at best.
const FIRST_HEAT: usize = 16;

/// Contestants that start in each other heat. Fewer would make those that stay in run more often, more would leave no
/// place to stop when the budget is short; with those that stay in, some forty processes are alive at most.
const NEXT_HEAT: usize = 24;

/// Who would take this many times the leader's time even if its threads cost nothing is not started: what the ideal
/// leaves out, and the noise of one sample, are less than that.
const BEYOND: f64 = 1.25;

/// Rounds of a heat of short tasks.
const HEAT_ROUNDS: usize = 3;

/// Rounds in which a gross loser must have been one.
const GROSS_ROUNDS: usize = 2;

/// Times the leader's time for which one round is enough: bursts have been seen to slow a sample threefold.
const HUGE: f64 = 10.0;

/// Contestants of the race proper.
const FINALISTS: usize = 8;

/// Contestants that take at most this many times the leader's time at its best may stay although there are better ones:
/// the bests of a few samples of two equals differ by as much. (256 x 256 on two virtual cores: twenty combinations are
/// equal, and one of them left at 1.03.)
const NEAR: f64 = 1.08;

/// They may stay up to this many contestants: after a heat, and in the race.
const MOST_NEAR: [usize; 2] = [12, 10];

/// The part of the search's time, less what the confirmation takes, in which candidates may still be started; the rest
/// is for the race.
const STARTING_SHARE: f64 = 0.6;

/// The part of the search's time that the rounds of a heat may take; else there is one less.
const ROUNDS_SHARE: f64 = 0.1;

/// Runs the heats; those that are left in race.
pub(super) fn run(field: &mut Field<'_>) {
    let mut waiting: Vec<usize> = (0..field.runs.len()).filter(|&id| field.runs[id].skipped.is_none()).collect();
    leave_out_equals(field, &mut waiting);
    let tasks = portion(field);
    let baselines = Baselines::among(field, &mut waiting);
    if baselines.run(field, &mut waiting, tasks) == End::Cut {
        return leave_out(field, &waiting);
    }
    // How many times the leader's time a combination takes with perfect speed-up, by its backend's time on one thread.
    let model = field.rules.model;
    let ideal =
        |field: &Field<'_>, id: usize, one: f64| model.seconds(&field.combinations[id], one) / model.tasks as f64;
    let measured =
        |field: &Field<'_>, id: usize| Some(ideal(field, id, baselines.measured(field, id, field.leader()?)?));
    let expected = |field: &Field<'_>, id: usize| {
        measured(field, id).or_else(|| Some(ideal(field, id, baselines.probed(field, id, field.leader()?)?)))
    };
    // Those of which nothing is known start first, then the most promising; the last is taken first.
    waiting.sort_by(|&a, &b| {
        let key = |id| expected(field, id).unwrap_or(0.0);
        let threads = |id: usize| field.combinations[id].runnable();
        key(b).total_cmp(&key(a)).then(threads(b).cmp(&threads(a))).then(b.cmp(&a))
    });
    expect(field, &waiting, expected);

    let mut heats = 0;
    loop {
        if let Some(leader) = field.leader() {
            let than = field.combinations[leader.candidate].clone();
            // In the first heat, whatever that many CPUs could do: it shows whether the ceilings hold.
            let stretch = if heats == 0 { model.cpus as f64 / model.gain.max(1.0) } else { stretch(field, measured) };
            let bound = BEYOND * stretch.max(1.0);
            let beyond = waiting.iter().filter_map(|&id| Some((id, measured(field, id).filter(|&best| best > bound)?)));
            for (id, times) in beyond.collect::<Vec<_>>() {
                field.runs[id].skipped = Some(Unstarted::Bound { times, than: than.clone() });
            }
            waiting.retain(|&id| field.runs[id].skipped.is_none());
        }
        if waiting.is_empty() && (heats > 0 || own(field).len() <= FINALISTS) {
            break;
        }
        let size = if heats == 0 { FIRST_HEAT } else { NEXT_HEAT };
        let heat = waiting.split_off(waiting.len().saturating_sub(size));
        let heat: Vec<usize> = heat.into_iter().rev().collect();
        if is_late(field, 0.0) || field.course.interrupted() {
            leave_out(field, &[heat, waiting].concat());
            break;
        }
        start(field, &heat, waiting.len(), tasks);
        for _ in 0..rounds(field, tasks) {
            if field.round(tasks) == End::Cut {
                leave_out(field, &waiting);
                waiting.clear();
                break;
            }
        }
        drop_gross_losers(field);
        thin_out(field, own(field).len().div_ceil(3).max(FINALISTS), MOST_NEAR[0]);
        heats += 1;
    }
    field.resting.clear();
    let best = finalists(field);
    // Where tasks are long, another round of all that are left would cost more than it tells.
    if own(field).len() > best && (field.rules.tasks_are_long() || field.round(tasks) == End::Whole) {
        thin_out(field, best, MOST_NEAR[1]);
    }
}

/// How many times as fast as the ceilings allow the contestants have been, the largest such number. Ceilings hold for
/// the moment in which they were measured: memory has been seen to let two cores read as fast as one, and twice as fast
/// a minute later.
fn stretch(field: &Field<'_>, measured: impl Fn(&Field<'_>, usize) -> Option<f64>) -> f64 {
    let Some(leader) = field.leader() else { return 1.0 };
    let times = |who: Entrant| Some(measured(field, who.candidate)? / field.ratio(who, leader)?);
    field.racing().into_iter().filter_map(times).fold(1.0, f64::max)
}

/// Rounds of a heat: three, since a contestant that is slow in all of them leaves. On a shared machine a fifth of all
/// samples have been seen half as fast with no counter that says why, and one of thirty equals twice running. Of long
/// tasks two; one less where that many are dear.
pub(super) fn rounds(field: &Field<'_>, tasks: usize) -> usize {
    let rounds = if field.rules.tasks_are_long() { 2 } else { HEAT_ROUNDS };
    let dear = rounds as f64 * field.round_s(tasks) > ROUNDS_SHARE * field.span_s();
    rounds - usize::from(dear)
}

/// Leaves out those that differ from another one in nothing that long tasks feel: handing out a chunk costs about a
/// microsecond. Of chunks that give the busiest worker equally many tasks, the smallest balances best.
fn leave_out_equals(field: &mut Field<'_>, waiting: &mut Vec<usize>) {
    if !field.rules.tasks_are_long() {
        return;
    }
    let combinations = field.combinations;
    for &id in waiting.iter() {
        let own = &combinations[id];
        let busiest = |c: &Combination| makespan(field.rules.model.tasks, c.workers, c.chunk);
        let size = |c: &Combination| if c.chunk == 0 { usize::MAX } else { c.chunk };
        let equal = waiting.iter().map(|&other| &combinations[other]).find(|other| {
            Combination { chunk: own.chunk, ..(*other).clone() } == *own
                && size(other) < size(own)
                && busiest(other) == busiest(own)
        });
        if let Some(equal) = equal {
            field.runs[id].skipped = Some(Unstarted::Equal { to: equal.clone() });
        }
    }
    waiting.retain(|&id| field.runs[id].skipped.is_none());
}

/// Contestants of the race proper: as many as can run up to its first look, with a last judgement of each, in the time
/// that the confirmation leaves. With more than three a second process of one of them runs along.
fn finalists(field: &Field<'_>) -> usize {
    let Some(leader) = field.leader().filter(|_| field.rules.tasks_are_long()) else { return FINALISTS };
    let each = field.cost(leader, field.rules.model.tasks) * (LOOKS[0] + 1) as f64;
    match ((field.left() - confirm::wanted(field)) / each) as usize {
        fit @ 0..=3 => fit.max(2),
        fit => (fit - 1).min(FINALISTS),
    }
}

/// Tasks of the batch that a heat runs: enough to keep every CPU busy twice over, and to leave the caches if the batch
/// does.
fn portion(field: &Field<'_>) -> usize {
    let model = field.rules.model;
    (model.tasks / 8).max(model.beyond_cache).next_multiple_of(model.cpus).max(2 * model.cpus).min(model.tasks)
}

/// Whether the race needs all the time that is left once `pending_s` seconds of it are gone.
pub(super) fn is_late(field: &Field<'_>, pending_s: f64) -> bool {
    if let Some(may_start) = field.course.may_start() {
        return !may_start;
    }
    let confirmation = confirm::wanted(field);
    field.left() - pending_s - confirmation < (field.span_s() - confirmation) * (1.0 - STARTING_SHARE)
}

fn start(field: &mut Field<'_>, ids: &[usize], waiting: usize, tasks: usize) {
    for (i, &candidate) in ids.iter().enumerate() {
        // A heat whose contestants have not run has been for nothing.
        let pending_s = if field.rules.tasks_are_long() { field.round_s(tasks) } else { 0.0 };
        if is_late(field, pending_s) || field.course.interrupted() {
            return leave_out(field, &ids[i..]);
        }
        field.admit(Entrant { candidate, role: Role::Race }, ids.len() - i + waiting);
    }
}

pub(super) fn leave_out(field: &mut Field<'_>, ids: &[usize]) {
    for &id in ids {
        let why = if field.course.interrupted() { Unstarted::Interrupted } else { Unstarted::Budget };
        field.runs[id].skipped = Some(why);
    }
}

/// Eliminates all contestants but the `best`, those that are [`NEAR`] up to `most` contestants, and the leader's
/// siblings. Siblings differ from it in executor or chunk alone; the model expects the same time of them, and a few
/// samples do not refute it. Where tasks are long only the `best` stay, since each other one would cost a part of the
/// race.
fn thin_out(field: &mut Field<'_>, best: usize, most: usize) {
    let racing: Vec<Entrant> = own(field);
    let Some(leader) = field.leader().filter(|_| racing.len() > best) else { return };
    let mut by_time: Vec<(f64, Entrant)> =
        racing.iter().filter_map(|&who| Some((field.ratio(who, leader)?, who))).collect();
    by_time.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let combinations = field.combinations;
    let is_sibling = |who: Entrant| {
        let [own, first] = [who, leader].map(|who| &combinations[who.candidate]);
        (&own.backend, own.op_threads, own.workers) == (&first.backend, first.op_threads, first.workers)
    };
    for (rank, &(ratio, who)) in by_time.iter().enumerate().skip(best) {
        let may_stay = !field.rules.tasks_are_long() && (rank < most && ratio <= NEAR || is_sibling(who));
        if !may_stay {
            field.eliminate(who, Left::Halved { ratio });
        }
    }
}

/// The contestants that may leave without proof: all but peers, who were asked for by name.
fn own(field: &Field<'_>) -> Vec<Entrant> {
    let racing = field.racing().into_iter();
    racing.filter(|who| !is_peer(&field.combinations[who.candidate])).collect()
}

/// Eliminates the contestants that took more than [`GROSS`] times the leader's time in every round that both have run
/// in: in [`GROSS_ROUNDS`] rounds at least, or in one where they took more than [`HUGE`] times as long. All rounds
/// count, not the last two alone: in thirty rounds bursts of 200 ms slow some contestant twice running in one race of
/// ten.
pub(super) fn drop_gross_losers(field: &mut Field<'_>) {
    let Some(leader) = field.leader() else { return };
    let pace = field.logs(leader, 0);
    for who in own(field) {
        let logs = field.logs(who, 0);
        let ahead: Vec<f64> = logs.iter().zip(&pace).filter_map(|(own, pace)| Some((*own)? - (*pace)?)).collect();
        let Some(least) = ahead.iter().copied().min_by(f64::total_cmp).map(f64::exp) else { continue };
        if least > HUGE || least > GROSS && ahead.len() >= GROSS_ROUNDS {
            field.eliminate(who, Left::Gross { least, rounds: ahead.len() });
        }
    }
}

/// Says how much there is to do, now that one thread of each backend is known.
fn expect(field: &mut Field<'_>, waiting: &[usize], expected: impl Fn(&Field<'_>, usize) -> Option<f64>) {
    let ideals: Vec<f64> = waiting.iter().filter_map(|&id| expected(field, id)).collect();
    let Some((least, quickest)) =
        ideals.iter().copied().min_by(f64::total_cmp).zip(field.leader().and_then(|l| field.quickest(l)))
    else {
        return;
    };
    let worth = ideals.iter().filter(|&&ratio| ratio <= BEYOND * least).count();
    // Starts, the rounds of the heats, ten rounds of half of the finalists, and the confirmation of a few.
    let finalists = worth.min(FINALISTS) as f64;
    let spent = field.course.elapsed_s();
    let sample = (least * quickest * field.rules.model.tasks as f64).max(SAMPLE_S) + 0.005;
    let rest = worth as f64 * (field.start_s() + HEAT_ROUNDS as f64 * sample)
        + 10.0 * finalists / 2.0 * sample
        + 12.0 * 5.0 * sample;
    let seconds = (spent + rest).min(field.rules.budget_s);
    let combinations = worth + field.racing().len();
    (field.progress)(Progress::Expecting { combinations, seconds });
}
