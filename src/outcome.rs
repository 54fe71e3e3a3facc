//! What a run found, as plain data: what every report is made of.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Component, Path, PathBuf},
};

use ra_ap_ide_db::span::Edition;
use serde::Serialize;
use unpark_codemods::{
    codemod::{Cost, Effect, Safety},
    refusal::Refusal,
};

use crate::{
    baseline,
    cargo::Package,
    commit::Home,
    discover::Skipped,
    overlay::Replacement,
    source::{Alignment, Position, Source},
};

/// The result of a run. Everything is sorted, so that it is the same with any number of threads.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// The folder that paths are shown relative to.
    pub root: PathBuf,
    /// Every finding, by path and place.
    pub findings: Vec<Finding>,
    /// The changes of the findings, those that are on offer included.
    pub changes: Vec<Change>,
    /// The files that the selected changes edit.
    pub files: Vec<ChangedFile>,
    /// What stood in the files that were looked at.
    pub sources: BTreeMap<PathBuf, Source>,
    /// The files that were left out.
    pub skipped: Vec<Skipped>,
    /// The files with something to look at that the configuration excludes.
    pub excluded: BTreeSet<PathBuf>,
    /// What makes answers less precise.
    pub degraded: BTreeSet<String>,
    /// Places that no configuration that was looked at compiles, with their number.
    pub unseen: BTreeMap<String, usize>,
    /// Places that are fine as they are, by the reason.
    pub quiet: BTreeMap<&'static str, usize>,
    /// What becomes of the baselines of the workspaces.
    pub baselines: Vec<baseline::Use>,
    /// Every root that there was, by the paths of its functions; only where one is asked for.
    pub roots: BTreeSet<Vec<String>>,
    /// What was accepted in a review, and could not be made.
    pub unmet: BTreeSet<String>,
    /// Defects of ours.
    pub defects: Vec<Defect>,
    /// Where the journals of the workspaces are that were loaded.
    pub homes: Vec<Home>,
    /// The members of these workspaces.
    pub packages: Vec<Package>,
    /// How many of the workspaces could not be looked at, for want of types or memory.
    pub untold: usize,
    /// The workspaces in which an apply or an undo has not ended.
    pub unfinished: Vec<PathBuf>,
    /// How many files were walked.
    pub walked: usize,
    /// How many of them had a candidate.
    pub candidates: usize,
    /// Where the time went.
    pub seconds: Seconds,
    /// How much memory it took.
    pub memory: Memory,
    /// What the user's own compiler was asked; `None` where the changes were not compiled.
    pub verification: Option<Verification>,
}

/// What the user's own compiler was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How often the workspace was compiled.
    pub checks: usize,
    /// The features that it was compiled with, in words.
    pub configurations: BTreeSet<String>,
    /// How many tests passed before, and pass still; `None` where they were not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<usize>,
}

/// Seconds by phase.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Seconds {
    /// Walking, reading and parsing.
    pub discover: f64,
    /// Asking cargo, reading every source.
    pub load: f64,
    /// Names, types and rewriting.
    pub analyse: f64,
    /// The user's own compiler.
    pub verify: f64,
}

/// Bytes that were resident at the end of a phase, the most of all workspaces; 0 where the system
/// does not tell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// After reading every source.
    pub load: usize,
    /// After rewriting.
    pub analyse: usize,
}

impl Memory {
    /// What is resident now, if that is more than what was before.
    pub fn measure(was: &mut usize) {
        let now = memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem);
        *was = now.max(*was);
    }
}

/// The state that every finding ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Part of this run's result.
    Fixed,
    /// Another flag would make it so.
    Offered,
    /// A person has to do it.
    Manual,
    /// Left alone, with the reason.
    Refused,
    /// Taken back, with the compiler's words.
    Reverted,
    /// A comment allows it.
    Suppressed,
    /// It is left as it is, for now.
    Baseline,
}

impl State {
    /// Every state, in the order of reports.
    pub const ALL: [State; 7] = [
        State::Fixed,
        State::Offered,
        State::Manual,
        State::Refused,
        State::Reverted,
        State::Suppressed,
        State::Baseline,
    ];

    /// Whether it is to be shown to everybody: neither a comment nor the baseline has it.
    pub fn is_open(self) -> bool {
        !matches!(self, State::Suppressed | State::Baseline)
    }

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Fixed => "fixed",
            State::Offered => "offered",
            State::Manual => "manual",
            State::Refused => "refused",
            State::Reverted => "reverted",
            State::Suppressed => "suppressed",
            State::Baseline => "baseline",
        }
    }
}

/// One place that a codemod has something to say about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable against line moves.
    pub id: String,
    /// The name of the codemod.
    pub codemod: &'static str,
    /// What became of it.
    pub state: State,
    /// How far its change may be trusted; `Manual` where there is none.
    pub safety: Safety,
    /// Its file.
    pub path: PathBuf,
    /// Where it starts, in the file as it was.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// One sentence without a full stop.
    pub message: String,
    /// What the verdict rests on.
    pub why: Vec<Reason>,
    /// What becomes async with it.
    pub conversion: Option<Conversion>,
    /// Why it was left alone.
    pub refusal: Option<Refusal>,
    /// How a person mends it, or why it is suppressed.
    pub help: Option<String>,
    /// What the compiler said of its change.
    pub compiler: Option<String>,
    /// The number of its change.
    pub change: Option<usize>,
    /// What changes at run time.
    pub effects: Vec<Effect>,
}

