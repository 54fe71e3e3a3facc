//! reviewdog's diagnostic format, which makes review comments with suggestions of it.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use super::{fix, notes, places::Places, severity::Severity};
use crate::{
    outcome::{Finding, Outcome, relative},
    source::Position,
};

#[derive(Serialize)]
struct DiagnosticResult<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize)]
struct Location {
    path: String,
    range: Range,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
}

#[derive(Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

#[derive(Serialize)]
struct Range {
    start: Point,
    end: Point,
}

/// Columns count bytes here.
#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
}

/// Writes it, with paths relative to `here`, the folder that reviewdog is run in. What a comment
/// allows is left out.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, here: &Path, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::of(outcome);
    let findings = outcome.findings.iter();
    let diagnostics = findings
        .filter(|finding| finding.state.is_open())
        .filter_map(|finding| diagnostic(outcome, &places, here, finding));
    let result = DiagnosticResult {
        source: Source {
            name: env!("CARGO_PKG_NAME"),
            url: env!("CARGO_PKG_REPOSITORY"),
        },
        diagnostics: diagnostics.collect(),
    };
    serde_json::to_writer(&mut *out, &result)?;
    writeln!(out)
}

fn diagnostic<'a>(
    outcome: &Outcome,
    places: &Places<'_>,
    here: &Path,
    finding: &'a Finding,
) -> Option<Diagnostic<'a>> {
    Some(Diagnostic {
        message: notes::text(outcome, finding),
        location: Location {
            path: relative(&finding.path, here),
            range: range(places, finding, finding.start, finding.end)?,
        },
        severity: match Severity::of(finding.state) {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Note => "INFO",
        },
        code: Code {
            value: finding.codemod,
        },
        suggestions: suggestion(outcome, places, finding).into_iter().collect(),
    })
}

/// A suggestion is one text for one range of the finding's own file: what edits others too can't be
/// one, and several edits are one with the text between them.
fn suggestion(outcome: &Outcome, places: &Places<'_>, finding: &Finding) -> Option<Suggestion> {
    let fix = fix::of(outcome, finding)?;
    let edits = fix.files.get(&finding.path)?;
    let (first, last) = (edits.first()?, edits.last()?);
    if fix.files.len() > 1 {
        return None;
    }
    let text = &outcome.sources.get(&finding.path)?.text;
    let mut suggested = String::new();
    let mut at = first.start;
    for edit in edits {
        suggested += &text[at..edit.start];
        suggested += &edit.replacement;
        at = edit.end;
    }
    let (start, _) = places.of_edit(&finding.path, first)?;
    let (_, end) = places.of_edit(&finding.path, last)?;
    Some(Suggestion {
        range: range(places, finding, start, end)?,
        text: suggested,
    })
}

fn range(places: &Places<'_>, finding: &Finding, start: Position, end: Position) -> Option<Range> {
    let lines = places.lines(&finding.path)?;
    let point = |Position { line, byte, .. }: Position| {
        // A byte order mark belongs to the first line.
        let first = match line {
            1 => 0,
            _ => lines.position(lines.range(line).start).byte,
        };
        Point {
            line,
            column: byte - first + 1,
        }
    };
    Some(Range {
        start: point(start),
        end: point(end),
    })
}
