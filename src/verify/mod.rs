//! Has the user's own compiler accept the changes before anybody relies on them.
//!
//! Cargo runs in the real workspace, over a [`mirror`] of it. What is new in what the compiler says
//! is led back to changes ([`blame`], then [`bisect`]); those are denied, and the run is done again
//! without them.

mod bisect;
mod blame;
mod check;
mod configuration;
mod mend;
mod mirror;
mod suite;
pub mod wrapper;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};

use self::{
    blame::{Authors, Suspects},
    check::{Caller, Check, Problem},
    configuration::{Configuration, configurations},
    mirror::{Mirror, Texts},
    suite::{Suite, Test},
};
use crate::{
    cargo::Project,
    format::Rustfmt,
    options::{Options, VerifyOptions},
    outcome::{Change, Outcome},
    progress::Progress,
    replay,
};

/// What the compiler makes of a result.
#[derive(Debug)]
pub enum Judgement {
    /// It compiles as before.
    Holds {
        /// Changes in files that no configuration compiled.
        unread: BTreeSet<usize>,
    },
    /// These changes break it, each with the compiler's words.
    Breaks(BTreeMap<usize, String>),
}

/// Compiles the results of one workspace.
pub struct Verifier<'a> {
    project: &'a Project,
    options: &'a Options,
    verify: &'a VerifyOptions,
    rustfmt: &'a Rustfmt,
    progress: &'a Progress,
    mirror: Mirror,
    target_folder: Option<PathBuf>,
    /// What the user's own files come to, by configuration.
    baselines: BTreeMap<Configuration, Check>,
    /// What their tests come to.
    suites: BTreeMap<Configuration, Suite>,
    /// How often the workspace was compiled, baselines included.
    pub checks: usize,
    /// The configurations that were compiled, in words.
    pub configurations: BTreeSet<String>,
    // Held until the end: two runs must not share a mirror.
    _lock: File,
}

