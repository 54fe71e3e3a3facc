//! Has the user's own compiler accept the changes before anybody relies on them.
//!
//! Cargo runs in the real workspace, over a [`mirror`] of it. What is new in what the compiler says
//! is led back to changes ([`blame`], then [`bisect`]); those are denied, and the run is done again
//! without them.

mod baseline;
mod bisect;
mod blame;
mod caller;
mod check;
mod clock;
mod compare;
mod configuration;
mod isolate;
mod links;
mod manifests;
mod mend;
mod mirror;
mod space;
pub mod suite;
mod tools;
pub mod wrapper;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::Result;

use self::{
    caller::Caller,
    check::Check,
    configuration::{Configuration, configurations},
    isolate::Compiled,
    manifests::is_manifest,
    mirror::{Mirror, Texts},
    space::Space,
    suite::Suite,
};
use crate::{
    cargo::Project,
    commit::{Home, Trial},
    format::Rustfmt,
    options::{Options, VerifyOptions},
    outcome::{Change, Outcome},
    progress::Progress,
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

/// Where the texts are compiled.
enum Place {
    /// In a mirror of the workspace.
    Mirror(Mirror),
    /// In the workspace itself, under this journal.
    User(Home),
}

/// Compiles the results of one workspace.
pub struct Verifier<'a> {
    project: &'a Project,
    options: &'a Options,
    verify: &'a VerifyOptions,
    rustfmt: &'a Rustfmt,
    progress: &'a Progress,
    place: Place,
    /// What the user's own files come to, by configuration.
    baselines: BTreeMap<Configuration, Check>,
    /// What their tests come to.
    suites: BTreeMap<Configuration, Suite>,
    /// How often the workspace was compiled, baselines included.
    pub checks: usize,
    /// The configurations that were compiled, in words.
    pub configurations: BTreeSet<String>,
    space: Space,
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
        let space = Space::of(project, progress)?;
        let place = match verify.in_place {
            true => Place::User(Home::of(project)),
            false => Place::Mirror(Mirror::new(space.folder.join("mirror"))?),
        };
        Ok(Verifier {
            project,
            options,
            verify,
            rustfmt,
            progress,
            place,
            baselines: BTreeMap::new(),
            suites: BTreeMap::new(),
            checks: 0,
            configurations: BTreeSet::new(),
            space,
        })
    }

    /// Compiles a result of the workspace, whose changes are those behind `first`, and takes away
    /// what the changes left without a use.
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
        let changes: BTreeSet<usize> = changes.into_iter().map(|change| change.id).collect();
        if changes.is_empty() {
            let unread = BTreeSet::new();
            return Ok(Judgement::Holds { unread });
        }
        let ways = links::all_ways(self.project, files.iter());
        let configurations = configurations(
            self.project,
            ways.iter().map(PathBuf::as_path),
            self.verify.features,
            &self.options.cargo,
        );
        let read = match self.compile(&configurations, outcome, &changes)? {
            Compiled::Holds(read) => read,
            Compiled::Breaks(denied) => return Ok(Judgement::Breaks(denied)),
        };
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
            changes.contains(&change.id)
                && files.any(|(path, _)| !is_manifest(path) && !read.contains(path))
        });
        Ok(Judgement::Holds {
            unread: unread.map(|change| change.id).collect(),
        })
    }

    fn check(&mut self, configuration: &Configuration, texts: &Texts, what: &str) -> Result<Check> {
        self.progress
            .say(&format!("compiling {what} with {}", configuration.name));
        self.checks += 1;
        self.configurations.insert(configuration.name.clone());
        self.with(texts, |caller| caller.check(configuration))
    }

    fn test(
        &mut self,
        configuration: &Configuration,
        texts: &Texts,
        targets: &BTreeSet<String>,
    ) -> Result<Suite> {
        self.progress
            .say(&format!("running the tests with {}", configuration.name));
        self.checks += 1;
        self.with(texts, |caller| caller.test(configuration, targets))
    }

    /// Calls cargo while these texts stand in the place of the user's own.
    fn with<T>(&self, texts: &Texts, call: impl FnOnce(&Caller<'_>) -> Result<T>) -> Result<T> {
        match &self.place {
            Place::Mirror(mirror) => {
                let packages = self.project.packages.iter();
                let mut folders: Vec<PathBuf> =
                    packages.map(|package| package.folder.clone()).collect();
                folders.push(self.project.root.clone());
                mirror.show(&folders, texts)?;
                let answer = call(&self.caller(Some(mirror), texts));
                mirror.clock().note()?;
                answer
            }
            Place::User(home) => {
                let mut texts = Cow::Borrowed(texts);
                let lock = self.project.root.join("Cargo.lock");
                if texts.keys().any(|path| is_manifest(path))
                    && let Ok(bytes) = fs::read(&lock)
                {
                    // Cargo may write it for another manifest.
                    texts.to_mut().insert(lock, bytes);
                }
                let texts = &*texts;
                let trial = Trial::begin(home, texts)?;
                let answer = call(&self.caller(None, texts));
                trial.end()?;
                answer
            }
        }
    }

    fn caller<'c>(&'c self, mirror: Option<&'c Mirror>, texts: &'c Texts) -> Caller<'c> {
        Caller {
            root: &self.project.root,
            of_manifests: manifests::flags(self.project, texts),
            mirror,
            texts,
            target: self.space.target.as_deref(),
            wrapper: &self.verify.wrapper,
        }
    }
}

/// The bytes of the changed files.
fn texts(outcome: &Outcome) -> Texts {
    let files = outcome.files.iter();
    files
        .map(|file| (file.path.clone(), file.before.encode(&file.after)))
        .collect()
}
