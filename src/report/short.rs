//! One line for each finding: `path:line:column: state[codemod] message`.

use std::io::{self, Write};

use super::Palette;
use crate::outcome::{Outcome, State};

/// Writes the lines. What is in the baseline is only shown to those who want to see everything.
///
/// # Errors
/// If they can't be written.
pub fn write(
    outcome: &Outcome,
    verbose: bool,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let findings = outcome.findings.iter();
    for finding in findings.filter(|it| verbose || it.state != State::Baseline) {
        let (path, start) = (outcome.shown(&finding.path), finding.start);
        let style = match finding.state {
            State::Fixed => palette.note,
            State::Offered | State::Suppressed | State::Baseline => palette.help,
            State::Manual | State::Refused => palette.warning,
            State::Reverted => palette.error,
        };
        writeln!(
            out,
            "{path}:{}:{}: {style}{}[{}]{style:#} {}",
            start.line,
            start.column,
            finding.state.name(),
            finding.codemod,
            finding.message
        )?;
    }
    Ok(())
}
