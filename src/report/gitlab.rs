//! GitLab's code quality report: what a merge request shows of what is new in it.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use super::{notes, severity::Severity};
use crate::outcome::{Finding, Outcome, relative};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Writes it, with paths relative to `base`. What a comment allows is no issue.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, base: &Path, out: &mut dyn Write) -> io::Result<()> {
    let findings = outcome.findings.iter();
    let issues: Vec<Issue<'_>> = findings
        .filter(|finding| finding.state.is_open())
        .map(|finding| issue(outcome, base, finding))
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue<'a>(outcome: &Outcome, base: &Path, finding: &'a Finding) -> Issue<'a> {
    Issue {
        description: notes::text(outcome, finding),
        check_name: finding.codemod,
        fingerprint: &finding.id,
        severity: match Severity::of(finding.state) {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: Location {
            path: relative(&finding.path, base),
            lines: Lines {
                begin: finding.start.line,
                end: finding.end.line,
            },
        },
    }
}
