//! `gingham profile env`: the variables that must be set before a program starts, so that it can apply the answers.
//!
//! Standard output is meant for a shell's `eval`: only `export` lines and comments. A shell that does not know comments
//! there (zsh, used interactively) runs them, so comments hold no character that could make a command.

use std::collections::{BTreeMap, BTreeSet};

use gingham_core::Registry;
use gingham_machine::Machine;
use gingham_runtime::Profile;
use gingham_runtime::profile::{Answer, Entry, Fingerprint};

use crate::args::WorkloadArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::stderr::tell;

/// What an answer needs.
struct Need {
    /// The workload, and the combination for it.
    comment: String,
    /// `VARIABLE=VALUE`, if it needs one.
    export: Option<String>,
}

pub(super) fn execute(saved: &Profile, workload: &WorkloadArgs, registry: &Registry) -> Result<(), Failure> {
    let now = Fingerprint::now(&Machine::probe(), registry);
    let needs: Vec<Need> = if let Some(workload) = workload.workload()? {
        let answer = saved.look_up(&workload, &now);
        let need = need(&answer, registry).ok_or_else(|| Failure::work(&answer))?;
        tell(format_args!("gingham: {}", answer.told(registry)));
        vec![need]
    } else {
        let is_here = |entry: &&Entry| entry.fingerprint.changes(&now).machine.is_empty();
        let (here, elsewhere): (Vec<_>, Vec<_>) = saved.entries.iter().partition(is_here);
        if !elsewhere.is_empty() {
            tell(format_args!("gingham: left out, as they are of another machine: {}", elsewhere.len()));
        }
        here.into_iter().filter_map(|entry| need(&saved.look_up(&entry.workload, &now), registry)).collect()
    };
    let disputed = disputed(&needs);
    for (variable, values) in &disputed {
        let values: Vec<&str> = values.iter().copied().collect();
        tell(format_args!(
            "gingham: {variable} is {} for different answers, and one process cannot have both; name a workload",
            values.join(" and ")
        ));
    }
    print(&needs.iter().map(|need| need.lines(&disputed)).collect::<String>())
}

/// What the best combination of `answer` needs, of those whose backend this program has.
fn need(answer: &Answer<'_>, registry: &Registry) -> Option<Need> {
    let had = answer.ranking.iter().find(|choice| registry.get(&choice.combination.backend).is_ok());
    let choice = had.or(answer.ranking.first())?;
    let comment = format!("{}: {}", answer.workload, choice.combination);
    Some(Need { comment, export: choice.export.map(str::to_owned) })
}

/// The variables for which different answers need different values, with those values.
fn disputed(needs: &[Need]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (variable, value) in needs.iter().filter_map(|need| need.export.as_ref()?.split_once('=')) {
        values.entry(variable).or_default().insert(value);
    }
    values.retain(|_, values| values.len() > 1);
    values
}

impl Need {
    fn lines(&self, disputed: &BTreeMap<&str, BTreeSet<&str>>) -> String {
        let Self { comment, export } = self;
        match export.as_deref().and_then(|export| Some((export, export.split_once('=')?.0))) {
            None => format!("# {comment} needs no variable\n"),
            Some((export, variable)) if disputed.contains_key(variable) => format!("# {comment}\n# export {export}\n"),
            Some((export, _)) => format!("# {comment}\nexport {export}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(exports: &[Option<&str>]) -> String {
        let need = |export: &Option<&str>| Need { comment: "x".into(), export: export.map(str::to_owned) };
        let needs: Vec<Need> = exports.iter().map(need).collect();
        needs.iter().map(|need| need.lines(&disputed(&needs))).collect()
    }

    #[test]
    fn one_value_is_exported_and_two_are_comments() {
        assert_eq!(
            lines(&[Some("A=1"), Some("A=1"), None]),
            "# x\nexport A=1\n# x\nexport A=1\n# x needs no variable\n"
        );
        assert_eq!(
            lines(&[Some("A=1"), Some("A=2"), Some("B=2")]),
            "# x\n# export A=1\n# x\n# export A=2\n# x\nexport B=2\n"
        );
    }
}
