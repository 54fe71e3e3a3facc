//! The lines that changed, as git tells: `--since` and `--staged`.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::{
    outcome::{Finding, Outcome, State},
    vcs,
};

/// How the summary calls the places of findings that no changed line touches.
const UNTOUCHED: &str = "code where nothing changed";

/// Which changes are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Those of the working tree since it left the history of this revision.
    Since(String),
    /// Those that the next commit would have.
    Staged,
}

/// The lines of the working tree that changed, by file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedLines(BTreeMap<PathBuf, Lines>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    /// It is new as a whole.
    All,
    Some(Vec<Hunk>),
}

/// Lines that stand in the place of others. Without any, something went away behind `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hunk {
    old_start: usize,
    old_count: usize,
    start: usize,
    count: usize,
}

impl Hunk {
    fn touches(self, lines: &RangeInclusive<usize>) -> bool {
        match self.count {
            0 => *lines.start() <= self.start && self.start < *lines.end(),
            _ => *lines.start() < self.start + self.count && self.start <= *lines.end(),
        }
    }
}

impl ChangedLines {
    /// Asks git, in the repository of a folder.
    ///
    /// # Errors
    /// If there is no repository, no git, or no such revision.
    pub fn of(changes: &Changes, folder: &Path) -> Result<ChangedLines> {
        let repository = vcs::repository(folder)
            .filter(|repository| repository.join(".git").exists())
            .ok_or_else(|| {
                let flag = changes.flag();
                let folder = folder.display();
                anyhow!("`{flag}` needs a git repository, and {folder} is in none")
            })?;
        let git = Git(&repository);
        match changes {
            Changes::Since(revision) => git.since(revision),
            Changes::Staged => git.staged(),
        }
    }

    /// Whether the place of a finding, or one that its reasons speak of, has a changed line.
    pub fn touch(&self, finding: &Finding) -> bool {
        let has = |path: &Path, lines: RangeInclusive<usize>| match self.0.get(path) {
            Some(Lines::All) => true,
            Some(Lines::Some(hunks)) => hunks.iter().any(|hunk| hunk.touches(&lines)),
            None => false,
        };
        has(&finding.path, finding.start.line..=finding.end.line)
            || finding
                .reasons()
                .any(|reason| has(&reason.path, reason.line..=reason.line))
    }

    /// Leaves out what they do not touch. None of that was taken.
    pub fn keep(&self, outcome: &mut Outcome) {
        let all = outcome.findings.len();
        let is_kept = |finding: &Finding| finding.state == State::Fixed || self.touch(finding);
        outcome.findings.retain(is_kept);
        let left = all - outcome.findings.len();
        if left > 0 {
            *outcome.unseen.entry(UNTOUCHED.to_owned()).or_default() += left;
        }
        outcome.drop_unasked_changes();
    }
}

impl Changes {
    /// The flag that asks for them.
    pub fn flag(&self) -> &'static str {
        match self {
            Changes::Since(_) => "--since",
            Changes::Staged => "--staged",
        }
    }
}

struct Git<'a>(&'a Path);

impl Git<'_> {
    fn since(&self, revision: &str) -> Result<ChangedLines> {
        let commit = format!("{revision}^{{commit}}");
        let commit = self
            .ask(&[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &commit,
            ])?
            .ok_or_else(|| {
                let root = self.0.display();
                anyhow!(
                    "git knows no revision `{revision}` in {root}\nhelp: a shallow clone has only \
                     the newest ones; `git fetch` gets more"
                )
            })?;
        let commit = commit.trim().to_owned();
        // What others did there meanwhile is not ours. Where the histories have nothing in common,
        // or that part was not fetched, the revision itself has to do.
        let base = self.ask(&["merge-base", "HEAD", &commit])?;
        let base = base.map_or(commit, |base| base.trim().to_owned());
        let mut changed = self.diff(&[&base])?;
        let untracked = ["ls-files", "--others", "--exclude-standard", "-z"];
        for name in self.said(&untracked)?.split_terminator('\0') {
            changed.insert(self.0.join(name), Lines::All);
        }
        Ok(ChangedLines(changed))
    }

    /// Lines are counted in the index; what is not staged has moved them in the working tree.
    fn staged(&self) -> Result<ChangedLines> {
        let mut changed = self.diff(&["--cached"])?;
        let unstaged = self.diff(&[])?;
        for (path, lines) in &mut changed {
            if let (Lines::Some(hunks), Some(Lines::Some(moves))) = (lines, unstaged.get(path)) {
                *hunks = hunks.iter().flat_map(|hunk| moved(*hunk, moves)).collect();
            }
        }
        Ok(ChangedLines(changed))
    }

    fn diff(&self, what: &[&str]) -> Result<BTreeMap<PathBuf, Lines>> {
        let plain = [
            "-c",
            "core.quotePath=false",
            "diff",
            "--unified=0",
            "--inter-hunk-context=0",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--ignore-submodules",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ];
        let text = self.said(&[&plain[..], what, &["--"]].concat())?;
        Ok(files(&text, self.0))
    }

    /// What git answers; `None` if it says no.
    fn ask(&self, args: &[&str]) -> Result<Option<String>> {
        let output = self.command(args).output().context("can't run git")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(output.status.success().then_some(text))
    }

    /// What git has to answer.
    fn said(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).output().context("can't run git")?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            bail!("`git {}` failed: {}", args.join(" "), error.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = vcs::git(self.0);
        command.args(args);
        command
    }
}

