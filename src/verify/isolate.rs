//! Which changes break the build or a test.
//!
//! Nothing is denied on suspicion: a change goes only when it was seen that what it needs fails
//! with it, and does not without.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Result, bail};

use super::{
    Verifier, bisect,
    blame::{Authors, Suspects},
    check::{Check, Leftover, Problem},
    compare::{Said as _, new_since},
    configuration::Configuration,
    mend::mend,
    mirror::Texts,
    texts,
};
use crate::{
    outcome::Outcome,
    replay::{self, closed, with_what_it_needs},
    source::Source,
};

/// What is worse than before.
#[derive(Debug)]
pub struct Broken {
    problems: Vec<Problem>,
    failure: Option<String>,
}

impl Broken {
    /// Whether a problem is among them, wherever it stands now. `None`: whether there is any.
    fn has(&self, problem: Option<&Problem>) -> bool {
        problem.is_none_or(|problem| self.problems.iter().any(|it| it.key() == problem.key()))
    }

    /// The compiler's words about a problem, or about the first one.
    pub fn words(&self, problem: Option<&Problem>) -> String {
        let same = |it: &&Problem| problem.is_some_and(|problem| it.key() == problem.key());
        let said = self.problems.iter().find(same).or(self.problems.first());
        match (said, &self.failure) {
            (Some(problem), _) => problem.rendered.clone(),
            (None, Some(words)) => words.clone(),
            (None, None) => "a crate that compiled before is not compiled any more".to_owned(),
        }
    }
}

/// Where a configuration leaves a result.
pub(super) enum Compiled {
    /// It compiles, and these files of the user's were read.
    Holds(BTreeSet<PathBuf>),
    /// These changes break it.
    Breaks(BTreeMap<usize, String>),
}

