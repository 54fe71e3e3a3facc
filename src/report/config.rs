//! `unpark config`: what holds for a run, and where each value comes from. What is printed is a
//! configuration itself.

use std::io::{self, Write};

use unpark_codemods::{CATALOGUE, Codemod};

use super::Palette;
use crate::{
    config::{Config, LISTS, Level, Rule, Rules, options_of},
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
    for (key, default) in RUN {
        let (value, from) = of_run(config, options, key)
            .unwrap_or_else(|| ((*default).to_owned(), "default".to_owned()));
        writeln!(out, "{key} = {value}  {hunk}# {from}{hunk:#}")?;
    }
    writeln!(out)?;
    let rule = Rules::new(config, options).everywhere();
    for codemod in CATALOGUE {
        let name = codemod.name;
        writeln!(out, "{strong}[codemod.{name}]{strong:#}")?;
        for (key, default) in options_of(name) {
            let written = config.written(&["codemod", name, key]);
            let (value, from) = match (written, *key) {
                (written, "level") => level(config, options, &rule, codemod, written),
                (_, "fs") if options.fs.is_some() => {
                    let fs = options.fs.unwrap_or_default();
                    (format!("\"{}\"", fs.name()), "--fs".to_owned())
                }
                (Some((value, place)), _) => (value.to_string(), place),
                (None, _) => ((*default).to_owned(), "default".to_owned()),
            };
            writeln!(out, "{key} = {value}  {hunk}# {from}{hunk:#}")?;
        }
        writeln!(out)?;
    }
    for name in LISTS.iter().map(|list| list.name).chain(["override"]) {
        let Some((rows, place)) = config.written(&[name]) else {
            continue;
        };
        for row in rows.as_array().into_iter().flatten() {
            writeln!(out, "{strong}[[{name}]]{strong:#}  {hunk}# {place}{hunk:#}")?;
            let row = row.as_table().into_iter().flatten();
            let (tables, values): (Vec<_>, Vec<_>) = row.partition(|(_, value)| value.is_table());
            for (key, value) in values {
                writeln!(out, "{key} = {value}")?;
            }
            let codemods = tables.into_iter().filter_map(|(_, it)| it.as_table());
            for (codemod, options) in codemods.flatten() {
                writeln!(out, "{strong}[{name}.codemod.{codemod}]{strong:#}")?;
                for (key, value) in options.as_table().into_iter().flatten() {
                    writeln!(out, "{key} = {value}")?;
                }
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The keys of a run as a whole, with what holds where nothing is written.
const RUN: &[(&str, &str)] = &[
    ("only", "[]"),
    ("skip", "[]"),
    ("unsafe-fixes", "false"),
    ("exclude", "[]"),
];

/// What is written or typed of a run as a whole.
fn of_run(config: &Config, options: &Options, key: &str) -> Option<(String, String)> {
    let written = config.written(&[key]);
    match key {
        "only" if !options.only.is_empty() => {
            Some((format!("{:?}", options.only), "--only".to_owned()))
        }
        "skip" if !options.skip.is_empty() => {
            let mut skip = config.scope.skip.clone();
            skip.extend(options.skip.iter().cloned());
            let from = written.map(|(_, place)| place).into_iter();
            let from: Vec<String> = from.chain(["--skip".to_owned()]).collect();
            Some((format!("{skip:?}"), from.join(", ")))
        }
        "unsafe-fixes" if options.unsafe_fixes == Some(true) => {
            Some(("true".to_owned(), "--unsafe-fixes".to_owned()))
        }
        "unsafe-fixes" if options.unsafe_fixes == Some(false) => {
            Some(("false".to_owned(), "--no-unsafe-fixes".to_owned()))
        }
        _ => written.map(|(value, place)| (value.to_string(), place)),
    }
}

/// What a codemod may do, and what says so.
fn level(
    config: &Config,
    options: &Options,
    rule: &Rule,
    codemod: &Codemod,
    written: Option<(&toml::Value, String)>,
) -> (String, String) {
    let name = codemod.name;
    let named = |list: &[String]| list.iter().any(|it| it == name);
    let place = |key: &str| {
        let place = config.written(&[key]).map(|(_, place)| place);
        format!("`{key}`, {}", place.unwrap_or_default())
    };
    let is_off = rule.off.contains(name);
    let off = |from: String| ("\"off\"".to_owned(), from);
    if named(&options.skip) {
        return off("--skip".to_owned());
    }
    if named(&options.only) {
        let is_off_there = config.codemods.level(name) == Level::Off || named(&config.scope.skip);
        if is_off_there {
            return ("\"fix\"".to_owned(), "--only".to_owned());
        }
    } else if !options.only.is_empty() {
        return off("--only".to_owned());
    } else if named(&config.scope.skip) {
        return off(place("skip"));
    } else if is_off && config.codemods.level(name) != Level::Off {
        return match config.only.is_empty() {
            true => off("it runs only where it is named".to_owned()),
            false => off(place("only")),
        };
    }
    match written {
        Some((value, place)) => (value.to_string(), place),
        None => ("\"fix\"".to_owned(), "default".to_owned()),
    }
}
