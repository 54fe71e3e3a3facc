//! What `cargo check --message-format json` prints: a compiler message for each finding, whose fix
//! is a suggestion. rust-analyzer shows them in any editor, with the fix beside them.

use std::{
    io::{self, Write},
    path::Path,
};

use cargo_metadata::Target;
use serde::Serialize;
use unpark_codemods::codemod::Safety;

use super::{Palette, fix, human, notes, places::Places, severity::Severity};
use crate::{
    cargo::Package,
    outcome::{Finding, Outcome, Reason},
    source::Position,
};

#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line<'a> {
    CompilerMessage {
        package_id: &'a str,
        manifest_path: &'a Path,
        target: &'a Target,
        message: &'a Diagnostic,
    },
    BuildFinished {
        success: bool,
    },
}

/// A message, as rustc has them.
#[derive(Serialize)]
struct Diagnostic {
    #[serde(rename = "$message_type")]
    kind: &'static str,
    message: String,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
    rendered: Option<String>,
}

/// The part before the colons is shown as the source of the message.
#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<String>,
}

#[derive(Serialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    line_start: usize,
    line_end: usize,
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    text: Vec<SpanLine>,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<&'static str>,
    expansion: Option<()>,
}

#[derive(Serialize)]
struct SpanLine {
    text: String,
    highlight_start: usize,
    highlight_end: usize,
}

/// Writes the messages. What a comment allows is left out.
///
/// # Errors
/// If they can't be written.
pub fn write(outcome: &Outcome, success: bool, out: &mut dyn Write) -> io::Result<()> {
    let told = Told {
        outcome,
        places: Places::of(outcome),
    };
    let findings = outcome.findings.iter();
    for finding in findings.filter(|finding| finding.state.is_open()) {
        let message = told.of_finding(finding)?;
        match told.crate_of(&finding.path) {
            Some((package, target)) => line(
                out,
                &Line::CompilerMessage {
                    package_id: &package.id,
                    manifest_path: &package.manifest,
                    target,
                    message: &message,
                },
            )?,
            // Without cargo there is only what rustc itself prints.
            None => line(out, &message)?,
        }
    }
    line(out, &Line::BuildFinished { success })
}

fn line(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

struct Told<'a> {
    outcome: &'a Outcome,
    places: Places<'a>,
}

impl Told<'_> {
    /// The package of a file, and the crate whose root file is the nearest.
    fn crate_of(&self, path: &Path) -> Option<(&Package, &Target)> {
        let packages = self.outcome.packages.iter();
        let package = packages
            .filter(|package| path.starts_with(&package.folder))
            .max_by_key(|package| package.folder.components().count())?;
        let nearest = |target: &&Target| {
            let root = target.src_path.as_std_path();
            let folder = root.parent().filter(|folder| path.starts_with(folder));
            (
                root == path,
                folder.map_or(0, |folder| folder.components().count()),
            )
        };
        // Of several that are as near, the first is the library.
        let target = package.crates.iter().rev().max_by_key(nearest)?;
        Some((package, target))
    }

    fn of_finding(&self, finding: &Finding) -> io::Result<Diagnostic> {
        let mut rendered = Vec::new();
        human::write_finding(self.outcome, finding, Palette::default(), &mut rendered)?;
        let elsewhere =
            |reason: &&Reason| reason.path != finding.path || reason.line != finding.start.line;
        let reasons = finding.reasons().map(|reason| match elsewhere(&reason) {
            true => self.reason(reason),
            false => child("note", reason.message.clone(), Vec::new()),
        });
        let mut children: Vec<Diagnostic> = reasons.collect();
        let mut verdict = notes::verdict(finding);
        let fix = self.fix(finding);
        if fix.is_some() {
            // That it is fixed, or may be, is for the editor to show.
            verdict.pop();
        }
        let verdict = verdict.into_iter();
        children.extend(verdict.map(|(kind, note)| child(kind.name(), note, Vec::new())));
        children.extend(fix);
        let (start, end) = (finding.start, finding.end);
        let level = match Severity::of(finding.state) {
            Severity::Error | Severity::Warning => "warning",
            Severity::Note => "note",
        };
        Ok(Diagnostic {
            code: Some(Code {
                code: format!("{}::{}", env!("CARGO_PKG_NAME"), finding.codemod),
                explanation: None,
            }),
            spans: vec![self.span(&finding.path, start, end)],
            children,
            rendered: String::from_utf8(rendered).ok(),
            ..child(level, finding.message.clone(), Vec::new())
        })
    }

    fn reason(&self, reason: &Reason) -> Diagnostic {
        match self.places.of_reason(reason) {
            Some((start, end)) => {
                let span = self.span(&reason.path, start, end);
                child("note", reason.message.clone(), vec![span])
            }
            None => {
                let (path, line) = (self.name(&reason.path), reason.line);
                let message = format!("{} ({path}:{line})", reason.message);
                child("note", message, Vec::new())
            }
        }
    }

    /// The edits of a finding, under the words that an editor offers them by.
    fn fix(&self, finding: &Finding) -> Option<Diagnostic> {
        let fix = fix::of(self.outcome, finding)?;
        let applicability = match fix.safety {
            Safety::Safe => "MachineApplicable",
            Safety::Unsafe | Safety::Manual => "MaybeIncorrect",
        };
        let mut spans = Vec::new();
        for (path, edits) in &fix.files {
            for edit in edits {
                let (start, end) = self.places.of_edit(path, edit)?;
                spans.push(Span {
                    suggested_replacement: Some(edit.replacement.clone()),
                    suggestion_applicability: Some(applicability),
                    ..self.span(path, start, end)
                });
            }
        }
        let title = format!(
            "make the change of {} ({})",
            finding.codemod,
            fix.safety.name()
        );
        Some(child("help", title, spans))
    }

    fn span(&self, path: &Path, start: Position, end: Position) -> Span {
        let lines = self.places.lines(path);
        let text = lines.into_iter().flat_map(|lines| {
            (start.line..=end.line).map(|line| {
                let text = lines.line(line);
                SpanLine {
                    highlight_start: if line == start.line { start.column } else { 1 },
                    highlight_end: match line == end.line {
                        true => end.column,
                        false => text.chars().count() + 1,
                    },
                    text: text.to_owned(),
                }
            })
        });
        Span {
            file_name: self.name(path),
            byte_start: start.byte,
            byte_end: end.byte,
            line_start: start.line,
            line_end: end.line,
            column_start: start.column,
            column_end: end.column,
            is_primary: true,
            text: text.collect(),
            label: None,
            suggested_replacement: None,
            suggestion_applicability: None,
            expansion: None,
        }
    }

    /// A path as rustc has it: relative to the root, or absolute if it lies outside of it.
    fn name(&self, path: &Path) -> String {
        match path.starts_with(&self.outcome.root) {
            true => self.outcome.shown(path),
            false => path.display().to_string(),
        }
    }
}

fn child(level: &'static str, message: String, spans: Vec<Span>) -> Diagnostic {
    Diagnostic {
        kind: "diagnostic",
        message,
        code: None,
        level,
        spans,
        children: Vec::new(),
        rendered: None,
    }
}