impl Verifier<'_> {
    /// Compiles with each configuration, and takes away what the changes left without a use.
    pub(super) fn compile(
        &mut self,
        configurations: &[Configuration],
        outcome: &mut Outcome,
        changes: &BTreeSet<usize>,
    ) -> Result<Compiled> {
        let unmended = outcome.files.clone();
        // What stands there then is a warning or, where that is denied, a problem.
        let mut mends = 3;
        let mut retries = 3;
        'again: loop {
            let mut texts = texts(outcome);
            let mut checks = Vec::new();
            for configuration in configurations {
                let mut check = self.check(configuration, &texts, "the changes")?;
                if !check.bypassed.is_empty() {
                    return Ok(Compiled::Breaks(unseen(outcome, changes, &check.bypassed)));
                }
                if mends == 0 {
                    check.blame_leftovers();
                }
                let authors = Authors::new(outcome, changes, &texts);
                let Some(broken) = self.broken(configuration, &check, &authors)? else {
                    checks.push(check);
                    continue;
                };
                let denied = self.isolate(configuration, outcome, &texts, changes, &broken)?;
                if !denied.is_empty() {
                    return Ok(Compiled::Breaks(denied));
                }
                if retries == 0 {
                    let words = broken.words(None);
                    bail!("the build fails now and then, whatever the changes:\n{words}");
                }
                retries -= 1;
                if outcome.files != unmended {
                    outcome.files.clone_from(&unmended);
                    mends = 0;
                }
                continue 'again;
            }
            let leftovers = self.leftovers(configurations, outcome, changes, &texts, &checks)?;
            if mends > 0 && mend(&mut texts, leftovers.iter()) {
                mends -= 1;
                let mut mended = BTreeSet::new();
                for file in &mut outcome.files {
                    let text = texts.remove(&file.path).and_then(Source::decode);
                    if let Some(text) = text.filter(|text| *text.text != *file.after) {
                        file.becomes(text.text.to_string());
                        mended.insert(file.path.clone());
                    }
                }
                self.rustfmt.format(outcome, |path| mended.contains(path));
            } else if mends > 0 && checks.iter().any(Check::waits) {
                mends = 0;
            } else {
                let read = checks.into_iter().flat_map(|check| check.read.into_keys());
                return Ok(Compiled::Holds(read.collect()));
            }
        }
    }

    /// What the changes left without a use, whatever the configuration.
    fn leftovers(
        &mut self,
        configurations: &[Configuration],
        outcome: &Outcome,
        changes: &BTreeSet<usize>,
        texts: &Texts,
        checks: &[Check],
    ) -> Result<Vec<Leftover>> {
        let authors = Authors::new(outcome, changes, texts);
        let mut leftovers = Vec::new();
        for (configuration, check) in configurations.iter().zip(checks) {
            let in_ours = |leftover: &&Leftover| {
                let mut edits = leftover.edits.iter();
                edits.all(|(path, _, _)| texts.contains_key(path))
            };
            let ours: Vec<Leftover> = check.leftovers.iter().filter(in_ours).cloned().collect();
            if ours.is_empty() {
                continue;
            }
            let before = &self.baseline(configuration)?.leftovers;
            let origin = |path: &_, range| authors.origin(path, range);
            leftovers.extend(new_since(&ours, before, origin).into_iter().cloned());
        }
        leftovers.retain(|leftover| checks.iter().all(|check| check.agrees(leftover)));
        Ok(leftovers)
    }

    /// What is worse than before. A check without any problem needs no baseline to compare with.
    pub(super) fn broken(
        &mut self,
        configuration: &Configuration,
        check: &Check,
        authors: &Authors<'_>,
    ) -> Result<Option<Broken>> {
        if check.is_clean() {
            return Ok(None);
        }
        let baseline = self.baseline(configuration)?;
        if let (true, Some(words)) = (baseline.problems.is_empty(), &baseline.failure) {
            bail!(
                "the workspace can't be compiled:\n{words}\nhelp: `--no-verify` does without \
                 compiling"
            );
        }
        let origin = |path: &_, range| authors.origin(path, range);
        let problems = new_since(&check.problems, &baseline.problems, origin);
        let whole = check.compiles_what(baseline);
        let broken = !problems.is_empty() || !whole && !check.waits();
        Ok(broken.then(|| Broken {
            problems: problems.into_iter().cloned().collect(),
            failure: check.failure.clone(),
        }))
    }

    /// The changes that break the build, with the compiler's words. None at all if it is not
    /// broken any more when it is tried again.
    ///
    /// # Errors
    /// If it is broken without the changes, too.
    pub(super) fn isolate(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        texts: &Texts,
        changes: &BTreeSet<usize>,
        broken: &Broken,
    ) -> Result<BTreeMap<usize, String>> {
        let authors = Authors::new(outcome, changes, texts);
        let mut tried: BTreeSet<usize> = BTreeSet::new();
        let mut denied = BTreeMap::new();
        let mut open: Option<(&Problem, BTreeSet<usize>)> = None;
        for problem in &broken.problems {
            let suspects = authors.suspects(problem);
            if let Suspects::Wrote(change) = suspects
                && (denied.contains_key(&change)
                    || tried.insert(change)
                        && self.breaks(configuration, outcome, change, problem, &mut denied)?)
            {
                continue;
            }
            let suspects = suspects.all();
            if open.as_ref().is_none_or(|(_, known)| known.is_empty()) {
                open = Some((problem, suspects));
            }
        }
        // The others may be gone with these.
        if !denied.is_empty() {
            return Ok(denied);
        }
        let (problem, suspects) = match open {
            Some((problem, suspects)) => (Some(problem), suspects),
            None => (None, BTreeSet::new()),
        };
        let innocent = changes.difference(&suspects).copied().collect();
        let mut background = closed(outcome, &innocent);
        let mut candidates: Vec<usize> = changes.difference(&background).copied().collect();
        // Without suspects this is the user's own text, tried again.
        let mut without = self.compile_some(configuration, outcome, &background)?;
        if fails(&without, problem) && !background.is_empty() {
            candidates = background.iter().copied().collect();
            background.clear();
            without = self.compile_some(configuration, outcome, &background)?;
        }
        if let Some(without) = without.filter(|it| it.has(problem)) {
            let words = without.words(problem);
            bail!(
                "the workspace compiled before, and now does not without a change, either:\n\
                 {words}\nhelp: something beside unpark has changed, or a build script fails now \
                 and then"
            );
        }
        let mut words = broken.words(problem);
        let culprit = culprit(outcome, &background, candidates, |kept| {
            let broken = self.compile_some(configuration, outcome, kept)?;
            let broken = broken.filter(|it| it.has(problem));
            if let Some(broken) = &broken {
                words = broken.words(problem);
            }
            Ok(broken.is_some())
        })?;
        Ok(culprit.map(|it| (it, words)).into_iter().collect())
    }

    /// The change with which a test fails that passed before, with the words of the test.
    pub(super) fn lose_tests(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        changes: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, String>> {
        let everything = BTreeSet::new();
        let before = self.suite(configuration)?.clone();
        let now = self.test(configuration, &texts(outcome), &everything)?;
        let lost = now.lost_since(&before);
        if lost.is_empty() {
            return Ok(BTreeMap::new());
        }
        // A test that passes when it is run again says nothing about the changes.
        let again = self.test(configuration, &texts(outcome), &now.targets)?;
        let Some(wanted) = lost.iter().find(|test| again.lacks(test)) else {
            return Ok(BTreeMap::new());
        };
        let mut words = again.words_of(wanted);
        let candidates = changes.iter().copied().collect();
        let culprit = culprit(outcome, &BTreeSet::new(), candidates, |kept| {
            let texts = replay::only(outcome, kept);
            let suite = self.test(configuration, &texts, &again.targets)?;
            let fails = suite.lacks(wanted);
            if fails {
                words = suite.words_of(wanted);
            }
            Ok(fails)
        })?;
        Ok(culprit.map(|it| (it, words)).into_iter().collect())
    }

    /// Whether a change alone, with what it needs, breaks the build; then it is denied.
    fn breaks(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        change: usize,
        problem: &Problem,
        denied: &mut BTreeMap<usize, String>,
    ) -> Result<bool> {
        let mut kept = with_what_it_needs(outcome, change);
        let with = self.compile_some(configuration, outcome, &kept)?;
        let Some(with) = with.filter(|it| it.has(Some(problem))) else {
            return Ok(false);
        };
        kept.remove(&change);
        if !kept.is_empty() {
            let without = self.compile_some(configuration, outcome, &kept)?;
            if fails(&without, Some(problem)) {
                return Ok(false);
            }
        }
        denied.insert(change, with.words(Some(problem)));
        Ok(true)
    }

    /// What is broken with these changes alone.
    fn compile_some(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        kept: &BTreeSet<usize>,
    ) -> Result<Option<Broken>> {
        let mut texts = replay::only(outcome, kept);
        let what = format!("{} of the changes", kept.len());
        let mut check = self.check(configuration, &texts, &what)?;
        let mut authors = Authors::new(outcome, kept, &texts);
        // A leftover of these changes would hide what they break further on.
        let denied = check.leftovers.iter().filter(|it| it.problem.is_some());
        if mend(&mut texts, denied) {
            check = self.check(configuration, &texts, &what)?;
            authors = Authors::new(outcome, kept, &texts);
        }
        check.blame_leftovers();
        self.broken(configuration, &check, &authors)
    }
}

