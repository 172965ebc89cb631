//! A random order: the side that is timed first must not be the same in every round.

/// A uniform shuffle (Fisher and Yates) by a linear congruential generator (Knuth's, as in `contest`).
pub(crate) fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (*state >> 33) as usize % (i + 1));
    }
}
