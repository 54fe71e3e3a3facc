//! Which codemods run.

use anyhow::{Result, anyhow};
use unpark_codemods::{CATALOGUE, Codemod};

use crate::{
    config::{Config, did_you_mean},
    options::Options,
    roots,
};

/// The codemod of a name.
///
/// # Errors
/// If there is none; the message names the nearest one.
pub fn codemod(name: &str) -> Result<&'static Codemod> {
    let names: Vec<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
    let found = CATALOGUE.iter().find(|codemod| codemod.name == name);
    found.ok_or_else(|| {
        let hint = did_you_mean(name, &names);
        anyhow!("no codemod is called `{name}`{hint}\nhelp: `unpark list` names them all")
    })
}

/// The codemods that may run, in the order of the catalogue. Some run only where they are named. What
/// a configuration leaves out stays: the one of a nested workspace may have it.
///
/// # Errors
/// If a name is of none.
pub fn select(options: &Options, config: &Config) -> Result<Vec<&'static Codemod>> {
    for name in options.only.iter().chain(&options.skip) {
        codemod(name)?;
    }
    let selected = CATALOGUE.iter().filter(|codemod| {
        let named = |list: &[String]| list.iter().any(|name| name == codemod.name);
        let by_default = || !codemod.opt_in || named(&config.only);
        let wanted = match options.only.is_empty() {
            true => by_default(),
            false => named(&options.only),
        };
        wanted && !named(&options.skip)
    });
    roots::select(options, selected.collect())
}

/// The codemods that a nested workspace asks for, and that nothing was looked at for.
pub fn named_too_late<'c>(
    options: &Options,
    config: &'c Config,
    selection: &[&'static Codemod],
) -> Vec<&'c String> {
    let by_config = options.only.is_empty() && options.root.is_none();
    let named = config.only.iter().filter(|_| by_config);
    let named = named.filter(|name| !options.skip.contains(name));
    let is_there = |name: &str| selection.iter().any(|codemod| codemod.name == name);
    named.filter(|name| !is_there(name)).collect()
}
