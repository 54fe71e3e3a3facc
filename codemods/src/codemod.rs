//! The interface of a codemod. Read this file first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;
use serde::Serialize;

use crate::{
    change::Change,
    context::FileContext,
    knowledge::Knowledge,
    outline::{Outline, Tokens},
    refusal::Refusal,
    workspace::WorkspaceContext,
};

/// One thing that unpark finds and rewrites.
///
/// Declared as a `const` in a file of its own; the `//!` header of that file is the manual page.
pub struct Codemod {
    /// The one name of it: file, folder of fixtures, command line, configuration.
    pub name: &'static str,
    /// One line for `unpark list`.
    pub summary: &'static str,
    /// What its changes do, as an order: the title of a commit. `None` where it only reports.
    pub title: Option<&'static str>,
    /// Its own file; see [`Codemod::manual`].
    pub docs: &'static str,
    /// The best that any of its changes may claim.
    pub safety: Safety,
    /// It runs only where `--only` names it.
    pub opt_in: bool,
    /// Words of which a file holds at least one if it can match at all (bytes, before parsing).
    pub triggers: fn(&Knowledge) -> Vec<String>,
    /// Whether the tokens of a file leave room for a match. A file without needs no tree.
    pub tokens: fn(&Tokens<'_>) -> bool,
    /// Places that may match, on the tree alone. A file without one needs no types.
    pub candidates: fn(&Outline<'_>, &Knowledge) -> Vec<Candidate>,
    /// Finds and decides, with types.
    pub pass: Pass,
}

impl Codemod {
    /// The manual page: the header of the codemod's file, as text.
    pub fn manual(&self) -> String {
        let mut manual = String::new();
        for line in self.docs.lines().map_while(|line| line.strip_prefix("//!")) {
            manual.push_str(line.strip_prefix(' ').unwrap_or(line));
            manual.push('\n');
        }
        manual
    }
}

impl fmt::Debug for Codemod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codemod")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a codemod looks at.
pub enum Pass {
    /// One file at a time, with types; files are independent and run in parallel.
    File(fn(&FileContext<'_>, &mut Findings)),
    /// The whole workspace: what it says of one file may rest on the others.
    Workspace(fn(&WorkspaceContext<'_>, &mut Findings)),
}

/// A place that may match, judged without types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The call, in the file.
    pub range: TextRange,
    /// The path in `knowledge/` that the callee spells through the `use` items of its file;
    /// `None` where only types can tell (methods, globs, macro arguments).
    pub path: Option<String>,
}

/// How far a change may be trusted. Ordered: helpers may only lower it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Reported with the way to do it, never edited.
    Manual,
    /// May change what a caller can see; the effects are named.
    Unsafe,
    /// Compiles, keeps the comments, and behaves the same but for the defect that it mends.
    Safe,
}

impl Safety {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Safety::Manual => "manual",
            Safety::Unsafe => "unsafe",
            Safety::Safe => "safe",
        }
    }
}

/// What changes at run time where an offload or a task goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// A panic unwinds into the caller instead of ending as a `JoinError`.
    Panic,
    /// The work stops where the caller's future is dropped.
    Cancellation,
    /// The work runs inside the caller's tracing span.
    Span,
    /// The work sees the caller's task-locals.
    TaskLocal,
    /// The work runs on another thread than before.
    Thread,
    /// Things happen in another order than before.
    Ordering,
    /// Something starts or ends earlier or later than before.
    Timing,
}

impl Effect {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Panic => "panic",
            Effect::Cancellation => "cancellation",
            Effect::Span => "span",
            Effect::TaskLocal => "task-local",
            Effect::Thread => "thread",
            Effect::Ordering => "ordering",
            Effect::Timing => "timing",
        }
    }
}

