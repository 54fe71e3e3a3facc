//! What is wrong with suppression comments: those that can't be read, that are of no codemod or have no
//! reason, and those that allow nothing, which can go.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{TextRange, TextSize};
use unpark_codemods::{
    CATALOGUE,
    change::Change,
    codemod::{Finding, Safety, Verdict},
};

use super::{Allow, Allows, NAME};
use crate::{
    baseline::Baseline,
    collect::Collector,
    config::did_you_mean,
    engine::{self, Files, OpenFile, Plan, Rounds, Settled},
    identity,
    options::Options,
    outcome::State,
    workspace::Workspace,
};

/// How well the codemods looked.
#[derive(Debug, Clone, Copy)]
pub struct Looks<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// Whether less is known than could be, so that there may be more than was found.
    pub is_degraded: bool,
    /// The findings that are left as they are, for now.
    pub baseline: &'a Baseline,
}

/// Adds the findings about comments to what the rounds came to, and takes away the comments that allow
/// nothing. The texts of the files stay those of the last round, in which all else was found.
pub fn settle(
    rounds: &mut Rounds,
    files: &mut Files,
    plan: &Plan<'_>,
    workspace: &Workspace,
    allows: &BTreeMap<PathBuf, Allows>,
    looks: Looks<'_>,
) {
    let judge = Judge {
        plan,
        workspace,
        looks,
        used: used(rounds, files, allows),
        stopped: stopped(rounds, plan),
    };
    let mut taken = Vec::new();
    for (&id, file) in files.iter() {
        let Some(allows) = allows.get(&file.path) else {
            continue;
        };
        let path = file.path.strip_prefix(&workspace.project.root);
        let path = path.unwrap_or(&file.path);
        let mut ordinals: BTreeMap<&str, usize> = BTreeMap::new();
        for allow in allows.comments() {
            let text = &file.source.text[allow.range];
            let ordinal = ordinals.entry(text).or_default();
            let identity = identity::of(NAME, path, text, *ordinal);
            *ordinal += 1;
            let Some(finding) = judge.fault(id, file, allow) else {
                continue;
            };
            let settled = Settled {
                id: identity,
                finding,
                start: allow.range.start().into(),
                end: allow.range.end().into(),
            };
            match change_of(&settled).filter(|_| judge.is_wanted(&settled, files)) {
                Some(change) => taken.push((settled, change)),
                None => rounds.open.push(settled),
            }
        }
    }
    if taken.is_empty() {
        return;
    }
    let round = rounds.applied.iter().map(|applied| applied.round).max();
    engine::record(files, taken, round.unwrap_or(0) + 1, rounds);
}

/// The comments that allow something, by file and place.
fn used(
    rounds: &Rounds,
    files: &Files,
    allows: &BTreeMap<PathBuf, Allows>,
) -> BTreeSet<(FileId, TextSize)> {
    let used = rounds.open.iter().filter_map(|settled| {
        let file = settled.finding.file;
        let allows = allows.get(&files[&file].path)?;
        let allow = allows.for_finding(settled.finding.codemod, settled.start)?;
        Some((file, allow.range.start()))
    });
    used.collect()
}

/// The codemods that did not look at all they should have.
fn stopped(rounds: &Rounds, plan: &Plan<'_>) -> BTreeSet<&'static str> {
    let stopped = rounds.stopped.keys();
    let stopped = stopped.map(|(_, index)| plan.selection[*index].name);
    let defects = rounds.defects.iter().map(|defect| defect.codemod);
    stopped.chain(defects).collect()
}

fn change_of(settled: &Settled) -> Option<Change> {
    match &settled.finding.verdict {
        Verdict::Rewrite { change, .. } => Some(change.clone()),
        _ => None,
    }
}

struct Judge<'a> {
    plan: &'a Plan<'a>,
    workspace: &'a Workspace,
    looks: Looks<'a>,
    used: BTreeSet<(FileId, TextSize)>,
    stopped: BTreeSet<&'static str>,
}

