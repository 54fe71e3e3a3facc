//! `--commit`: what was written as commits of the user's git, one for each codemod or root.
//!
//! The files have the result already. What each commit holds is put into the index without them,
//! from texts that the rounds are replayed to, so that the working tree is whole at any moment.

mod git;
mod message;
pub mod steps;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::{git::Git, message::Message};
use crate::{outcome::Outcome, report::failure::Failure, vcs};

/// The repository that gets the commits.
#[derive(Debug)]
pub struct History {
    git: Git,
}

/// The commits that were made.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Them, in their order.
    pub commits: Vec<Commit>,
    /// What was checked out before.
    pub base: String,
    /// Why the others were not made.
    pub failure: Option<Failure>,
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Its first line.
    pub title: String,
}

/// As much of an id as people read.
pub fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

impl History {
    /// The repository of these folders, if commits can be made in it.
    ///
    /// # Errors
    /// If there is none, or several, if something else would become a part of the first commit, or
    /// if git does not know who commits.
    pub fn open(folders: &[PathBuf]) -> Result<History> {
        let mut repositories = Vec::new();
        for folder in folders {
            let repository = vcs::repository(folder).filter(|it| it.join(".git").exists());
            let Some(repository) = repository else {
                bail!(
                    "`--commit` needs a git repository, and {} is in none\nhelp: `git init` makes \
                     one; without `--commit` the changes are only written",
                    folder.display()
                );
            };
            if !repositories.contains(&repository) {
                repositories.push(repository);
            }
        }
        let [repository] = repositories.as_slice() else {
            let all: Vec<String> = repositories
                .iter()
                .map(|it| it.display().to_string())
                .collect();
            bail!(
                "`--commit` is for one repository, and these paths are in several: {}\nhelp: name \
                 the paths of one",
                all.join(", ")
            );
        };
        let git = Git::new(repository)?;
        git.is_ready()?;
        Ok(History { git })
    }

    /// Whether the files that are to be written are in the repository as they were analysed: what
    /// somebody else changed in them would become a part of the commits.
    ///
    /// # Errors
    /// If one of them is not; nothing was written.
    pub fn can_take(&self, outcome: &Outcome) -> Result<()> {
        let paths: Vec<PathBuf> = outcome.files.iter().map(|it| it.path.clone()).collect();
        self.git.has(&paths)
    }

    /// Makes the commits of what was written, which is at least one file.
    pub fn record(&self, outcome: &Outcome) -> Recorded {
        let mut recorded = Recorded::default();
        if let Err(error) = self.add_to(&mut recorded, outcome) {
            recorded.failure = Some(Failure::new(&error));
        }
        recorded
    }

    fn add_to(&self, recorded: &mut Recorded, outcome: &Outcome) -> Result<()> {
        recorded.base = self.git.head()?;
        // The paths of the messages are those of the repository, wherever unpark was called.
        let outcome = &Outcome {
            root: self.git.root().to_owned(),
            ..outcome.clone()
        };
        let steps = steps::of(outcome);
        for (at, step) in steps.iter().enumerate() {
            let later = &steps[at + 1..];
            let message = Message::of(outcome, &step.changes, later.len());
            let title = message.title.clone();
            let id = self.git.commit(step, &message, later).with_context(|| {
                let (number, all) = (at + 1, steps.len());
                let base = short(&recorded.base);
                format!(
                    "git did not make commit {number} of {all}, \"{title}\"\nhelp: all changes are \
                     in the files: mend what git says, and commit the rest yourself; or `unpark \
                     undo`, then `git reset {base}`, take all of it back"
                )
            })?;
            recorded.commits.push(Commit { id, title });
        }
        Ok(())
    }
}
