//! The user's own git: their hooks, their signature, their filters.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, anyhow, bail};

use super::{message::Message, steps::Step};
use crate::{outcome::relative, vcs};

/// How many files are named.
const NAMED: usize = 20;

/// What takes part in the next commit while it is going on, and what git calls it.
const UNDER_WAY: [(&str, &str); 3] = [
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
];

/// A repository.
#[derive(Debug)]
pub struct Git {
    root: PathBuf,
    /// Its `.git` folder, or where that of a linked worktree is.
    folder: PathBuf,
}

impl Git {
    /// The repository whose working tree this is.
    ///
    /// # Errors
    /// If there is no git, or it does not take that for a repository.
    pub fn new(root: &Path) -> Result<Git> {
        let root = root
            .canonicalize()
            .with_context(|| format!("can't look at {}", root.display()))?;
        let folder = said(vcs::git(&root).args(["rev-parse", "--absolute-git-dir"]))?;
        Ok(Git {
            root,
            folder: PathBuf::from(folder.trim_end_matches('\n')),
        })
    }

    /// Its working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the next commit would hold nothing but what we put into it, and can be made.
    ///
    /// # Errors
    /// If not.
    pub fn is_ready(&self) -> Result<()> {
        let staged = self.staged()?;
        if !staged.is_empty() {
            bail!(
                "there are staged changes, which would become a part of the commits:{}\nhelp: \
                 commit them first, or `git stash`",
                list(&staged, "staged")
            );
        }
        for (head, what) in UNDER_WAY {
            let it = self
                .git()
                .args(["rev-parse", "--verify", "--quiet", head])
                .output();
            if it.is_ok_and(|it| it.status.success()) {
                bail!(
                    "a {what} is going on in {}, and the first commit would end it\nhelp: end it \
                     yourself, or `git {what} --abort`",
                    self.root.display()
                );
            }
        }
        for identity in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            said(self.git().args(["var", identity])).context(
                "git can't tell who commits\nhelp: `git config user.name NAME` and `git config \
                 user.email ADDRESS` tell it",
            )?;
        }
        Ok(())
    }

    /// Whether these files are in the repository as they are in the working tree.
    ///
    /// # Errors
    /// If not, with the files that are not.
    pub fn has(&self, paths: &[PathBuf]) -> Result<()> {
        let tracked = self.names(&["ls-files", "-z"])?;
        let dirty = self.names(&[
            "diff",
            "--name-only",
            "--ignore-submodules",
            "--no-ext-diff",
            "-z",
        ])?;
        let (mut unknown, mut changed) = (Vec::new(), Vec::new());
        for path in paths {
            let name = self.name(path)?;
            if !tracked.contains(&name) {
                unknown.push(name);
            } else if dirty.contains(&name) {
                changed.push(name);
            }
        }
        if unknown.is_empty() && changed.is_empty() {
            return Ok(());
        }
        bail!(
            "files that unpark changes are not in the repository as they are here, and would be \
             committed with all that is new in them:{}{}\nhelp: commit them first, or leave \
             `--commit` out; no file was written",
            list(&changed, "dirty"),
            list(&unknown, "not tracked")
        )
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// If there is none.
    pub fn head(&self) -> Result<String> {
        self.id("HEAD")
    }

    /// Makes a commit of these files, of which those of the later ones have to be left alone by
    /// hooks. Its id.
    ///
    /// # Errors
    /// If git does not make it, or makes another one of it. Then nothing is staged.
    pub fn commit(&self, step: &Step, message: &Message, later: &[Step]) -> Result<String> {
        let staged = self.staged()?;
        if !staged.is_empty() {
            bail!(
                "something else was staged meanwhile:{}",
                list(&staged, "staged")
            );
        }
        let names = step.files.keys().map(|path| self.name(path));
        let names: Vec<String> = names.collect::<Result<_>>()?;
        let made = self.stage(step, &names).and_then(|tree| {
            fed(
                Command::new("git").current_dir(&self.root).args([
                    "commit",
                    "--quiet",
                    "--cleanup=whitespace",
                    "--file=-",
                ]),
                message.text().as_bytes(),
            )?;
            Ok(tree)
        });
        let tree = match made {
            Ok(tree) => tree,
            Err(error) => {
                let paths = [
                    "reset",
                    "--quiet",
                    "--pathspec-from-file=-",
                    "--pathspec-file-nul",
                ];
                let put_back = fed(self.git().args(paths), &names.join("\0").into_bytes());
                return Err(match put_back {
                    Ok(_) => error,
                    Err(reset) => error.context(format!("what was staged for it stays: {reset}")),
                });
            }
        };
        let id = self.head()?;
        let by_hooks = ["diff-tree", "-r", "--name-only", "-z", &tree, &id];
        let by_hooks = self.names(&by_hooks)?;
        let later = later.iter().flat_map(|step| step.files.keys());
        let later: BTreeSet<String> = later.map(|path| self.name(path)).collect::<Result<_>>()?;
        let both: Vec<String> = by_hooks.intersection(&later).cloned().collect();
        if !both.is_empty() {
            bail!(
                "a hook changed what it committed, in files that the next commits are about:{}",
                list(&both, "changed by a hook")
            );
        }
        Ok(id)
    }

    /// Puts the files into the index, as `git add` would if they were in the working tree. The
    /// tree that this comes to.
    fn stage(&self, step: &Step, names: &[String]) -> Result<String> {
        let folder = tempfile::tempdir().context("can't make a temporary folder")?;
        for ((path, bytes), name) in step.files.iter().zip(names) {
            let copy = folder.path().join(name);
            let write = || {
                fs::create_dir_all(copy.parent().unwrap_or(folder.path()))?;
                fs::write(&copy, bytes)?;
                // Whether it can be executed is a part of the commit.
                fs::set_permissions(&copy, fs::metadata(path)?.permissions())
            };
            write().with_context(|| format!("can't write {}", copy.display()))?;
        }
        let mut add = Command::new("git");
        add.current_dir(folder.path())
            .args(["-c", "core.fsmonitor=false", "--literal-pathspecs"])
            .arg("--git-dir")
            .arg(&self.folder)
            .arg("--work-tree")
            .arg(folder.path())
            .args(["add", "--pathspec-from-file=-", "--pathspec-file-nul"]);
        fed(&mut add, names.join("\0").as_bytes())?;
        let tree = said(self.git().arg("write-tree"))?;
        Ok(tree.trim_end().to_owned())
    }

    /// The files whose version in the index is not the one that is checked out.
    fn staged(&self) -> Result<Vec<String>> {
        let names = ["diff", "--cached", "--name-only", "--no-ext-diff", "-z"];
        Ok(self.names(&names)?.into_iter().collect())
    }

    fn id(&self, name: &str) -> Result<String> {
        let id = said(self.git().args(["rev-parse", "--verify", name]))?;
        Ok(id.trim_end().to_owned())
    }

    /// The path of a file as git writes it.
    fn name(&self, path: &Path) -> Result<String> {
        let whole = path.canonicalize();
        let whole = whole.with_context(|| format!("can't look at {}", path.display()))?;
        if !whole.starts_with(&self.root) {
            bail!(
                "{} is not in the repository {}\nhelp: leave `--commit` out, and commit by hand",
                path.display(),
                self.root.display()
            );
        }
        Ok(relative(&whole, &self.root))
    }

    fn names(&self, args: &[&str]) -> Result<BTreeSet<String>> {
        let text = said(self.git().args(args))?;
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }

    fn git(&self) -> Command {
        vcs::git(&self.root)
    }
}

/// Files, one a line, and why they are named.
fn list(names: &[String], why: &str) -> String {
    let mut list: String = names
        .iter()
        .take(NAMED)
        .map(|name| format!("\n  * {name} ({why})"))
        .collect();
    if names.len() > NAMED {
        list += &format!("\n  and {} more", names.len() - NAMED);
    }
    list
}

/// What git answers.
fn said(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("can't run git")?;
    answer(command, &output)
}

/// The same, with something to read.
fn fed(command: &mut Command, input: &[u8]) -> Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().context("can't run git")?;
    if let Some(mut stdin) = running.stdin.take() {
        // One that does not read says itself why.
        let _ = stdin.write_all(input);
    }
    let output = running.wait_with_output().context("can't wait for git")?;
    answer(command, &output)
}

fn answer(command: &Command, output: &Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let args: Vec<&str> = command.get_args().filter_map(OsStr::to_str).collect();
    let error = String::from_utf8_lossy(&output.stderr);
    let words = [text.trim(), error.trim()].join("\n");
    Err(anyhow!("`git {}` failed: {}", args.join(" "), words.trim()))
}