/// One place that a codemod has something to say about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The name of the codemod.
    pub codemod: &'static str,
    /// The file of the place.
    pub file: FileId,
    /// The place, in the text of this round.
    pub range: TextRange,
    /// What is wrong here, one sentence without a full stop.
    pub message: String,
    /// What the verdict rests on.
    pub why: Vec<Note>,
    /// What becomes async with it.
    pub conversion: Option<Conversion>,
    /// What is done about it.
    pub verdict: Verdict,
}

impl Finding {
    /// Every place that is spoken of.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut (FileId, TextRange)> {
        let functions = self.conversion.iter_mut().flat_map(|it| &mut it.functions);
        let converted = functions.flat_map(|function| {
            let because = function.because.iter_mut();
            because
                .filter_map(|note| note.place.as_mut())
                .chain([&mut function.place])
        });
        let notes = self.why.iter_mut().filter_map(|note| note.place.as_mut());
        notes.chain(converted)
    }
}

/// What becomes async together, why, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The functions.
    pub functions: Vec<Converted>,
    /// What it takes.
    pub cost: Cost,
}

/// How large a conversion is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// How many files change.
    pub files: usize,
    /// How many packages the functions are in.
    pub packages: usize,
    /// How many signatures change that other crates can see.
    pub public_signatures: usize,
    /// How many of them stay as they are, over an async function.
    pub kept_signatures: usize,
    /// How many calls are awaited.
    pub calls_awaited: usize,
    /// How many calls drive the future themselves.
    pub calls_driven: usize,
}

/// A function that becomes async.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// Where its name stands.
    pub place: (FileId, TextRange),
    /// That it does, and how, in words.
    pub becomes: String,
    /// Why, from place to place down to a future that is driven today: parts of one sentence.
    pub because: Vec<Note>,
    /// What a caller can see of it.
    pub remarks: Vec<String>,
}

/// A sentence, and the place it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The place, if the sentence is about one in the workspace.
    pub place: Option<(FileId, TextRange)>,
    /// One sentence without a full stop.
    pub message: String,
    /// Whether it is a call on the way to the finding.
    pub is_call: bool,
}

impl Note {
    /// A note about no place in particular.
    pub fn new(message: impl Into<String>) -> Note {
        Note::at(None, message)
    }

    /// A note about a place, if there is one.
    pub fn at(place: Option<(FileId, TextRange)>, message: impl Into<String>) -> Note {
        Note {
            place,
            message: message.into(),
            is_call: false,
        }
    }

    /// A call on the way to a finding.
    pub fn call(place: (FileId, TextRange), caller: &str, callee: &str) -> Note {
        Note {
            is_call: true,
            ..Note::at(Some(place), format!("`{caller}` calls `{callee}`"))
        }
    }
}

/// What is done about a finding. A codemod has one exit for yes, and every no has its reason.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It can be rewritten.
    Rewrite {
        /// How far the change may be trusted.
        safety: Safety,
        /// The edits, whole or not at all.
        change: Change,
        /// What changes at run time.
        effects: Vec<Effect>,
    },
    /// A person has to do it; the text says how.
    Manual(String),
    /// Left alone, with the reason.
    Refused(Refusal),
}

/// The reason that is counted for places in tests, unless they are wanted.
pub const IN_TESTS: &str = "in tests (--include-tests)";

/// Where a codemod puts what it found.
#[derive(Debug, Default)]
pub struct Findings {
    /// In the order they were found.
    pub items: Vec<Finding>,
    /// Places that are fine as they are, counted by the reason.
    pub quiet: BTreeMap<&'static str, usize>,
    /// The paths of the functions that change together, or that something keeps from it.
    pub roots: BTreeSet<Vec<String>>,
}

impl Findings {
    /// Counts a place that is fine as it is, under the reason that the summary shows.
    pub fn quiet(&mut self, reason: &'static str) {
        *self.quiet.entry(reason).or_default() += 1;
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, others: Findings) {
        self.items.extend(others.items);
        for (reason, count) in others.quiet {
            *self.quiet.entry(reason).or_default() += count;
        }
        self.roots.extend(others.roots);
    }
}
