//! `gingham completions`: the script by which a shell completes this command line.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::failure::Failure;
use super::output::print;

/// Prints the script by which a shell completes commands and flags
///
/// bash: gingham completions bash > ~/.local/share/bash-completion/completions/gingham
/// zsh:  gingham completions zsh > ~/.zfunc/_gingham, where ~/.zfunc is in $fpath
/// fish: gingham completions fish > ~/.config/fish/completions/gingham.fish
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Completions {
    /// The shell that will read it
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut super::Cli::command(), "gingham", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
