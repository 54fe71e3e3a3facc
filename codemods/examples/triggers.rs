//! Prints the words that a file has to hold one of to be looked at, for `benches/compare`.

use std::collections::BTreeSet;

use unpark_codemods::{CATALOGUE, knowledge::BUILT_IN};

fn main() {
    let words: BTreeSet<String> = CATALOGUE
        .iter()
        .flat_map(|codemod| (codemod.triggers)(&BUILT_IN))
        .collect();
    for word in words {
        println!("{word}");
    }
}
