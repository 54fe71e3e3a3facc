//! Turns what the phases found into the outcome.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use ra_ap_ide_db::{FileId, span::Edition};
use ra_ap_syntax::TextRange;
use unpark_codemods::{
    Codemod,
    codemod::{self, Note, Safety, Verdict},
    refusal::{Refusal, RefusalKind},
};

use crate::{
    discover::{CandidateFile, Skipped},
    engine::{Files, Plan, Rounds, Settled},
    identity,
    outcome::{Change, ChangedFile, Conversion, Converted, Finding, Outcome, Reason, State},
    overlay::Replacement,
    source::Lines,
    suppress::{self, Allows},
    workspace::Workspace,
};

/// What becomes of a finding that rests on syntax alone.
pub enum SyntaxVerdict {
    /// It was asked for.
    Manual,
    /// Types could not be had, for this reason.
    Refused(String),
    /// A limit was met.
    Stopped(String),
}

/// Reports the candidates of a file that spell out a known path.
pub fn by_syntax(
    outcome: &mut Outcome,
    file: &CandidateFile,
    selection: &[&'static Codemod],
    verdict: &SyntaxVerdict,
) {
    let lines = Lines::new(&file.source.text, file.source.shift());
    outcome
        .sources
        .insert(file.path.clone(), file.source.clone());
    for (codemod, candidates) in selection.iter().zip(&file.candidates) {
        let mut ordinals: BTreeMap<&str, usize> = BTreeMap::new();
        for candidate in candidates {
            let Some(path) = &candidate.path else {
                continue;
            };
            let ordinal = ordinals.entry(path).or_default();
            let relative = file.path.strip_prefix(&outcome.root).unwrap_or(&file.path);
            let id = identity::of(codemod.name, relative, path, *ordinal);
            *ordinal += 1;
            let (state, refusal, help) = match verdict {
                SyntaxVerdict::Manual => {
                    let help = "types decide whether this is one; run without --syntax-only";
                    (State::Manual, None, Some(help.to_owned()))
                }
                SyntaxVerdict::Refused(reason) => {
                    let refusal = Refusal::new(RefusalKind::R10, reason.clone());
                    (State::Refused, Some(refusal), None)
                }
                SyntaxVerdict::Stopped(reason) => {
                    let refusal = Refusal::new(RefusalKind::R7, reason.clone());
                    (State::Refused, Some(refusal), None)
                }
            };
            outcome.findings.push(Finding {
                id,
                codemod: codemod.name,
                state,
                safety: Safety::Manual,
                path: file.path.clone(),
                start: lines.position(candidate.range.start().into()),
                end: lines.position(candidate.range.end().into()),
                message: format!("`{path}` may be {}", codemod.summary),
                why: Vec::new(),
                conversion: None,
                refusal,
                help,
                compiler: None,
                change: None,
                effects: Vec::new(),
            });
        }
    }
}

/// Reports the candidates of files that have no types.
pub fn untyped(
    outcome: &mut Outcome,
    files: impl IntoIterator<Item = CandidateFile>,
    selection: &[&'static Codemod],
    reason: &str,
) {
    for file in files {
        let verdict = SyntaxVerdict::Refused(reason.to_owned());
        by_syntax(outcome, &file, selection, &verdict);
    }
}

/// Names files that are not looked at, because of a limit.
pub fn stopped(
    outcome: &mut Outcome,
    files: impl IntoIterator<Item = CandidateFile>,
    selection: &[&'static Codemod],
    reason: &str,
) {
    for file in files {
        let verdict = SyntaxVerdict::Stopped(reason.to_owned());
        by_syntax(outcome, &file, selection, &verdict);
        let (path, reason) = (file.path, reason.to_owned());
        outcome.skipped.push(Skipped { path, reason });
    }
}

/// Adds what the rounds over one workspace came to.
pub fn workspace(
    outcome: &mut Outcome,
    plan: &Plan<'_>,
    workspace: &Workspace,
    files: &Files,
    allows: &BTreeMap<PathBuf, Allows>,
    rounds: Rounds,
) {
    let collector = Collector {
        plan,
        workspace,
        files,
    };
    let project = &workspace.project;
    let first = outcome.last_change() + 1;
    for (index, applied) in rounds.applied.iter().enumerate() {
        let id = first + index;
        let finding = collector.finding(&applied.settled, Some(id), State::Fixed);
        outcome.changes.push(Change {
            id,
            codemod: finding.codemod,
            safety: finding.safety,
            round: applied.round,
            depends_on: applied
                .depends_on
                .iter()
                .map(|index| first + index)
                .collect(),
            selected: true,
            edits: applied
                .edits
                .iter()
                .map(|(file, replacement)| (files[file].path.clone(), replacement.clone()))
                .collect(),
        });
        outcome.findings.push(finding);
    }
    // Comments go away in a round of their own, which what is on offer knows nothing of.
    let made = rounds.applied.iter();
    let made = made.filter(|applied| applied.settled.finding.codemod != suppress::NAME);
    let last_round = made.map(|applied| applied.round).max().unwrap_or(0) + 1;
    for settled in &rounds.open {
        let file = &files[&settled.finding.file];
        let allow = allows
            .get(&file.path)
            .and_then(|allows| allows.for_finding(settled.finding.codemod, settled.start));
        if let Some(allow) = allow {
            let mut finding = collector.finding(settled, None, State::Suppressed);
            finding.help = Some(format!("allowed: {}", allow.reason));
            outcome.findings.push(finding);
            continue;
        }
        if plan.spared.contains(&settled.id) {
            let finding = collector.finding(settled, None, State::Baseline);
            outcome.findings.push(finding);
            continue;
        }
        let change = outcome.last_change() + 1;
        let finding = collector.open(settled, change);
        if finding.change == Some(change)
            && let Verdict::Rewrite { change: edits, .. } = &settled.finding.verdict
        {
            outcome
                .changes
                .push(collector.offered(change, &finding, edits, last_round));
        }
        outcome.findings.push(finding);
    }
    for file in files.values() {
        outcome
            .sources
            .insert(file.path.clone(), file.source.clone());
        if !file.overlay.is_unchanged() {
            let package = project.package_of(&file.path);
            outcome.files.push(ChangedFile {
                path: file.path.clone(),
                edition: package.map_or(Edition::CURRENT, |package| package.facts.edition),
                is_new: false,
                before: file.source.clone(),
                after: file.overlay.text(),
                edits: file.overlay.edits(),
            });
        }
    }
    for ((id, index), skipped) in rounds.stopped {
        let Some(file) = files.get(&id) else {
            outcome.skipped.push(skipped);
            continue;
        };
        let codemod = plan.selection[index].name;
        let mut left = file.found();
        let known = |finding: &Finding| finding.codemod == codemod && finding.path == file.path;
        for (other, candidates) in left.candidates.iter_mut().enumerate() {
            // What an earlier round said of the file stands.
            if other != index || outcome.findings.iter().any(known) {
                candidates.clear();
            }
        }
        stopped(outcome, [left], plan.selection, &skipped.reason);
    }
    for (reason, count) in rounds.quiet {
        *outcome.quiet.entry(reason).or_default() += count;
    }
    outcome.roots.extend(rounds.roots);
    outcome.defects.extend(rounds.defects);
}

/// Puts everything into its order.
pub fn finish(outcome: &mut Outcome) {
    outcome.findings.sort_by(|a, b| {
        (&a.path, a.start, a.codemod, a.end).cmp(&(&b.path, b.start, b.codemod, b.end))
    });
    outcome.files.sort_by(|a, b| a.path.cmp(&b.path));
    outcome.skipped.sort();
    outcome.skipped.dedup();
    outcome.defects.sort();
}

/// Puts what the rounds say into the words of the outcome.
pub struct Collector<'a> {
    /// What is the same for every round.
    pub plan: &'a Plan<'a>,
    /// Where the files are.
    pub workspace: &'a Workspace,
    /// The open files.
    pub files: &'a Files,
}

impl Collector<'_> {
    /// A finding, with its places in the files as they were.
    pub fn finding(&self, settled: &Settled, change: Option<usize>, state: State) -> Finding {
        let it = &settled.finding;
        let file = &self.files[&it.file];
        let lines = Lines::new(&file.source.text, file.source.shift());
        let (safety, effects) = match &it.verdict {
            Verdict::Rewrite {
                safety, effects, ..
            } => (*safety, effects.clone()),
            Verdict::Manual(_) | Verdict::Refused(_) => (Safety::Manual, Vec::new()),
        };
        let here = (file.path.clone(), lines.position(settled.start).line);
        let reason = |note: &Note| {
            let place = note.place.and_then(|place| self.place(place));
            let (path, line) = place.unwrap_or_else(|| here.clone());
            let message = note.message.clone();
            Reason {
                path,
                line,
                message,
                is_call: note.is_call,
            }
        };
        let why = it.why.iter().map(reason).collect();
        let functions = |conversion: &codemod::Conversion| {
            let functions = conversion.functions.iter().map(|function| Converted {
                path: function.path.clone(),
                becomes: reason(&Note::at(Some(function.place), function.becomes.clone())),
                because: function.because.iter().map(reason).collect(),
                remarks: function.remarks.clone(),
            });
            functions.collect()
        };
        let conversion = it.conversion.as_ref().map(|conversion| Conversion {
            functions: functions(conversion),
            cost: conversion.cost,
        });
        Finding {
            id: settled.id.clone(),
            codemod: it.codemod,
            state,
            safety,
            path: file.path.clone(),
            start: lines.position(settled.start),
            end: lines.position(settled.end),
            message: it.message.clone(),
            why,
            conversion,
            refusal: None,
            help: None,
            compiler: None,
            change,
            effects,
        }
    }

    /// The path and the line of a place in the original text of any file of a member.
    fn place(&self, (id, range): (FileId, TextRange)) -> Option<(PathBuf, usize)> {
        let offset = range.start().into();
        if let Some(file) = self.files.get(&id) {
            let lines = Lines::new(&file.source.text, 0);
            return Some((file.path.clone(), lines.position(offset).line));
        }
        let text = self.workspace.text(id);
        let line = Lines::new(text, 0).position(offset).line;
        Some((self.workspace.path(id)?, line))
    }

    /// A finding that was not taken, in the state that says why.
    fn open(&self, settled: &Settled, change: usize) -> Finding {
        let mut finding = self.finding(settled, None, State::Manual);
        match &settled.finding.verdict {
            Verdict::Manual(help) => finding.help = Some(help.clone()),
            Verdict::Refused(refusal) => {
                finding.state = State::Refused;
                finding.refusal = Some(refusal.clone());
            }
            Verdict::Rewrite { .. } => {
                if let Some(reason) = self.plan.denied.get(&settled.id) {
                    finding.state = State::Reverted;
                    finding.compiler = Some(reason.clone());
                } else if self.reports_only(&finding) {
                    finding.safety = Safety::Manual;
                    finding.help = Some(format!(
                        "the configuration says `level = \"report\"`; with `level = \"fix\"` \
                         {} rewrites it",
                        finding.codemod
                    ));
                } else {
                    finding.state = State::Offered;
                    finding.change = Some(change);
                    if self.plan.accepted.is_some() {
                        finding.help = Some("the selection leaves it out".to_owned());
                    }
                }
            }
        }
        finding
    }

    fn reports_only(&self, finding: &Finding) -> bool {
        let rule = self.plan.rules.of(&finding.path);
        rule.report_only.contains(finding.codemod)
    }

    fn offered(
        &self,
        id: usize,
        finding: &Finding,
        change: &unpark_codemods::change::Change,
        round: usize,
    ) -> Change {
        let mut edits: Vec<(PathBuf, Replacement)> = change
            .edits
            .iter()
            .filter_map(|edit| {
                let file = self.files.get(&edit.file)?;
                let (start, end) = (edit.range.start().into(), edit.range.end().into());
                let replacement = crate::source::with_line_ends_of(&file.text, start, &edit.text);
                Some((
                    file.path.clone(),
                    Replacement {
                        start,
                        end,
                        replacement,
                    },
                ))
            })
            .collect();
        edits.sort_by_key(|(path, edit)| (path.clone(), edit.start, edit.end));
        let (codemod, safety) = (finding.codemod, finding.safety);
        let depends_on = BTreeSet::new();
        Change {
            id,
            codemod,
            safety,
            round,
            depends_on,
            selected: false,
            edits,
        }
    }
}
