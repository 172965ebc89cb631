//! The message of clap about a wrong command line, on one line, with more help for two common slips.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;

/// Flags that take a pattern, which a shell turns into many words unless it is quoted.
const PATTERNS: [&str; 3] = ["--lhs", "--rhs", "--files"];

/// What is wrong with `args`, which include the program's own name, and where to read on.
pub(super) fn said(error: &clap::Error, args: &[OsString]) -> String {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let line = slip(error, &args).unwrap_or_else(|| first_paragraph(error));
    let cli = Cli::command();
    let command = args.get(1).filter(|word| cli.find_subcommand(word).is_some()).copied().unwrap_or_default();
    format!("{line} (see `{} --help`)", format!("gingham {command}").trim())
}

/// Without the usage text: the first paragraph, and what clap suggests.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.trim().is_empty());
    let said = said.filter(|line| !line.starts_with("For more information"));
    let joined = said.map(str::trim).fold(String::new(), |joined, line| match line.starts_with("tip: ") {
        true => joined + "; " + line,
        false => joined + " " + line,
    });
    joined.trim_start().trim_start_matches("error: ").into()
}

/// A value that begins with a minus, or a pattern that the shell has already replaced.
fn slip(error: &clap::Error, args: &[&str]) -> Option<String> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(given))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let at = args.iter().position(|arg| arg.starts_with(given.as_str()))?;
    let before = args.get(..at)?;
    let word = args[at];
    let flag = before.iter().rfind(|arg| arg.starts_with("--"))?;
    if word.starts_with('-') && word[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        let value = format!("{flag}={word}");
        return (before.last() == Some(flag)).then(|| {
            format!(
                "`{word}` begins with a minus, so it is read as a flag; as the value of {flag} it is written {value}"
            )
        });
    }
    (!word.starts_with('-') && PATTERNS.contains(flag)).then(|| {
        format!(
            "`{word}` is one word too many for {flag}: quote the pattern, as in {flag} 'a/*.npy', or the shell \
             replaces it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn said_of(args: &[&str]) -> String {
        let args: Vec<OsString> = std::iter::once("gingham").chain(args.iter().copied()).map(Into::into).collect();
        let Err(error) = Cli::try_parse_from(&args) else { panic!("{args:?}") };
        said(&error, &args)
    }

    #[test]
    fn slips_get_a_hint() {
        for (args, hint) in [
            (
                &["tune", "--shape", "-1"][..],
                "`-1` begins with a minus, so it is read as a flag; as the value of --shape it",
            ),
            (&["tune", "--budget", "-5s"], "is written --budget=-5s (see `gingham tune --help`)"),
            (&["run", "--lhs", "a/1.npy", "a/2.npy", "--rhs", "b"], "`a/2.npy` is one word too many for --lhs: quote"),
            (&["tune", "--bogus"], "unexpected argument '--bogus' found (see `gingham tune --help`)"),
            (
                &["tun"],
                "unrecognized subcommand 'tun'; tip: some similar subcommands exist: 'run', 'tune' (see \
                 `gingham --help`)",
            ),
            (&["tune", "--seet", "1"], "argument '--seet' found; tip: a similar argument exists: '--seed' (see"),
            (&["run", "--lhs", "a", "--rhs", "b"], "were not provided: --out <DIR> (see"),
            (&["tune", "word"], "unexpected argument 'word' found"),
            (&["frobnicate"], "unrecognized subcommand 'frobnicate' (see `gingham --help`)"),
        ] {
            assert!(said_of(args).contains(hint), "{args:?}: {}", said_of(args));
        }
    }
}
