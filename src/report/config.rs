//! `unpark config`: what holds for a run, and where each value comes from. What is printed is a
//! configuration itself.

use std::io::{self, Write};

use unpark_codemods::CATALOGUE;

use super::Palette;
use crate::{
    config::{Config, LISTS, Level, options_of},
    options::Options,
};

/// Writes it.
///
/// # Errors
/// If it can't be written.
pub fn write(
    config: &Config,
    options: &Options,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (hunk, strong) = (palette.hunk, palette.strong);
    if config.path.is_none() {
        writeln!(
            out,
            "{hunk}# there is no unpark.toml, and no [workspace.metadata.unpark]{hunk:#}"
        )?;
    }
    for codemod in CATALOGUE {
        let name = codemod.name;
        writeln!(out, "{strong}[codemod.{name}]{strong:#}")?;
        for (key, default) in options_of(name) {
            let (value, from) = match by_flag(config, options, name, key) {
                Some((value, flag)) => (format!("\"{value}\""), flag.to_owned()),
                None => match config.written(&["codemod", name, key]) {
                    Some((value, place)) => (value.to_string(), place),
                    None => ((*default).to_owned(), "default".to_owned()),
                },
            };
            writeln!(out, "{key} = {value}  {hunk}# {from}{hunk:#}")?;
        }
        writeln!(out)?;
    }
    for list in LISTS {
        let Some((rows, place)) = config.written(&[list.name]) else {
            continue;
        };
        for row in rows.as_array().into_iter().flatten() {
            writeln!(
                out,
                "{strong}[[{}]]{strong:#}  {hunk}# {place}{hunk:#}",
                list.name
            )?;
            for (key, value) in row.as_table().into_iter().flatten() {
                writeln!(out, "{key} = {value}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// What a flag says of an option of a codemod.
fn by_flag(
    config: &Config,
    options: &Options,
    codemod: &str,
    key: &str,
) -> Option<(&'static str, &'static str)> {
    let named = |list: &[String]| list.iter().any(|name| name == codemod);
    match key {
        "level" if named(&options.skip) => Some(("off", "--skip")),
        "level" if named(&options.only) => {
            (config.level(codemod) == Level::Off).then_some(("fix", "--only"))
        }
        "level" if !options.only.is_empty() => Some(("off", "--only")),
        "fs" => options.fs.map(|fs| (fs.name(), "--fs")),
        _ => None,
    }
}
