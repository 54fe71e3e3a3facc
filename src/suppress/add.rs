//! Writes comments that allow what was found: `--add-allow REASON`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};
use unpark_codemods::{
    codemod::Safety,
    refusal::{Refusal, RefusalKind},
};

use super::{Allows, MARKER, NAME, first_word, statement_of};
use crate::{
    changed::ChangedLines,
    outcome::{Change, ChangedFile, Finding, Outcome, State},
    overlay::{Overlay, Replacement},
    source::{Source, with_line_ends_of},
};

/// What is allowed, and what is not.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Why it is allowed.
    pub reason: &'a str,
    /// The ids of findings whose comments are not to be written, with the reason.
    pub denied: &'a BTreeMap<String, String>,
    /// The lines that findings have to touch.
    pub changed: Option<&'a ChangedLines>,
}

/// Writes a comment above each finding from `findings` on that is reported, in the place of the changes
/// from `changes` on; `edition_of` tells that of a file. Findings that rest on syntax alone are left: with
/// types they may be none.
pub fn allow(
    outcome: &mut Outcome,
    (findings, changes): (usize, usize),
    wanted: Wanted<'_>,
    edition_of: &dyn Fn(&Path) -> Edition,
) {
    outcome.changes.truncate(changes);
    let skipped: BTreeSet<PathBuf> = outcome.skipped.iter().map(|it| it.path.clone()).collect();
    let mut by_file: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (index, finding) in outcome.findings.iter_mut().enumerate().skip(findings) {
        if matches!(finding.state, State::Suppressed | State::Baseline) {
            continue;
        }
        finding.change = None;
        if finding.codemod == NAME {
            finding.state = State::Manual;
            let help = "`unpark --apply` removes the comment".to_owned();
            finding.help.get_or_insert(help);
            continue;
        }
        let is_typed = !skipped.contains(&finding.path)
            && !matches!(&finding.refusal, Some(it) if it.kind == RefusalKind::R10);
        let is_touched = wanted.changed.is_none_or(|changed| changed.touch(finding));
        if let Some(reason) = wanted.denied.get(&finding.id) {
            finding.state = State::Reverted;
            finding.compiler = Some(reason.clone());
        } else if is_typed && is_touched {
            by_file.entry(finding.path.clone()).or_default().push(index);
        }
    }
    for (path, mut found) in by_file {
        let Some(source) = outcome.sources.get(&path).cloned() else {
            continue;
        };
        found.sort_by_key(|&index| {
            let finding = &outcome.findings[index];
            (finding.start, finding.codemod)
        });
        let mut draft = Draft::new(&source);
        let before = outcome.changes.len();
        for index in found {
            let finding = &mut outcome.findings[index];
            match draft.allow(finding, wanted.reason) {
                Some(comment) => {
                    finding.state = State::Suppressed;
                    finding.refusal = None;
                    finding.help = Some(format!("allowed: {}", wanted.reason));
                    finding.change = Some(before + comment + 1);
                }
                None => refuse(finding),
            }
        }
        draft.add_to(outcome, &path, edition_of(&path));
    }
}

fn refuse(finding: &mut Finding) {
    let message = "no comment can stand above this line: it is inside of a string or a comment";
    finding.state = State::Refused;
    finding.safety = Safety::Manual;
    finding.effects.clear();
    finding.refusal = Some(Refusal::new(RefusalKind::R8, message));
}

/// The comments of one file.
struct Draft<'a> {
    source: &'a Source,
    allows: Allows,
    comments: Vec<Comment>,
}

struct Comment {
    codemod: &'static str,
    /// Where the line starts that it stands above.
    at: usize,
    /// It, with its indentation and line end.
    text: String,
}