impl<'a> Verifier<'a> {
    /// Prepares the mirror of a workspace; waits for another run that uses it.
    ///
    /// # Errors
    /// If the folder of the mirror can't be written.
    pub fn new(
        project: &'a Project,
        options: &'a Options,
        verify: &'a VerifyOptions,
        rustfmt: &'a Rustfmt,
        progress: &'a Progress,
    ) -> Result<Verifier<'a>> {
        let folder = project.target_folder.join("unpark");
        let mirror = Mirror::new(folder.join("mirror"))?;
        let lock = lock(&folder, progress)?;
        Ok(Verifier {
            project,
            options,
            verify,
            rustfmt,
            progress,
            mirror,
            target_folder: None,
            baselines: BTreeMap::new(),
            suites: BTreeMap::new(),
            checks: 0,
            configurations: BTreeSet::new(),
            _lock: lock,
        })
    }

    /// Compiles a result of the workspace, whose changes are those behind `first`, and takes away what the changes left without a use.
    ///
    /// # Errors
    /// If cargo can't be run, or fails for another reason than the code.
    pub fn judge(&mut self, outcome: &mut Outcome, first: usize) -> Result<Judgement> {
        let selected = outcome.changes.iter().filter(|change| change.selected);
        let changes: Vec<&Change> = selected.filter(|change| change.id > first).collect();
        let files: BTreeSet<PathBuf> = changes
            .iter()
            .flat_map(|change| change.edits.iter().map(|(path, _)| path.clone()))
            .collect();
        let changes: Vec<usize> = changes.into_iter().map(|change| change.id).collect();
        if changes.is_empty() {
            let unread = BTreeSet::new();
            return Ok(Judgement::Holds { unread });
        }
        let configurations = configurations(
            self.project,
            files.iter().map(PathBuf::as_path),
            self.verify.features,
            &self.options.cargo,
        );
        let mut read = BTreeSet::new();
        let mut mended = false;
        for configuration in &configurations {
            let check = self.check(configuration, &texts(outcome), "the changes")?;
            if let Some(broken) = self.broken(configuration, &check)? {
                return Ok(Judgement::Breaks(self.isolate(
                    configuration,
                    outcome,
                    &changes,
                    &broken,
                )?));
            }
            mended |= self.mend(configuration, outcome, &check)?;
            read.extend(check.read);
        }
        if mended {
            self.rustfmt.format(outcome, |path| files.contains(path));
            // What is written is what was compiled: the mended text has to pass as well.
            for configuration in &configurations {
                let check = self.check(configuration, &texts(outcome), "what was tidied up")?;
                if let Some(broken) = self.broken(configuration, &check)? {
                    let words = broken.words();
                    bail!("what was left without a use could not be taken away:\n{words}");
                }
            }
        }
        if self.verify.tests {
            for configuration in &configurations {
                let lost = self.lose_tests(configuration, outcome, &changes)?;
                if !lost.is_empty() {
                    return Ok(Judgement::Breaks(lost));
                }
            }
        }
        let unread = outcome.changes.iter().filter(|change| {
            let mut files = change.edits.iter();
            changes.contains(&change.id) && files.any(|(path, _)| !read.contains(path))
        });
        Ok(Judgement::Holds {
            unread: unread.map(|change| change.id).collect(),
        })
    }

    fn check(&mut self, configuration: &Configuration, texts: &Texts, what: &str) -> Result<Check> {
        self.progress
            .say(&format!("compiling {what} with {}", configuration.name));
        self.show(texts)?;
        self.checks += 1;
        self.configurations.insert(configuration.name.clone());
        self.caller().check(configuration)
    }

    /// The changes with which a test fails that passed before, with the words of the test.
    fn lose_tests(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        changes: &[usize],
    ) -> Result<BTreeMap<usize, String>> {
        let everything = BTreeSet::new();
        if !self.suites.contains_key(configuration) {
            let suite = self.test(configuration, &Texts::new(), &everything)?;
            self.suites.insert(configuration.clone(), suite);
        }
        let before = self.suites[configuration].clone();
        let now = self.test(configuration, &texts(outcome), &everything)?;
        let lost = now.lost_since(&before);
        if lost.is_empty() {
            return Ok(BTreeMap::new());
        }
        // A test that passes when it is run again says nothing about the changes.
        let again = self.test(configuration, &texts(outcome), &now.targets)?;
        let lost: BTreeSet<Test> = lost.into_iter().filter(|test| again.lacks(test)).collect();
        let Some(wanted) = lost.first() else {
            return Ok(BTreeMap::new());
        };
        let mut words = again.words_of(wanted);
        let targets = again.targets.difference(&before.targets).cloned().collect();
        let culprits = bisect::minimal(changes, |part| -> Result<bool> {
            let part = replay::closed(outcome, part);
            let suite = self.test(configuration, &replay::only(outcome, &part), &targets)?;
            let fails = suite.lacks(wanted);
            if fails {
                words = suite.words_of(wanted);
            }
            Ok(fails)
        })?;
        let last = culprits.last().context("a lost test without a change")?;
        Ok(BTreeMap::from([(*last, words)]))
    }

    fn test(
        &mut self,
        configuration: &Configuration,
        texts: &Texts,
        targets: &BTreeSet<String>,
    ) -> Result<Suite> {
        self.progress
            .say(&format!("running the tests with {}", configuration.name));
        self.show(texts)?;
        self.checks += 1;
        self.caller().test(configuration, targets)
    }

    fn show(&self, texts: &Texts) -> Result<()> {
        let packages = self.project.packages.iter();
        let mut folders: Vec<PathBuf> = packages.map(|package| package.folder.clone()).collect();
        folders.push(self.project.root.clone());
        self.mirror.show(&folders, texts)
    }

    fn caller(&self) -> Caller<'_> {
        Caller {
            root: &self.project.root,
            mirror: Some(&self.mirror),
            wrapper: &self.verify.wrapper,
            target_folder: self.target_folder.as_deref(),
        }
    }

    /// What the user's own files come to.
    fn baseline(&mut self, configuration: &Configuration) -> Result<&Check> {
        if !self.baselines.contains_key(configuration) {
            let check = self.check(configuration, &Texts::new(), "the workspace as it is")?;
            self.baselines.insert(configuration.clone(), check);
        }
        Ok(&self.baselines[configuration])
    }

    /// What is worse than before. A check without any problem needs no baseline to compare with.
    fn broken(&mut self, configuration: &Configuration, check: &Check) -> Result<Option<Broken>> {
        if check.problems.is_empty() && check.failure.is_none() {
            return Ok(None);
        }
        let baseline = self.baseline(configuration)?;
        if let Some(words) = &baseline.failure {
            bail!(
                "the workspace can't be compiled:\n{words}\nhelp: `--no-verify` does without \
                 compiling"
            );
        }
        let problems: Vec<Problem> = check.new_since(baseline).into_iter().cloned().collect();
        let whole = check.compiles_what(baseline);
        let broken = !problems.is_empty() || !whole;
        Ok(broken.then(|| Broken {
            problems,
            failure: check.failure.clone(),
        }))
    }

    /// The changes that break the build, with the compiler's words.
    fn isolate(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        changes: &[usize],
        broken: &Broken,
    ) -> Result<BTreeMap<usize, String>> {
        let authors = Authors::new(outcome);
        let mut denied = BTreeMap::new();
        let mut suspected: Option<(&Problem, BTreeSet<usize>)> = None;
        for problem in &broken.problems {
            let suspects = match authors.suspects(problem) {
                // Nobody else wrote where the problem stands.
                Suspects::Wrote(suspects) if suspects.len() == 1 => {
                    let change = suspects.into_iter().next();
                    denied.extend(change.map(|change| (change, problem.rendered.clone())));
                    continue;
                }
                Suspects::Wrote(suspects) | Suspects::Touch(suspects) => suspects,
                Suspects::Unknown => BTreeSet::new(),
            };
            let better = suspected.as_ref().is_none_or(|(_, known)| known.is_empty());
            if better {
                suspected = Some((problem, suspects));
            }
        }
        // The others may be gone with these.
        if !denied.is_empty() {
            return Ok(denied);
        }
        let mut candidates = changes.to_vec();
        if let Some((problem, suspects)) = &suspected
            && !suspects.is_empty()
        {
            let innocent = |change: &usize| !suspects.contains(change);
            let rest: Vec<usize> = changes.iter().copied().filter(innocent).collect();
            let rest = replay::closed(outcome, &rest);
            let without = self.fails(configuration, outcome, &rest)?;
            let gone = without.is_none_or(|broken| !broken.has(problem));
            if gone {
                candidates.retain(|change| suspects.contains(change));
            }
        }
        let mut words = broken.words();
        let wanted = suspected.map(|(problem, _)| problem);
        let culprits = bisect::minimal(&candidates, |part| -> Result<bool> {
            let part = replay::closed(outcome, part);
            let Some(broken) = self.fails(configuration, outcome, &part)? else {
                return Ok(false);
            };
            let fails = wanted.is_none_or(|problem| broken.has(problem));
            if fails {
                words = broken.words();
            }
            Ok(fails)
        })?;
        // Where several break it only together, the last goes.
        let last = culprits.last().context("a break without a change")?;
        Ok(BTreeMap::from([(*last, words)]))
    }

    /// What is broken with these changes alone.
    fn fails(
        &mut self,
        configuration: &Configuration,
        outcome: &Outcome,
        kept: &BTreeSet<usize>,
    ) -> Result<Option<Broken>> {
        let texts = replay::only(outcome, kept);
        let what = format!("{} of the changes", kept.len());
        let check = self.check(configuration, &texts, &what)?;
        self.broken(configuration, &check)
    }

    /// Takes away what changes left without a use, where the compiler says how. Whether anything
    /// was.
    fn mend(
        &mut self,
        configuration: &Configuration,
        outcome: &mut Outcome,
        check: &Check,
    ) -> Result<bool> {
        let is_ours = |path: &PathBuf| outcome.files.iter().any(|file| file.path == *path);
        let of_ours = |check: &Check| {
            let leftovers = check.leftovers.iter().filter(|leftover| {
                let mut edits = leftover.edits.iter();
                edits.all(|(path, _, _)| is_ours(path))
            });
            leftovers.cloned().collect::<Vec<_>>()
        };
        let leftovers = of_ours(check);
        if leftovers.is_empty() {
            return Ok(false);
        }
        let before = of_ours(self.baseline(configuration)?);
        Ok(mend::mend(outcome, &before, leftovers))
    }
}

/// What is worse than before.
#[derive(Debug)]
struct Broken {
    problems: Vec<Problem>,
    failure: Option<String>,
}

impl Broken {
    /// Whether a problem is among them, wherever it stands now.
    fn has(&self, problem: &Problem) -> bool {
        self.problems.iter().any(|it| it.key() == problem.key())
    }

    fn words(&self) -> String {
        let problems = self.problems.iter().map(|problem| &problem.rendered);
        let first = problems.chain(&self.failure).next();
        first
            .cloned()
            .unwrap_or_else(|| "a crate that compiled before is not compiled any more".to_owned())
    }
}

/// The bytes of the changed files.
fn texts(outcome: &Outcome) -> Texts {
    let files = outcome.files.iter();
    files
        .map(|file| (file.path.clone(), file.before.encode(&file.after)))
        .collect()
}

/// One mirror serves one run at a time.
fn lock(folder: &std::path::Path, progress: &Progress) -> Result<File> {
    let path = folder.join("verify.lock");
    let file = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        progress.note("waiting for another run of unpark that compiles this workspace");
        file.lock()
            .with_context(|| format!("can't lock {}", path.display()))?;
    }
    Ok(file)
}
