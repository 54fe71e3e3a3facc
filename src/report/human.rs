//! Findings as compilers show them: the place, the reason, what is done about it, and the diff.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{
    Palette, diff,
    notes::{self, Kind},
};
use crate::{
    outcome::{Finding, Outcome, State},
    replay,
};

/// Writes all findings, the most severe first. What a comment or the baseline allows is only shown to
/// those who want to see everything.
///
/// # Errors
/// If they can't be written.
pub fn write(
    outcome: &Outcome,
    verbose: bool,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut findings: Vec<&Finding> = outcome
        .findings
        .iter()
        .filter(|finding| verbose || finding.state.is_open())
        .collect();
    findings.sort_by_key(|finding| severity(finding.state));
    for finding in findings {
        write_finding(outcome, finding, palette, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// What nobody but a person can mend comes first, what is dealt with last.
pub fn severity(state: State) -> usize {
    match state {
        State::Reverted => 0,
        State::Manual => 1,
        State::Refused => 2,
        State::Offered => 3,
        State::Fixed => 4,
        State::Suppressed => 5,
        State::Baseline => 6,
    }
}

/// Writes one finding with all that is known of it.
///
/// # Errors
/// If it can't be written.
pub fn write_finding(
    outcome: &Outcome,
    finding: &Finding,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match finding.state {
        State::Reverted => Level::ERROR,
        State::Suppressed | State::Baseline => Level::NOTE,
        _ => Level::WARNING,
    };
    let title = level
        .primary_title(finding.message.as_str())
        .id(finding.codemod);
    let path = outcome.shown(&finding.path);
    let mut group = match outcome.sources.get(&finding.path) {
        Some(source) => {
            // Only the lines of the place: a snippet is made for every finding of a file.
            let text = &source.text;
            let start = finding.start.byte - source.shift();
            let end = finding.end.byte - source.shift();
            let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
            let span = start - first..end - first;
            let snippet = Snippet::source(&text[first..last])
                .line_start(finding.start.line)
                .path(path)
                .annotation(AnnotationKind::Primary.span(span));
            title.element(snippet)
        }
        None => Group::with_title(title),
    };
    let change = finding
        .change
        .and_then(|id| outcome.changes.iter().find(|change| change.id == id));
    let mut notes = notes::all(outcome, finding);
    if change.is_some()
        && let Some((_, last)) = notes.last_mut()
    {
        // The diff follows.
        last.push(':');
    }
    for (kind, message) in notes {
        let level = match kind {
            Kind::Note => Level::NOTE,
            Kind::Help => Level::HELP,
        };
        group = group.element(level.message(message));
    }
    let renderer = match palette.colored {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    writeln!(out, "{}", renderer.render(&[group]))?;
    let Some(change) = change else {
        return Ok(());
    };
    for (path, (old, new)) in replay::of_change(outcome, change) {
        if change.edits.iter().any(|(other, _)| *other != finding.path) {
            let strong = palette.strong;
            writeln!(out, "{strong}{}{strong:#}", outcome.shown(&path))?;
        }
        diff::hunks(old.as_bytes(), new.as_bytes(), palette, out)?;
    }
    Ok(())
}
