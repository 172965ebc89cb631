//! The part of the items that a sample runs.
//!
//! Items may differ much: the rows in the middle of a picture of the Mandelbrot set cost a hundred times those at its
//! edges. The first few of them would say little about all; items that are evenly spread over the whole do, and they
//! keep the order of expensive and cheap ones, which decides how well an even split balances.

use gingham_core::Context;

use crate::engine::Engine;
use crate::executor::{BoxError, TaskErrors};

/// `count` of `items` items, evenly spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// Items in all.
    pub items: usize,
    /// Items that are run: 1 to `items`, or 0 if `items` is 0.
    pub count: usize,
}

impl Portion {
    /// All of them.
    #[must_use]
    pub fn whole(items: usize) -> Self {
        Self { items, count: items }
    }

    /// The item at `place`, below `count`: the middle one of as many equal stretches.
    #[must_use]
    pub fn item(self, place: usize) -> usize {
        // In 128 bits no product of two sizes overflows.
        let middle = (2 * place as u128 + 1) * self.items as u128 / (2 * self.count as u128);
        middle as usize
    }

    /// Calls `f` with each item once, on the engine of a function.
    ///
    /// # Errors
    /// [`TaskErrors`], by the items.
    pub fn call_each<F>(self, engine: &Engine, f: &F) -> Result<(), TaskErrors>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        let on = engine.limited().map_err(|error| TaskErrors::of_all(error.into(), self.count))?;
        let cx = Context::new(self.items, on.op_threads(), &[]);
        let done = on.for_part(self.count, self.items).for_each(self.count, |at| f(&cx, self.item(at)));
        done.map_err(|errors| self.by_item(errors))
    }

    /// Errors by the item that failed, not by its place in the portion.
    #[must_use]
    pub fn by_item(self, errors: TaskErrors) -> TaskErrors {
        TaskErrors { index: self.item(errors.index), ..errors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_different_items_in_order(items in 1_usize..2000, share in 0.0..1.0) {
            let portion = Portion { items, count: ((items as f64 * share) as usize).max(1) };
            let chosen: Vec<usize> = (0..portion.count).map(|place| portion.item(place)).collect();
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", chosen);
            prop_assert!(chosen[portion.count - 1] < items);
        }
    }

    #[test]
    fn the_whole_is_every_item_in_its_place() {
        let whole = Portion::whole(7);
        assert_eq!((0..7).map(|place| whole.item(place)).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_part_is_spread_and_handed_out_as_often() {
        let part = Portion { items: 800, count: 80 };
        assert_eq!([0, 1, 79].map(|place| part.item(place)), [5, 15, 795]);
        assert_eq!(Portion { items: 800, count: 1 }.item(0), 400);
        let huge = Portion { items: usize::MAX, count: 2 };
        assert!(huge.item(1) > usize::MAX / 2);
    }
}
