//! Plain words for what files name by a fixed text.

/// When a race ended, from its `stopped_because`: `when one combination was left`.
#[must_use]
pub fn ended(stopped_because: &str) -> String {
    let words = match stopped_because {
        "one left" => "when one combination was left",
        "rounds" => "after as many rounds as a race takes at most",
        "budget" => "when the budget was used up",
        "interrupted" => "when it was interrupted",
        "every combination has run in every round" => "when every combination had run in every round",
        other if other.starts_with("all that are left") => "when all that were left were proven equally fast",
        other => return format!("because: {other}"),
    };
    words.to_owned()
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
