//! Rounds over the ways of a study: each is measured once a round, in balanced order, so that a disturbance falls on
//! all of them.

use std::time::{Duration, Instant};

use gingham_runtime::executor::BoxError;

use crate::search::Order;

/// What a way gives each time that it is measured: a sample, or several.
pub(super) type Sample = Box<dyn FnMut() -> Result<Vec<f64>, BoxError>>;

/// Rounds, and what ends them.
pub(super) struct Rounds<'a> {
    /// Rounds that count.
    pub(super) rounds: usize,
    /// Rounds that come first and do not count.
    pub(super) unmeasured: usize,
    /// No sample is begun that would probably end later.
    pub(super) until: Instant,
    /// Whether somebody has asked to end.
    pub(super) interrupted: &'a dyn Fn() -> bool,
}

/// The samples of each way, or why it failed: it is not measured again then. One that has no samples was not reached.
pub(super) fn race(
    ways: Vec<Result<Sample, BoxError>>,
    rounds: &Rounds<'_>,
    tell: &mut dyn FnMut(usize, usize),
) -> Vec<Result<Vec<f64>, BoxError>> {
    let mut order = Order::new(0);
    let mut ways: Vec<(Result<Sample, BoxError>, Vec<f64>, Duration)> =
        ways.into_iter().map(|way| (way, Vec::new(), Duration::ZERO)).collect();
    'all: for round in 0..rounds.unmeasured + rounds.rounds {
        for number in order.next(ways.len()) {
            let (way, samples, longest) = &mut ways[number];
            let Ok(sample) = way else { continue };
            let begin = Instant::now();
            if (rounds.interrupted)() || begin + *longest > rounds.until {
                break 'all;
            }
            tell(round, number);
            match sample() {
                Ok(found) if round >= rounds.unmeasured => samples.extend(found),
                Ok(_) => {}
                Err(error) => *way = Err(error),
            }
            *longest = begin.elapsed().max(*longest);
        }
    }
    ways.into_iter().map(|(way, samples, _)| way.map(|_| samples)).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn ways_take_turns_and_one_that_fails_is_left_out() {
        let calls = Rc::new(Cell::new(0.0));
        let counted = || {
            let calls = Rc::clone(&calls);
            let sample: Sample = Box::new(move || {
                calls.set(calls.get() + 1.0);
                Ok(vec![calls.get()])
            });
            Ok(sample)
        };
        let failing: Sample = Box::new(|| Err("broken".into()));
        let far = Instant::now() + Duration::from_secs(3600);
        let rounds = Rounds { rounds: 3, unmeasured: 1, until: far, interrupted: &|| false };
        let found = race(vec![counted(), counted(), Ok(failing), Err("never made".into())], &rounds, &mut |_, _| ());
        let [Ok(one), Ok(other), Err(broken), Err(made)] = &found[..] else { panic!("{found:?}") };
        let mut all = [one.as_slice(), other].concat();
        all.sort_by(f64::total_cmp);
        assert_eq!((all, one.len()), (vec![3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 3));
        assert_eq!((broken.to_string(), made.to_string()), ("broken".into(), "never made".into()));
    }

    #[test]
    fn the_end_of_the_time_and_an_interruption_end_it() {
        let way = || {
            let sample: Sample = Box::new(|| Ok(vec![1.0]));
            Ok(sample)
        };
        let past = Instant::now();
        std::thread::sleep(Duration::from_millis(1));
        let late = Rounds { rounds: 3, unmeasured: 0, until: past, interrupted: &|| false };
        assert_eq!(race(vec![way()], &late, &mut |_, _| ())[0].as_ref().unwrap().len(), 0);
        let asked = Cell::new(0);
        let interrupted = || asked.replace(asked.get() + 1) == 2;
        let rounds =
            Rounds { rounds: 3, unmeasured: 0, until: past + Duration::from_secs(60), interrupted: &interrupted };
        assert_eq!(race(vec![way()], &rounds, &mut |_, _| ())[0].as_ref().unwrap().len(), 2);
    }
}
