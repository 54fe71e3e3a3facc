//! The decision table: for the terminal, and as Markdown.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use unpark_codemods::guide::GUIDE;

use super::Palette;

/// Writes the table for a terminal: a paragraph for each kind of work.
///
/// # Errors
/// If it can't be written.
pub fn write(palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let (strong, help) = (palette.strong, palette.help);
    for row in GUIDE {
        writeln!(out, "{strong}{}{strong:#}", row.work)?;
        writeln!(out, "    {}", row.using)?;
        let names = row.seen_to_by();
        if !names.is_empty() {
            writeln!(out, "    {help}unpark{help:#}: {}", names.join(", "))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "{help}help{help:#}: `unpark explain NAME` tells what a codemod does, `unpark --only NAME` shows it"
    )
}

/// The same as a table in Markdown.
pub fn markdown() -> String {
    let mut table =
        String::from("| what kind of work | what to use | seen to by |\n| --- | --- | --- |\n");
    for row in GUIDE {
        let names = row.seen_to_by().into_iter();
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let cells = [row.work, row.using, &names.join(", ")].join(" | ");
        writeln!(table, "| {} |", cells.trim_end()).expect("a string takes all");
    }
    table
}
