//! What a system wants to have beside a program: completions for its shells, and man pages.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{cli::Cli, config::did_you_mean};

/// Writes what a shell sources to complete commands.
///
/// # Errors
/// If it can't be written.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "unpark", &mut script);
    out.write_all(&script)
}

/// The man page of the program, or of one of its subcommands.
///
/// # Errors
/// If there is no such subcommand.
pub fn man(subcommand: Option<&str>) -> Result<Man> {
    let mut command = Cli::command();
    // Names and usages of subcommands are made with the whole.
    command.build();
    let Some(name) = subcommand else {
        return Ok(Man::new(command));
    };
    let all = command.get_subcommands();
    let names: Vec<String> = all.map(|it| it.get_name().to_owned()).collect();
    let found = command.find_subcommand(name).cloned();
    let page = found.ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        anyhow!(
            "there is no subcommand `{name}`{}",
            did_you_mean(name, &names)
        )
    })?;
    Ok(Man::new(page))
}
