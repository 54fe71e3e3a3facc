//! Writes comments that allow what was found: `--add-allow REASON`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

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
    replay,
    source::{Source, with_line_ends_of},
};

/// What is allowed, and what is not.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Why a finding is to be allowed, if it is.
    pub reason: &'a dyn Fn(&Finding) -> Option<&'a str>,
    /// The ids of findings whose comments are not to be written, with the reason.
    pub denied: &'a BTreeMap<String, String>,
    /// The lines that findings have to touch.
    pub changed: Option<&'a ChangedLines>,
}

/// The findings from `first` on that get a comment, with its reason. What rests on syntax alone gets none: with
/// types it may be no finding.
pub fn to_allow<'a>(outcome: &Outcome, first: usize, wanted: &Wanted<'a>) -> Vec<(usize, &'a str)> {
    let skipped: HashSet<&Path> = outcome.skipped.iter().map(|it| &*it.path).collect();
    let is_left = |finding: &Finding| {
        finding.codemod != NAME
            && finding.state.is_open()
            && finding.state != State::Fixed
            && !wanted.denied.contains_key(&finding.id)
            && !skipped.contains(&*finding.path)
            && !matches!(&finding.refusal, Some(it) if it.kind == RefusalKind::R10)
            && wanted.changed.is_none_or(|changed| changed.touch(finding))
    };
    let findings = outcome.findings.iter().enumerate().skip(first);
    findings
        .filter(|(_, finding)| is_left(finding))
        .filter_map(|(index, finding)| Some((index, (wanted.reason)(finding)?)))
        .collect()
}

/// Writes a comment above each finding from `first` on that is to be allowed, in the place of its change
/// and beside the changes that are made.
pub fn allow(outcome: &mut Outcome, first: usize, wanted: &Wanted<'_>) {
    let mut by_file: BTreeMap<PathBuf, Vec<(usize, &str)>> = BTreeMap::new();
    for (index, reason) in to_allow(outcome, first, wanted) {
        let finding = &mut outcome.findings[index];
        finding.change = None;
        let of_file = by_file.entry(finding.path.clone()).or_default();
        of_file.push((index, reason));
    }
    let others = outcome.findings[first..].iter_mut();
    for finding in others.filter(|it| it.state.is_open() && it.state != State::Fixed) {
        if (wanted.reason)(finding).is_none() {
            continue;
        }
        if finding.codemod == NAME {
            finding.change = None;
            finding.state = State::Manual;
            let help = "`unpark --apply` removes the comment".to_owned();
            finding.help.get_or_insert(help);
        } else if let Some(words) = wanted.denied.get(&finding.id) {
            finding.change = None;
            finding.state = State::Reverted;
            finding.compiler = Some(words.clone());
        }
    }
    outcome.drop_unasked_changes();
    // The rounds of the codemods have ended.
    let made = outcome.changes.iter().filter(|change| change.selected);
    let round = made.map(|change| change.round).max().unwrap_or(0) + 1;
    for (path, mut found) in by_file {
        let Some(source) = outcome.sources.get(&path).cloned() else {
            continue;
        };
        let Some(overlay) = replay::before(outcome, &path, round) else {
            continue;
        };
        found.sort_by_key(|&(index, _)| {
            let finding = &outcome.findings[index];
            (finding.start, finding.codemod)
        });
        let mut draft = Draft::new(source, overlay, round);
        let room: Vec<(usize, Result<usize, Refusal>)> = found
            .into_iter()
            .map(|(index, reason)| (index, draft.allow(&outcome.findings[index], reason)))
            .collect();
        let next = outcome.last_change() + 1;
        for (index, comment) in room {
            let finding = &mut outcome.findings[index];
            match comment {
                Ok(comment) => {
                    finding.state = State::Suppressed;
                    finding.refusal = None;
                    finding.help = Some(format!("allowed: {}", draft.comments[comment].reason()));
                    finding.change = Some(next + comment);
                }
                Err(refusal) => {
                    finding.state = State::Refused;
                    finding.safety = Safety::Manual;
                    finding.effects.clear();
                    finding.refusal = Some(refusal);
                }
            }
        }
        draft.add_to(outcome, &path, next);
    }
}

/// The comments of one file.
struct Draft<'a> {
    source: Source,
    /// What the changes of the run make of it.
    overlay: Overlay,
    /// Its text then.
    text: Arc<str>,
    /// The comments that allow something in it.
    allows: Allows,
    round: usize,
    comments: Vec<Comment<'a>>,
}