impl Finding {
    /// Everything that is said about a place, on the way to its verdict and of what becomes async.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        let converted = self.conversion.iter().flat_map(|it| &it.functions);
        let converted = converted.flat_map(|it| it.because.iter().chain([&it.becomes]));
        self.why.iter().chain(converted)
    }
}

/// A sentence, and the place it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The place's file.
    pub path: PathBuf,
    /// The place's line, from 1.
    pub line: usize,
    /// One sentence without a full stop.
    pub message: String,
    /// Whether it is a call on the way to the finding.
    pub is_call: bool,
}

/// What becomes async together, why, and what it takes.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The functions.
    pub functions: Vec<Converted>,
    /// What it takes.
    pub cost: Cost,
}

/// A function that becomes async.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// That it does, and where it stands.
    pub becomes: Reason,
    /// Why, from place to place down to a future that is driven today: parts of one sentence.
    pub because: Vec<Reason>,
    /// What a caller can see of it.
    pub remarks: Vec<String>,
}

/// Edits that are taken whole or not at all.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its number, from 1.
    pub id: usize,
    /// The name of the codemod.
    pub codemod: &'static str,
    /// How far it may be trusted.
    pub safety: Safety,
    /// The round that it was made in, from 1; offsets are into the text of that round.
    pub round: usize,
    /// The changes whose text it edits, or rests on.
    pub depends_on: BTreeSet<usize>,
    /// Whether it is part of this run's result.
    pub selected: bool,
    /// Its edits, sorted by file and place.
    pub edits: Vec<(PathBuf, Replacement)>,
}

/// A file that the selected changes edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// The edition of its package.
    pub edition: Edition,
    /// Whether it is not there yet; then it was empty.
    pub is_new: bool,
    /// What it was.
    pub before: Source,
    /// Its text afterwards, without a byte order mark.
    pub after: String,
    /// The edits that lead from one to the other.
    pub edits: Vec<Replacement>,
}

impl ChangedFile {
    /// Gives it another text, and the edits that lead there.
    pub fn becomes(&mut self, after: String) {
        self.edits = edits_between(&self.before.text, &after);
        self.after = after;
    }
}

/// The edits that turn a text into another, line by line.
fn edits_between(old: &str, new: &str) -> Vec<Replacement> {
    let parts = Alignment::new(old, new).into_parts();
    let different = parts.into_iter().filter(|(_, _, equal)| !equal);
    different
        .map(|(from, to, _)| Replacement {
            start: from.start,
            end: from.end,
            replacement: new[to].to_owned(),
        })
        .collect()
}

/// A defect of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// The file that was looked at.
    pub path: PathBuf,
    /// The codemod that looked.
    pub codemod: &'static str,
    /// What went wrong.
    pub message: String,
}

impl Outcome {
    /// How many findings there are in each state.
    pub fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts: BTreeMap<State, usize> =
            State::ALL.into_iter().map(|state| (state, 0)).collect();
        for finding in &self.findings {
            *counts.entry(finding.state).or_default() += 1;
        }
        counts
    }

    /// How many findings are in a state.
    pub fn count(&self, state: State) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    }

    /// The number of the last change, 0 if there is none. Numbers grow, and may have holes.
    pub fn last_change(&self) -> usize {
        self.changes.last().map_or(0, |change| change.id)
    }

    /// Takes away the changes that no finding has any more.
    pub fn drop_unasked_changes(&mut self) {
        let findings = self.findings.iter();
        let asked: HashSet<usize> = findings.filter_map(|it| it.change).collect();
        self.changes.retain(|change| asked.contains(&change.id));
    }

    /// The member that a file belongs to.
    pub fn package_of(&self, path: &Path) -> Option<&Package> {
        let holds = |package: &&Package| path.starts_with(&package.folder);
        let packages = self.packages.iter().filter(holds);
        packages.max_by_key(|package| package.folder.components().count())
    }

    /// The edition that a file is written in.
    pub fn edition_of(&self, path: &Path) -> Edition {
        let package = self.package_of(path);
        package.map_or(Edition::CURRENT, |package| package.facts.edition)
    }

    /// A path as it is shown: relative to the root, with `/`.
    pub fn shown(&self, path: &Path) -> String {
        relative(path, &self.root)
    }
}

/// A path relative to a folder, with `/`; with `..` where it lies outside.
pub fn relative(path: &Path, folder: &Path) -> String {
    let (path_parts, folder_parts) = (parts(path), parts(folder));
    let common = path_parts
        .iter()
        .zip(&folder_parts)
        .take_while(|(a, b)| a == b)
        .count();
    if common == 0 {
        return path.display().to_string();
    }
    let up = folder_parts[common..].iter().map(|_| "..".into());
    let down = path_parts[common..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn parts(path: &Path) -> Vec<Component<'_>> {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_a_folder() {
        let shown = |path: &str| relative(Path::new(path), Path::new("/w/crate"));
        assert_eq!(shown("/w/crate/src/a.rs"), "src/a.rs");
        assert_eq!(shown("/w/other/a.rs"), "../other/a.rs");
        assert_eq!(shown(""), "");
    }
}
