//! The heats: from all candidates to the few that race.
//!
//! One thread of each backend runs first; from its time the [`model`](super::model) tells what each combination of that
//! backend takes at best. Candidates start in that order, the better third of those that are in stays after each heat
//! (successive halving: Jamieson and Talwalkar 2016), and who is beyond the leader even at best is not started at all.
//! Heats run on a part of the batch: a small one, but none that fits a cache which the batch does not fit.

use super::field::{End, Field};
use super::{Course, Entrant, GROSS, Role, Unstarted, confirm, is_peer};
use crate::combination::ExecutorKind;
use crate::progress::Progress;

/// Contestants of the first heat, which are the most promising: the quickest of them tells who of the others is beyond
/// it even at best.
const FIRST_HEAT: usize = 16;

/// Contestants that start in each other heat. Fewer would make those that stay in run more often, more would leave no
/// place to stop when the budget is short; with those that stay in, some forty processes are alive at most.
const NEXT_HEAT: usize = 24;

/// Who would take this many times the leader's time even if its threads cost nothing is not started: what the ideal leaves
/// out, and the noise of one sample, are less than that.
const BEYOND: f64 = 1.25;

/// Rounds in which a gross loser must have been one.
const GROSS_ROUNDS: usize = 2;

/// Contestants of the race proper.
const FINALISTS: usize = 8;

/// The part of the budget, less what the confirmation takes, in which candidates may still be started; the rest is for the
/// race.
pub const STARTING_SHARE: f64 = 0.6;

