//! How many findings there are, by codemod and state: `--statistics`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{Palette, json};
use crate::outcome::{Outcome, State};

const TOTAL: &str = "total";

type Counts<'a> = BTreeMap<&'a str, BTreeMap<State, usize>>;

/// Writes a table with a line for each codemod that found something.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let counts = counts(outcome);
    let names = counts.keys().map(|name| name.len());
    let width = names.chain([TOTAL.len()]).max().unwrap_or(0);
    let strong = palette.strong;
    write!(out, "{strong}{:width$}", "")?;
    for state in State::ALL {
        write!(out, "  {}", state.name())?;
    }
    writeln!(out, "{strong:#}")?;
    let total = (TOTAL, &outcome.counts());
    for (name, counts) in counts.iter().map(|(name, it)| (*name, it)).chain([total]) {
        write!(out, "{name:width$}")?;
        for state in State::ALL {
            let count = counts.get(&state).copied().unwrap_or(0);
            write!(out, "  {count:>width$}", width = state.name().len())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The same as JSON, and the summary.
///
/// # Errors
/// If it can't be written.
pub fn write_json(outcome: &Outcome, success: bool, out: &mut dyn Write) -> io::Result<()> {
    let counts = counts(outcome).into_iter().map(|(name, counts)| {
        let counts = counts.into_iter().map(|(state, it)| (state.name(), it));
        (name, counts.collect())
    });
    json::statistics(counts.collect(), out)?;
    json::summary(outcome, success, out)
}

fn counts(outcome: &Outcome) -> Counts<'_> {
    let mut counts = Counts::new();
    for finding in &outcome.findings {
        let none = || State::ALL.into_iter().map(|state| (state, 0)).collect();
        let of_codemod = counts.entry(finding.codemod).or_insert_with(none);
        *of_codemod.entry(finding.state).or_default() += 1;
    }
    counts
}