impl Judge<'_> {
    /// What is wrong with a comment.
    fn fault(&self, id: FileId, file: &OpenFile, allow: &Allow) -> Option<Finding> {
        let names: Vec<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
        let name = &allow.codemod;
        let (message, verdict) = if name.is_empty() {
            let help = "write `// unpark: allow(NAME) the reason`";
            (
                "a comment that starts with `unpark:` can't be read".to_owned(),
                Verdict::Manual(help.to_owned()),
            )
        } else if name.contains(',') {
            let help = "write a comment for each of them, one above the other";
            (
                format!("allow({name}) names several codemods"),
                Verdict::Manual(help.to_owned()),
            )
        } else if !names.contains(&name.as_str()) {
            let hint = did_you_mean(name, &names);
            (
                format!("no codemod is called `{name}`"),
                Verdict::Manual(hint.trim_start_matches("; ").to_owned()),
            )
        } else if allow.reason.is_empty() {
            let help = format!("say why: // unpark: allow({name}) the reason");
            (
                format!("allow({name}) has no reason, and does not count without one"),
                Verdict::Manual(help),
            )
        } else if !self.used.contains(&(id, allow.range.start())) && self.has_run(name, file) {
            (
                format!("allow({name}) allows nothing here"),
                self.removal(id, file, allow)?,
            )
        } else {
            return None;
        };
        Some(Finding {
            codemod: NAME,
            file: id,
            range: now(file, allow).unwrap_or(allow.range),
            message,
            why: Vec::new(),
            conversion: None,
            verdict,
        })
    }

    /// Whether a codemod has found all that there is for it in a file.
    fn has_run(&self, name: &str, file: &OpenFile) -> bool {
        let Looks {
            options,
            is_degraded,
            ..
        } = self.looks;
        let selected = self.plan.selection.iter().any(|it| it.name == name);
        let is_off = self.plan.rules.of(&file.path).off.contains(name);
        // A run may be about less than everything.
        let is_partial = options.root.is_some()
            || options
                .about
                .as_ref()
                .is_some_and(|about| *about != file.path)
            || (options.fs.is_some() && name == "blocking-in-async");
        selected && !is_off && !is_partial && !is_degraded && !self.stopped.contains(name)
    }

    /// How a comment that allows nothing goes. `None` if the code that it speaks of was not looked at.
    fn removal(&self, id: FileId, file: &OpenFile, allow: &Allow) -> Option<Verdict> {
        let by_hand = "remove the comment, or move it to the line above the finding";
        let by_hand = Verdict::Manual(by_hand.to_owned());
        let Some(range) = now(file, allow) else {
            return Some(by_hand);
        };
        let spoken_of = spoken_of(&file.text, range);
        let tests = self.looks.options.include_tests;
        if !self.workspace.is_looked_at(id, spoken_of, tests) {
            return None;
        }
        let text = &file.text[range];
        if text.starts_with("///") || text.starts_with("//!") {
            return Some(by_hand);
        }
        let mut change = Change::default();
        change.delete(id, with_its_line(&file.text, range));
        Some(Verdict::Rewrite {
            safety: Safety::Safe,
            change,
            effects: Vec::new(),
        })
    }

    /// Whether a comment is to go.
    fn is_wanted(&self, settled: &Settled, files: &Files) -> bool {
        let Judge {
            plan,
            workspace,
            looks,
            ..
        } = self;
        let collector = Collector {
            plan,
            workspace,
            files,
        };
        let finding = collector.finding(settled, None, State::Manual);
        let accepted = plan.accepted;
        plan.takes
            && accepted.is_none_or(|accepted| accepted.contains(&settled.id))
            && !plan.denied.contains_key(&settled.id)
            && !looks.baseline.holds(&settled.id)
            && plan.changed.is_none_or(|changed| changed.touch(&finding))
    }
}

/// Where a comment is in the text of the last round; `None` if a change has moved it.
fn now(file: &OpenFile, allow: &Allow) -> Option<TextRange> {
    let start = file.overlay.to_current(allow.range.start().into())?;
    let end = start + usize::from(allow.range.len());
    let offset = |at: usize| TextSize::try_from(at).expect("files are smaller than 4 GiB");
    let is_whole = file.text.get(start..end)? == &file.source.text[allow.range];
    is_whole.then(|| TextRange::new(offset(start), offset(end)))
}

/// The line that a comment speaks of: the rest of its own, or the first one below with code.
fn spoken_of(text: &str, comment: TextRange) -> TextRange {
    let start = usize::from(comment.start());
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text[line..start].trim_start();
    let offset = |at: usize| TextSize::try_from(at).expect("files are smaller than 4 GiB");
    if !before.is_empty() {
        return TextRange::at(offset(start - before.len()), offset(1));
    }
    let mut at = usize::from(comment.end());
    for line in text[at..].split_inclusive('\n') {
        let code = line.trim_start();
        if !code.is_empty() && !code.starts_with("//") {
            return TextRange::at(offset(at + line.len() - code.len()), offset(1));
        }
        at += line.len();
    }
    comment
}

/// What goes with a comment: its line, or the space between the code and it.
fn with_its_line(text: &str, comment: TextRange) -> TextRange {
    let (start, end) = (usize::from(comment.start()), usize::from(comment.end()));
    // The carriage return of a line's end may be one of the comment's characters.
    let end = start + text[start..end].trim_end().len();
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let code = text[line..start].trim_end().len();
    let range = match code {
        0 => line..text[end..].find('\n').map_or(text.len(), |at| end + at + 1),
        code => line + code..end,
    };
    let offset = |at: usize| TextSize::try_from(at).expect("files are smaller than 4 GiB");
    TextRange::new(offset(range.start), offset(range.end))
}