struct Comment<'a> {
    codemod: &'static str,
    /// Where the line starts that it stands above.
    at: usize,
    /// Why each of the findings that it speaks of may stay.
    reasons: Vec<&'a str>,
}

impl Comment<'_> {
    fn reason(&self) -> String {
        self.reasons.join("; ")
    }
}

impl<'a> Draft<'a> {
    fn new(source: Source, overlay: Overlay, round: usize) -> Draft<'a> {
        let text = Arc::from(overlay.text());
        Draft {
            allows: Allows::read(&text),
            source,
            overlay,
            text,
            round,
            comments: Vec::new(),
        }
    }

    /// Finds room for the comment of a finding, and gives its number. One that speaks of several findings
    /// is written once.
    ///
    /// # Errors
    /// If there is none, with the reason.
    fn allow(&mut self, finding: &Finding, reason: &'a str) -> Result<usize, Refusal> {
        let was = finding.start.byte - self.source.shift();
        let Some(offset) = self.overlay.to_current(was) else {
            let message = "another change of this run rewrites this line, and a comment above it would \
                           speak of other code";
            return Err(Refusal::new(RefusalKind::R9, message));
        };
        let codemod = finding.codemod;
        let there = |it: &Comment<'_>, at: usize| it.at == at && it.codemod == codemod;
        for at in self.places(offset) {
            if let Some(known) = self.comments.iter().position(|it| there(it, at)) {
                if self.speaks_of(codemod, offset) {
                    let reasons = &mut self.comments[known].reasons;
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                    return Ok(known);
                }
                continue;
            }
            let reasons = vec![reason];
            self.comments.push(Comment {
                codemod,
                at,
                reasons,
            });
            if self.speaks_of(codemod, offset) {
                return Ok(self.comments.len() - 1);
            }
            self.comments.pop();
        }
        let message = "no comment can stand above this line: it is inside of a string or a comment";
        Err(Refusal::new(RefusalKind::R8, message))
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
        let line_of = |at: usize| self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut lines: Vec<usize> = places.into_iter().map(line_of).collect();
        lines.dedup();
        lines
    }

    /// Whether a comment allows a finding in the text that they make, and none of them is anything else
    /// there.
    fn speaks_of(&self, codemod: &str, offset: usize) -> bool {
        let edits: Vec<Replacement> = self.edits().collect();
        let before = edits.iter().filter(|it| it.start <= offset);
        let moved = offset + before.map(|it| it.replacement.len()).sum::<usize>();
        let all = Allows::read(&Arc::from(self.with_comments(0).text()));
        code_of(&all.parse.syntax_node()) == code_of(&self.allows.parse.syntax_node())
            && all.comments().len() == self.allows.comments().len() + self.comments.len()
            && all.for_finding(codemod, moved).is_some()
    }

    /// The file with its comments, which are the changes from `first` on.
    fn with_comments(&self, first: usize) -> Overlay {
        let mut overlay = self.overlay.clone();
        let mut edits: Vec<(usize, Replacement)> = self.edits().enumerate().collect();
        edits.sort_by_key(|(_, edit)| edit.start);
        for (index, edit) in edits.iter().rev() {
            overlay.apply(std::slice::from_ref(edit), first + index);
        }
        overlay
    }

    fn edits(&self) -> impl Iterator<Item = Replacement> {
        self.comments.iter().map(|comment| {
            let Comment { codemod, at, .. } = *comment;
            let line = &self.text[at..];
            let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            let reason = comment.reason();
            let text = format!("{indent}// {MARKER} allow({codemod}) {reason}\n");
            Replacement {
                start: at,
                end: at,
                replacement: with_line_ends_of(&self.text, at, &text),
            }
        })
    }

    /// Puts the comments into an outcome, as changes whose numbers start with `first`.
    fn add_to(&self, outcome: &mut Outcome, path: &Path, first: usize) {
        if self.comments.is_empty() {
            return;
        }
        let comments = self.comments.iter().zip(self.edits()).enumerate();
        let changes = comments.map(|(index, (comment, edit))| Change {
            id: first + index,
            codemod: comment.codemod,
            safety: Safety::Safe,
            round: self.round,
            depends_on: BTreeSet::new(),
            selected: true,
            edits: vec![(path.to_owned(), edit)],
        });
        outcome.changes.extend(changes);
        let overlay = self.with_comments(first);
        let edition = outcome.edition_of(path);
        outcome.files.retain(|file| file.path != path);
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
