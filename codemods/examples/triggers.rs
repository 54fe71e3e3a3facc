//! Prints the words that a file has to hold one of to be looked at, for `benches/compare`.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
};

use unpark_codemods::{CATALOGUE, knowledge::BUILT_IN};

fn main() -> io::Result<()> {
    let words: BTreeSet<String> = CATALOGUE
        .iter()
        .flat_map(|codemod| (codemod.triggers)(&BUILT_IN))
        .collect();
    let mut out = io::stdout().lock();
    for word in words {
        writeln!(out, "{word}")?;
    }
    Ok(())
}