/// The changes in files that a crate was compiled without, with what to do about it.
fn unseen(
    outcome: &Outcome,
    changes: &BTreeSet<usize>,
    bypassed: &BTreeSet<PathBuf>,
) -> BTreeMap<usize, String> {
    let changes = outcome.changes.iter().filter(|it| changes.contains(&it.id));
    let unseen = changes.filter_map(|change| {
        let mut files = change.edits.iter().map(|(path, _)| path);
        let file = outcome.shown(files.find(|path| bypassed.contains(*path))?);
        let words = format!(
            "the compiler can't be shown it: {file} is read by its absolute path, as `include!` \
             does with `CARGO_MANIFEST_DIR`\nhelp: `--verify=in-place` compiles in your own \
             files, under the journal"
        );
        Some((change.id, words))
    });
    unseen.collect()
}

fn fails(broken: &Option<Broken>, problem: Option<&Problem>) -> bool {
    broken.as_ref().is_some_and(|broken| broken.has(problem))
}

/// The change with which something fails. `background` does not fail, and with all candidates it
/// did; `None` if it does not when it is tried again. Where several fail only together, the last.
pub fn culprit(
    outcome: &Outcome,
    background: &BTreeSet<usize>,
    mut candidates: Vec<usize>,
    mut fails: impl FnMut(&BTreeSet<usize>) -> Result<bool>,
) -> Result<Option<usize>> {
    let with = |part: &[usize]| -> BTreeSet<usize> {
        let needed = part.iter().flat_map(|it| with_what_it_needs(outcome, *it));
        needed.chain(background.iter().copied()).collect()
    };
    loop {
        let minimal = bisect::minimal(&candidates, |part| fails(&with(part)))?;
        let Some(last) = minimal.last() else {
            return Ok(None);
        };
        let mut kept = with(&minimal);
        if minimal.len() == candidates.len() && !fails(&kept)? {
            return Ok(None);
        }
        kept.remove(last);
        let needed: Vec<usize> = kept.difference(background).copied().collect();
        // It may be what it needs that fails.
        if needed.is_empty() || !fails(&kept)? {
            return Ok(Some(*last));
        }
        candidates = needed;
    }
}
