//! Whether what would be overwritten can be had back from version control: cargo fix's guard.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::baseline;

/// How many files are named.
const NAMED: usize = 20;

/// What may be overwritten, in cargo fix's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guard {
    /// Uncommitted changes, staged ones included.
    pub allow_dirty: bool,
    /// Staged changes.
    pub allow_staged: bool,
    /// What is under no version control at all.
    pub allow_no_vcs: bool,
}

impl Guard {
    /// Whether files under these folders may be written.
    ///
    /// # Errors
    /// If not, with the files that stand in the way and the flag that lets them be.
    pub fn check(self, folders: &[PathBuf]) -> Result<()> {
        // As with cargo fix, this flag asks for no look at all.
        if self.allow_no_vcs {
            return Ok(());
        }
        let mut in_the_way = Vec::new();
        let mut seen: Vec<PathBuf> = Vec::new();
        for folder in folders {
            let Some(repository) = repository(folder) else {
                bail!(
                    "no VCS found for this package and `unpark --apply` can potentially perform \
                     destructive changes\nhelp: if you'd like to suppress this error pass \
                     `--allow-no-vcs`"
                );
            };
            if self.allow_dirty || seen.contains(&repository) {
                continue;
            }
            if repository.join(".git").exists() {
                in_the_way.extend(self.uncommitted(&repository)?);
            }
            seen.push(repository);
        }
        if in_the_way.is_empty() {
            return Ok(());
        }
        let mut list: String = in_the_way
            .iter()
            .take(NAMED)
            .map(|file| format!("\n  * {file}"))
            .collect();
        if in_the_way.len() > NAMED {
            list.push_str(&format!("\n  and {} more", in_the_way.len() - NAMED));
        }
        let staged = in_the_way.iter().all(|file| file.ends_with("(staged)"));
        let flag = if staged {
            "--allow-staged"
        } else {
            "--allow-dirty"
        };
        bail!(
            "the working directory of this package has uncommitted changes, and `unpark --apply` \
             can potentially perform destructive changes:{list}\nhelp: if you'd like to suppress \
             this error pass `{flag}`, or commit the changes to these files"
        )
    }

    /// The changes of a git repository that are not allowed for.
    fn uncommitted(self, repository: &Path) -> Result<Vec<String>> {
        let output = git(repository)
            .args(["status", "--porcelain=v1", "-z", "--untracked-files=all"])
            .output()
            .context("can't run git\nhelp: `--allow-dirty` does not ask it")?;
        if !output.status.success() {
            bail!(
                "`git status` failed: {}\nhelp: `--allow-dirty` does not ask it",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut entries = text.split('\0').filter(|entry| !entry.is_empty());
        let mut found = Vec::new();
        while let Some(entry) = entries.next() {
            let (Some(state), Some(path)) = (entry.get(..2), entry.get(3..)) else {
                continue;
            };
            if state.contains(['R', 'C']) {
                // The name that it had comes as an entry of its own.
                entries.next();
            }
            if state == "??" && !may_be_edited(path) {
                continue;
            }
            let staged = state.ends_with(' ');
            if !staged {
                found.push(format!("{path} (dirty)"));
            } else if !self.allow_staged {
                found.push(format!("{path} (staged)"));
            }
        }
        Ok(found)
    }
}

/// Whether a new file is of a kind that is ever edited, or a repository of its own, which may hold such files. A
/// report or a selection of ours is none, and it would stand in the way of `--apply`.
fn may_be_edited(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.is_empty() || name.ends_with(".rs") || name == "Cargo.toml" || name == baseline::FILE
}

/// The folder of the repository that a folder is in, unless it is ignored there.
pub fn repository(folder: &Path) -> Option<PathBuf> {
    const MARKERS: [&str; 6] = [".git", ".hg", ".jj", ".pijul", ".fslckout", "_FOSSIL_"];
    let repository = folder
        .ancestors()
        .find(|folder| MARKERS.iter().any(|marker| folder.join(marker).exists()))?;
    (repository == folder || !is_ignored(repository, folder)).then(|| repository.to_owned())
}

fn is_ignored(repository: &Path, folder: &Path) -> bool {
    repository.join(".git").exists()
        && git(repository)
            .args(["check-ignore", "--quiet"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success())
}

/// git, in a repository, without taking its locks for nothing.
pub fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("--no-optional-locks").arg("-C").arg(repository);
    command
}