/// The new side of a diff, by file.
fn files(diff: &str, root: &Path) -> BTreeMap<PathBuf, Lines> {
    let mut files: BTreeMap<PathBuf, Lines> = BTreeMap::new();
    let mut file: Option<PathBuf> = None;
    // The lines of a hunk may look like anything.
    let mut body = 0;
    for line in diff.split('\n') {
        if body > 0 && line.starts_with(['+', '-']) {
            body -= 1;
        } else if let Some(name) = line.strip_prefix("+++ ") {
            file = path(name).map(|name| root.join(name));
        } else if let Some(hunk) = line.strip_prefix("@@ ").and_then(hunk)
            && let Some(file) = &file
        {
            body = hunk.old_count + hunk.count;
            let lines = files
                .entry(file.clone())
                .or_insert_with(|| Lines::Some(Vec::new()));
            if let Lines::Some(hunks) = lines {
                hunks.push(hunk);
            }
        }
    }
    files
}

/// A file's name as git writes it; `None` if the file is gone.
fn path(name: &str) -> Option<String> {
    let name = name.strip_suffix('\t').unwrap_or(name);
    let quoted = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let name = match quoted {
        Some(name) => unquoted(name),
        None => name.to_owned(),
    };
    name.strip_prefix("b/").map(str::to_owned)
}

/// Undoes the quotes of git, which are those of C.
fn unquoted(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'a') => bytes.push(7),
            Some(b'b') => bytes.push(8),
            Some(b'v') => bytes.push(11),
            Some(b'f') => bytes.push(12),
            Some(digit @ b'0'..=b'7') => {
                let digits = [Some(digit), rest.next(), rest.next()]
                    .into_iter()
                    .flatten();
                let value = digits.fold(0u32, |value, digit| {
                    value * 8 + u32::from(digit.saturating_sub(b'0'))
                });
                bytes.push(u8::try_from(value).unwrap_or(b'?'));
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `-3,2 +3 @@ fn it()`
fn hunk(head: &str) -> Option<Hunk> {
    let mut sides = head.split(' ');
    let mut side = |sign: char| {
        let side = sides.next()?.strip_prefix(sign)?;
        let (start, count) = side.split_once(',').unwrap_or((side, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (old_start, old_count) = side('-')?;
    let (start, count) = side('+')?;
    Some(Hunk {
        old_start,
        old_count,
        start,
        count,
    })
}

/// Where a hunk is after later changes: the lines that are left of it, and what stands in the place
/// of the others.
fn moved(hunk: Hunk, moves: &[Hunk]) -> Vec<Hunk> {
    // Without lines of its own it lies behind one.
    let lines = hunk.start..hunk.start + hunk.count.max(1);
    let mut pieces = Vec::new();
    for line in lines {
        let over = moves
            .iter()
            .find(|it| (it.old_start..it.old_start + it.old_count).contains(&line));
        let before = moves.iter().filter(|it| match it.old_count {
            0 => it.old_start < line,
            _ => it.old_start + it.old_count <= line,
        });
        let (added, removed) = before.fold((0, 0), |(added, removed), it| {
            (added + it.count, removed + it.old_count)
        });
        pieces.push(match over {
            Some(over) => *over,
            None => Hunk {
                start: line + added - removed,
                count: hunk.count.min(1),
                ..hunk
            },
        });
    }
    pieces.dedup();
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunks(diff: &str, name: &str) -> Vec<(usize, usize)> {
        match files(diff, Path::new("/w")).get(Path::new(name)) {
            Some(Lines::Some(hunks)) => hunks.iter().map(|it| (it.start, it.count)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn reads_what_git_writes() {
        let diff = "\
diff --git a/src/a b.rs b/src/a b.rs
--- a/src/a b.rs\t
+++ b/src/a b.rs\t
@@ -1,0 +2,2 @@ fn it()
+++ b/not a file
+@@ -1 +9 @@
@@ -9,3 +12,0 @@
--- a/nor this
-b
-c
diff --git \"a/\\303\\251\\\".rs\" \"b/\\303\\251\\\".rs\"
--- \"a/\\303\\251\\\".rs\"
+++ \"b/\\303\\251\\\".rs\"
@@ -1 +1 @@
-a
+b
\\ No newline at end of file
diff --git a/gone.rs b/gone.rs
--- a/gone.rs
+++ /dev/null
@@ -1 +0,0 @@
-a
";
        assert_eq!(hunks(diff, "/w/src/a b.rs"), [(2, 2), (12, 0)]);
        assert_eq!(hunks(diff, "/w/é\".rs"), [(1, 1)]);
        assert_eq!(files(diff, Path::new("/w")).len(), 2);
    }

    #[test]
    fn a_deletion_is_touched_from_both_sides() {
        let gone = Hunk {
            old_start: 4,
            old_count: 2,
            start: 3,
            count: 0,
        };
        assert!(gone.touches(&(3..=4)) && gone.touches(&(1..=9)));
        assert!(!gone.touches(&(3..=3)) && !gone.touches(&(4..=4)));
    }

    #[test]
    fn staged_lines_move_with_what_is_not() {
        let hunk = |old_start, old_count, start, count| Hunk {
            old_start,
            old_count,
            start,
            count,
        };
        let staged = hunk(9, 3, 10, 3);
        let places = |moves: &[Hunk]| -> Vec<(usize, usize)> {
            let moved = moved(staged, moves);
            moved.iter().map(|it| (it.start, it.count)).collect()
        };
        assert_eq!(places(&[]), [(10, 1), (11, 1), (12, 1)]);
        // Two lines before it, and its second one became three.
        let moves = [hunk(4, 0, 5, 2), hunk(11, 1, 13, 3)];
        assert_eq!(places(&moves), [(12, 1), (13, 3), (16, 1)]);
        assert_eq!(places(&[hunk(12, 2, 11, 0)]), [(10, 1), (11, 1), (11, 0)]);
    }
}
