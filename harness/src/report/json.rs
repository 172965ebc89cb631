//! All of the outcome, for programs.

use crate::outcome::Outcome;

pub(super) fn render(outcome: &Outcome) -> String {
    let mut text = serde_json::to_string_pretty(outcome).expect("an outcome has no maps with other keys than strings");
    text.push('\n');
    text
}
