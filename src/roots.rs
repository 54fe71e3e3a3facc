//! `--root PATH`: one of the changes that make functions async, named by one of its functions.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use unpark_codemods::{Codemod, analysis::functions::ends_with_path, codemod::Pass};

use crate::{config::nearest, options::Options};

/// How many roots an error names.
const NAMED: usize = 5;

/// Of the selected codemods those that may have roots, if one is asked for.
///
/// # Errors
/// If none of them has.
pub fn select(options: &Options, selected: Vec<&'static Codemod>) -> Result<Vec<&'static Codemod>> {
    if options.root.is_none() {
        return Ok(selected);
    }
    let with_roots = |codemod: &&'static Codemod| matches!(codemod.pass, Pass::Workspace(_));
    let with_roots: Vec<_> = selected.into_iter().filter(with_roots).collect();
    if with_roots.is_empty() {
        bail!(
            "`--root` is about functions that become async, and no codemod that is selected makes \
             them so\nhelp: leave `--only` and `--skip` out"
        );
    }
    Ok(with_roots)
}

/// Whether the path does not name several roots.
///
/// # Errors
/// If it does.
pub fn is_one(options: &Options, roots: &BTreeSet<Vec<String>>) -> Result<()> {
    let Some(wanted) = &options.root else {
        return Ok(());
    };
    let named: Vec<&String> = roots
        .iter()
        .filter_map(|functions| functions.iter().find(|path| ends_with_path(path, wanted)))
        .collect();
    if named.len() > 1 {
        bail!(
            "`{wanted}` names functions of {} roots: {}\nhelp: name one with more of its path",
            named.len(),
            some_of(&named)
        );
    }
    Ok(())
}

/// Whether the path names a root.
///
/// # Errors
/// If it does not; the message names the nearest function that would become async.
pub fn is_there(options: &Options, roots: &BTreeSet<Vec<String>>) -> Result<()> {
    let Some(wanted) = &options.root else {
        return Ok(());
    };
    let paths: Vec<&String> = roots.iter().flatten().collect();
    if paths.iter().any(|path| ends_with_path(path, wanted)) {
        return Ok(());
    }
    let last = wanted.rsplit("::").next().unwrap_or_default();
    let names: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.rsplit("::").next())
        .collect();
    let near = nearest(last, &names);
    let near = near.and_then(|name| paths.iter().find(|path| ends_with_path(path, name)));
    let firsts: Vec<&String> = roots
        .iter()
        .filter_map(|functions| functions.first())
        .collect();
    let help = match (near, firsts.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, false) => format!("there are {}", some_of(&firsts)),
        (None, true) => "no function that runs here does".to_owned(),
    };
    bail!(
        "there is no function `{wanted}`, or it comes to no `block_on`, so that it has no need to \
         become async\nhelp: {help}"
    );
}

fn some_of(paths: &[&String]) -> String {
    let named: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|it| format!("`{it}`"))
        .collect();
    let named = named.join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