/// Runs the heats; at most [`FINALISTS`] are left in.
pub(super) fn run<C: Course>(field: &mut Field<'_, C>) {
    let mut waiting: Vec<usize> = (0..field.runs.len()).filter(|&id| field.runs[id].skipped.is_none()).collect();
    let is_scout = |field: &Field<'_, C>, id: usize| {
        let c = &field.combinations[id];
        is_peer(c) || (c.executor == ExecutorKind::Serial && c.op_threads.get() == 1)
    };
    let scouts: Vec<usize> = waiting.iter().copied().filter(|&id| is_scout(field, id)).collect();
    waiting.retain(|id| !scouts.contains(id));
    let tasks = portion(field);

    start(field, &scouts, waiting.len());
    // Twice, since all that follows rests on them, and one burst would put a whole backend last.
    for _ in 0..2 {
        if !scouts.is_empty() && field.round(tasks) == End::Cut {
            return leave_out(field, &waiting);
        }
    }
    // How many times the leader's time a combination takes if its threads cost nothing.
    let ideal = |field: &Field<'_, C>, id: usize| {
        let combination = &field.combinations[id];
        let scout = scouts.iter().find(|&&scout| field.combinations[scout].backend == combination.backend);
        let one = field.ratio(Entrant { candidate: *scout?, role: Role::Race }, field.leader()?)?;
        Some(field.rules.model.seconds(combination, one) / field.rules.model.tasks as f64)
    };
    // Those of which nothing is known start first, then the most promising; the last is taken first.
    waiting.sort_by(|&a, &b| {
        let key = |id| ideal(field, id).unwrap_or(0.0);
        key(b).total_cmp(&key(a)).then(b.cmp(&a))
    });
    expect(field, &waiting, ideal);

    let mut heats = 0;
    loop {
        if let Some(leader) = field.leader() {
            let than = field.combinations[leader.candidate].clone();
            let beyond: Vec<(usize, f64)> =
                waiting.iter().filter_map(|&id| Some((id, ideal(field, id).filter(|&best| best > BEYOND)?))).collect();
            for (id, times) in beyond {
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
        if is_late(field) || field.course.interrupted() {
            return leave_out(field, &[heat, waiting].concat());
        }
        start(field, &heat, waiting.len());
        for _ in 0..2 {
            if field.round(tasks) == End::Cut {
                return leave_out(field, &waiting);
            }
        }
        thin_out(field);
        heats += 1;
    }
    while own(field).len() > FINALISTS {
        if field.round(tasks) == End::Cut {
            return;
        }
        thin_out(field);
    }
}

/// Tasks of the batch that a heat runs: enough to keep every CPU busy twice over, and to leave the caches if the batch does.
fn portion<C: Course>(field: &Field<'_, C>) -> usize {
    let model = field.rules.model;
    (model.tasks / 8).max(model.beyond_cache).next_multiple_of(model.cpus).max(2 * model.cpus).min(model.tasks)
}

/// Whether the race needs all the time that is left.
fn is_late<C: Course>(field: &Field<'_, C>) -> bool {
    // At most half: whoever gives little time wants to see more than one combination, however well confirmed.
    let confirmation = confirm::few(field).min(field.rules.budget_s / 2.0);
    field.left() - confirmation < (field.rules.budget_s - confirmation) * (1.0 - STARTING_SHARE)
}

fn start<C: Course>(field: &mut Field<'_, C>, ids: &[usize], waiting: usize) {
    for (i, &candidate) in ids.iter().enumerate() {
        if is_late(field) || field.course.interrupted() {
            return leave_out(field, &ids[i..]);
        }
        field.admit(Entrant { candidate, role: Role::Race }, ids.len() - i + waiting);
    }
}

fn leave_out<C: Course>(field: &mut Field<'_, C>, ids: &[usize]) {
    for &id in ids {
        let why = if field.course.interrupted() { Unstarted::Interrupted } else { Unstarted::Budget };
        field.runs[id].skipped = Some(why);
    }
}

/// Takes gross losers out, then all but the better third of those that are too many.
fn thin_out<C: Course>(field: &mut Field<'_, C>) {
    drop_gross_losers(field);
    let racing: Vec<Entrant> = own(field);
    let Some(leader) = field.leader().filter(|_| racing.len() > FINALISTS) else { return };
    let mut by_time: Vec<(f64, Entrant)> =
        racing.iter().filter_map(|&who| Some((field.ratio(who, leader)?, who))).collect();
    by_time.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let keep = racing.len().div_ceil(3).max(FINALISTS);
    for &(ratio, who) in by_time.iter().skip(keep) {
        field
            .eliminate(who, format!("not in the better third of its heat, {ratio:.2} x the leader's time at its best"));
    }
}

/// The contestants that may leave without proof: all but peers, who were asked for by name.
fn own<C: Course>(field: &Field<'_, C>) -> Vec<Entrant> {
    let racing = field.racing().into_iter();
    racing.filter(|who| !is_peer(&field.combinations[who.candidate])).collect()
}

/// Takes those out that were slower than the leader by more than half in every round that both have run in. The last two
/// rounds alone do not tell: in thirty rounds bursts of 200 ms meet someone twice running in one race of ten.
pub(super) fn drop_gross_losers<C: Course>(field: &mut Field<'_, C>) {
    let Some(leader) = field.leader() else { return };
    let pace = field.logs(leader, 0);
    for who in own(field) {
        let logs = field.logs(who, 0);
        let ahead: Vec<f64> = logs.iter().zip(&pace).filter_map(|(own, pace)| Some((*own)? - (*pace)?)).collect();
        let least = ahead.iter().copied().fold(f64::INFINITY, f64::min).exp();
        if ahead.len() >= GROSS_ROUNDS && least > GROSS {
            field.eliminate(who, format!("{least:.1} x the leader's time at its best, in {} rounds", ahead.len()));
        }
    }
}

/// Says how much there is to do, now that one thread of each backend is known.
fn expect<C: Course>(field: &mut Field<'_, C>, waiting: &[usize], ideal: impl Fn(&Field<'_, C>, usize) -> Option<f64>) {
    let ideals: Vec<f64> = waiting.iter().filter_map(|&id| ideal(field, id)).collect();
    let Some((least, quickest)) =
        ideals.iter().copied().min_by(f64::total_cmp).zip(field.leader().and_then(|l| field.quickest(l)))
    else {
        return;
    };
    let worth = ideals.iter().filter(|&&ratio| ratio <= BEYOND * least).count();
    // Starts, two rounds of the heats, ten rounds of half of the finalists, and the confirmation of a few.
    let finalists = worth.min(FINALISTS) as f64;
    let spent = field.course.elapsed_s();
    let sample = (least * quickest * field.rules.model.tasks as f64).max(0.02) + 0.005;
    let rest = worth as f64 * (field.start_s() + 2.0 * sample) + 10.0 * finalists / 2.0 * sample + 12.0 * 5.0 * sample;
    let seconds = (spent + rest).min(field.rules.budget_s);
    let combinations = worth + field.racing().len();
    (field.progress)(Progress::Expecting { combinations, seconds });
}
