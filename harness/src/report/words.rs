//! Plain words for the fixed texts in files.

use crate::reason::Stop;

/// When a race ended, from its `stopped_because`: `when one combination was left`.
#[must_use]
pub fn ended(stopped_because: &str) -> String {
    let when = Stop::from_text(stopped_because).map(|stop| stop.when().to_owned());
    when.unwrap_or_else(|| format!("because: {stopped_because}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_words() {
        assert_eq!(ended("one left"), "when one combination was left");
        let equal = "all that are left are proven to be within the tolerance";
        assert_eq!(ended(equal), "when all that were left were proven equally fast");
        assert_eq!(ended("a reason of later versions"), "because: a reason of later versions");
    }
}