impl<'a> Draft<'a> {
    fn new(source: &'a Source) -> Draft<'a> {
        Draft {
            source,
            allows: Allows::read(&source.text),
            comments: Vec::new(),
        }
    }

    /// Finds room for the comment of a finding, and gives its number. One that speaks of several findings
    /// is written once.
    fn allow(&mut self, finding: &Finding, reason: &str) -> Option<usize> {
        let offset = finding.start.byte - self.source.shift();
        let codemod = finding.codemod;
        let there = |it: &Comment, at: usize| it.at == at && it.codemod == codemod;
        for at in self.places(offset) {
            if let Some(known) = self.comments.iter().position(|it| there(it, at)) {
                if self.speaks_of(codemod, offset) {
                    return Some(known);
                }
                continue;
            }
            let line = &self.source.text[at..];
            let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            let text = format!("{indent}// {MARKER} allow({codemod}) {reason}\n");
            let text = with_line_ends_of(&self.source.text, at, &text);
            self.comments.push(Comment { codemod, at, text });
            if self.speaks_of(codemod, offset) {
                return Some(self.comments.len() - 1);
            }
            self.comments.pop();
        }
        None
    }

    /// Where the lines start that a comment may stand above, the best one first: above the documentation
    /// of an item, the statement, or the line itself. What a macro is given is no statement, so that
    /// the line is nearer.
    fn places(&self, offset: usize) -> Vec<usize> {
        let token = self.allows.token_at(offset);
        let node = token.as_ref().and_then(statement_of);
        let documentation = node.as_ref().and_then(documentation_of);
        let word = node.as_ref().and_then(first_word);
        let starts = [documentation, word].into_iter().flatten();
        let mut places: Vec<usize> = starts.map(|it| it.text_range().start().into()).collect();
        let in_macro = token.is_some_and(|token| {
            let mut around = token.parent_ancestors();
            around.any(|node| node.kind() == SyntaxKind::TOKEN_TREE)
        });
        places.insert(if in_macro { 0 } else { places.len() }, offset);
        let line_of = |at: usize| {
            self.source.text[..at]
                .rfind('\n')
                .map_or(0, |newline| newline + 1)
        };
        let mut lines: Vec<usize> = places.into_iter().map(line_of).collect();
        lines.dedup();
        lines
    }

    /// Whether a comment allows a finding in the text that they make, and none of them is anything else
    /// there.
    fn speaks_of(&self, codemod: &str, offset: usize) -> bool {
        let overlay = self.overlay();
        let text: Arc<str> = Arc::from(overlay.text());
        let before = self.comments.iter().filter(|it| it.at <= offset);
        let moved = offset + before.map(|it| it.text.len()).sum::<usize>();
        let all = Allows::read(&text);
        code_of(&all.parse.syntax_node()) == code_of(&self.allows.parse.syntax_node())
            && all.comments().len() == self.allows.comments().len() + self.comments.len()
            && all.for_finding(codemod, moved).is_some()
    }

    fn overlay(&self) -> Overlay {
        let mut overlay = Overlay::new(Arc::clone(&self.source.text));
        let mut edits: Vec<(Replacement, usize)> = self.edits().collect();
        edits.sort_by_key(|(edit, _)| edit.start);
        for (edit, by) in edits.iter().rev() {
            overlay.apply(std::slice::from_ref(edit), *by);
        }
        overlay
    }

    fn edits(&self) -> impl Iterator<Item = (Replacement, usize)> {
        let edit = |(index, comment): (usize, &Comment)| {
            let edit = Replacement {
                start: comment.at,
                end: comment.at,
                replacement: comment.text.clone(),
            };
            (edit, index)
        };
        self.comments.iter().enumerate().map(edit)
    }

    /// Puts the comments into an outcome, each as a change.
    fn add_to(&self, outcome: &mut Outcome, path: &Path, edition: Edition) {
        if self.comments.is_empty() {
            return;
        }
        let before = outcome.changes.len();
        let changes = self.edits().map(|(edit, index)| Change {
            id: before + index + 1,
            codemod: self.comments[index].codemod,
            safety: Safety::Safe,
            round: 1,
            depends_on: BTreeSet::new(),
            selected: true,
            edits: vec![(path.to_owned(), edit)],
        });
        outcome.changes.extend(changes);
        let overlay = self.overlay();
        outcome.files.push(ChangedFile {
            path: path.to_owned(),
            edition,
            is_new: false,
            before: self.source.clone(),
            after: overlay.text(),
            edits: overlay.edits(),
        });
    }
}

/// The first line of the documentation of an item.
fn documentation_of(node: &SyntaxNode) -> Option<SyntaxToken> {
    let tokens = node.children_with_tokens();
    let mut tokens = tokens.filter_map(|element| element.into_token());
    tokens.find(|token| {
        let text = token.text();
        token.kind() == SyntaxKind::COMMENT && (text.starts_with("///") || text.starts_with("/**"))
    })
}

/// Everything but white space and comments that are no documentation.
fn code_of(file: &SyntaxNode) -> String {
    let tokens = file.descendants_with_tokens();
    let tokens = tokens.filter_map(|element| element.into_token());
    let is_code = |token: &SyntaxToken| !token.kind().is_trivia();
    let code: Vec<String> = tokens
        .filter(is_code)
        .map(|it| it.text().to_owned())
        .collect();
    code.join(" ")
}
