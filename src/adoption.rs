//! What a team that has findings asks for: to record them, to record fewer, or to allow them.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use unpark_codemods::refusal::RefusalKind;

use crate::{
    baseline::{self, Baseline, Entry},
    config::Config,
    options::Options,
    outcome::{Finding, Outcome, State, relative},
    suppress::{self, Reason},
};

/// What is done about all findings of a run, in the place of changing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopt {
    /// `--write-baseline`
    WriteBaseline,
    /// `--update-baseline`. Changes are made as ever.
    UpdateBaseline,
    /// `--add-allow`, with the reason.
    Allow(Reason),
}

impl Adopt {
    /// Whether the changes of a run are made.
    pub fn takes_changes(&self) -> bool {
        *self == Adopt::UpdateBaseline
    }

    /// Whether the baseline is written.
    pub fn writes_baseline(&self) -> bool {
        matches!(self, Adopt::WriteBaseline | Adopt::UpdateBaseline)
    }
}

/// What the files of a workspace say of a run.
#[derive(Debug)]
pub struct Ours {
    /// `unpark.toml`
    pub config: Config,
    /// `unpark.baseline.json`
    pub baseline: Option<Baseline>,
}

impl Ours {
    /// Reads what there is in the folder of a workspace.
    ///
    /// # Errors
    /// If something can't be read; but a baseline that is ignored, or written anew, need not.
    pub fn load(root: &Path, options: &Options) -> Result<Ours> {
        let config = Config::load(root)?;
        let baseline = match Baseline::load(root) {
            _ if options.ignore_baseline => None,
            Err(_) if options.adopt == Some(Adopt::WriteBaseline) => None,
            read => read?,
        };
        Ok(Ours { config, baseline })
    }
}

/// What was looked at in a workspace.
#[derive(Debug)]
pub struct Seen {
    /// The files with something to look at that have types.
    opened: HashSet<PathBuf>,
    /// Whether nothing ended a look before its end, or made it less precise.
    is_whole: bool,
    skipped: usize,
    defects: usize,
}

impl Seen {
    /// Nothing, because there is nothing to look at.
    pub fn nothing(outcome: &Outcome) -> Seen {
        Seen {
            opened: HashSet::new(),
            is_whole: outcome.degraded.is_empty(),
            skipped: outcome.skipped.len(),
            defects: outcome.defects.len(),
        }
    }

    /// These files, which came to what the outcome has now.
    pub fn and(self, opened: HashSet<PathBuf>, outcome: &Outcome) -> Seen {
        let is_whole = self.is_whole
            && outcome.skipped.len() == self.skipped
            && outcome.defects.len() == self.defects;
        Seen {
            opened,
            is_whole,
            ..self
        }
    }
}

/// What a run is about: what it has not found there is not there any more.
pub struct Scope<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// The folder of the workspace.
    pub root: &'a Path,
    /// Whether a codemod is on in a file.
    pub is_on: &'a dyn Fn(&str, &Path) -> bool,
    /// Whether a file was looked at, or needed no look, where these had types.
    pub is_seen: &'a dyn Fn(&Path, &HashSet<PathBuf>) -> bool,
}

impl Scope<'_> {
    fn has(&self, entry: &Entry, seen: &Seen, skipped: &HashSet<&PathBuf>) -> bool {
        let options = self.options;
        let path = self.root.join(&entry.path);
        let ran = match entry.codemod.as_str() {
            // What a comment allows may be of any of them.
            suppress::NAME => options.only.is_empty() && options.skip.is_empty(),
            "blocking-in-async" if options.fs.is_some() => false,
            name => (self.is_on)(name, &path),
        };
        let is_seen = || seen.is_whole && (self.is_seen)(&path, &seen.opened);
        ran && (!path.exists() || is_seen() && !skipped.contains(&path))
    }
}

/// Says what becomes of the baseline of a workspace, whose findings are those from `first` on. Where they
/// are recorded, they are in it from now on.
///
/// # Errors
/// If it is to be written, and there were no types to tell what is found.
pub fn settle(
    outcome: &mut Outcome,
    first: usize,
    baseline: Option<&Baseline>,
    seen: Option<&Seen>,
    scope: &Scope<'_>,
) -> Result<()> {
    let adopt = scope
        .options
        .adopt
        .as_ref()
        .filter(|it| it.writes_baseline());
    // There is nothing to update, and no reason to make a file.
    if adopt == Some(&Adopt::UpdateBaseline) && baseline.is_none() {
        return Ok(());
    }
    let seen = match seen {
        Some(seen) if baseline.is_some() || adopt.is_some() => seen,
        None if adopt.is_some() => bail!(
            "{} was left as it is: without types it is not known what is found\n\
             help: run `unpark` to see what is missing",
            baseline::FILE
        ),
        _ => return Ok(()),
    };
    let skipped: HashSet<&PathBuf> = outcome.skipped.iter().map(|it| &it.path).collect();
    let found = &outcome.findings[first..];
    let ids: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
    let none = Baseline::default();
    let old = baseline.unwrap_or(&none);
    let pairs = old.pairs(&ids);
    let paired: HashSet<&str> = pairs.values().map(|entry| entry.id.as_str()).collect();
    let unpaired = old
        .entries()
        .filter(|entry| !paired.contains(entry.id.as_str()));
    let (gone, kept): (Vec<&Entry>, Vec<&Entry>) =
        unpaired.partition(|entry| scope.has(entry, seen, &skipped));
    let is_open = |it: &&Finding| it.state != State::Suppressed;
    let is_paired = |it: &&Finding| pairs.contains_key(it.id.as_str());
    let is_typed = |it: &&Finding| {
        !skipped.contains(&it.path)
            && !matches!(&it.refusal, Some(refusal) if refusal.kind == RefusalKind::R10)
    };
    // What is found today says it in today's words.
    let entry = |finding: &Finding| Entry {
        path: relative(&finding.path, scope.root),
        codemod: finding.codemod.to_owned(),
        message: finding.message.clone(),
        id: finding.id.clone(),
    };
    let becomes = adopt.map(|adopt| {
        let writes = *adopt == Adopt::WriteBaseline;
        let today = found.iter().filter(is_open);
        let today = today.filter(|it| is_paired(it) || (writes && is_typed(it)));
        let kept = kept.into_iter().cloned();
        kept.chain(today.map(entry)).collect::<Baseline>()
    });
    let recorded = baseline.map_or(0, Baseline::len);
    // What a comment allows needs no baseline.
    let allowed = found.iter().filter(|it| is_paired(it) && !is_open(it));
    let gone = gone.len() + allowed.count();
    if let (Some(Adopt::WriteBaseline), Some(recorded)) = (adopt, &becomes) {
        mark(outcome, first, recorded);
    }
    outcome.baselines.push(baseline::Use {
        path: scope.root.join(baseline::FILE),
        recorded,
        gone,
        becomes,
    });
    Ok(())
}

/// What was recorded is in the baseline, and its changes are on offer no more.
fn mark(outcome: &mut Outcome, first: usize, recorded: &Baseline) {
    let found = outcome.findings[first..].iter_mut();
    for finding in found.filter(|it| recorded.holds(&it.id) && it.state != State::Suppressed) {
        finding.state = State::Baseline;
        finding.change = None;
    }
    outcome.drop_unasked_changes();
}
