//! The layout of what was changed. A file that the project's own rustfmt would have left as it was
//! is laid out by it again; every other file keeps its shape.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Output,
    sync::Mutex,
    time::Duration,
};

use duct::{Handle, cmd};
use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{SourceFile, SyntaxKind::*, T};
use rayon::prelude::*;

use crate::{
    limits,
    outcome::{ChangedFile, Outcome},
};

/// How many files a message names.
const NAMED: usize = 3;

/// The rustfmt of a project, and what it made of each text: a run that is replayed without some of
/// its changes asks for most of them again.
#[derive(Debug)]
pub struct Rustfmt {
    program: OsString,
    limit: Duration,
    known: Mutex<HashMap<Input, Result<String, String>>>,
}

/// What decides over a layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Input {
    /// Where rustfmt looks for its configuration, and rustup for the toolchain.
    folder: PathBuf,
    edition: Edition,
    text: String,
}

impl Default for Rustfmt {
    /// The one that `cargo fmt` would call.
    fn default() -> Rustfmt {
        Rustfmt::at(env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()))
    }
}

impl Rustfmt {
    /// The one with this name or path.
    pub fn at(program: impl Into<OsString>) -> Rustfmt {
        Rustfmt {
            program: program.into(),
            limit: limits::RUSTFMT,
            known: Mutex::default(),
        }
    }

    /// The same one, but how long it may take for a text.
    pub fn within(self, limit: Duration) -> Rustfmt {
        Rustfmt { limit, ..self }
    }

    /// Lays out the changed files that are wanted. Where rustfmt fails, the file keeps our layout,
    /// and the outcome says so.
    pub fn format(&self, outcome: &mut Outcome, wanted: impl Fn(&Path) -> bool + Sync) {
        let failed: Vec<(String, PathBuf)> = outcome
            .files
            .par_iter_mut()
            .filter(|file| wanted(&file.path))
            .filter_map(|file| {
                let reason = self.lay_out(file).err()?;
                Some((reason, file.path.clone()))
            })
            .collect();
        let mut by_reason: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (reason, path) in failed {
            let paths = by_reason.entry(reason).or_default();
            paths.insert(outcome.shown(&path));
        }
        let messages = by_reason.into_iter().map(|(reason, paths)| {
            let mut names: Vec<String> = paths.iter().take(NAMED).cloned().collect();
            if paths.len() > NAMED {
                names.push(format!("{} more", paths.len() - NAMED));
            }
            format!("not formatted: {}: {reason}", names.join(", "))
        });
        outcome.degraded.extend(messages);
    }

    /// Lays out one file, if it is one of Rust.
    ///
    /// # Errors
    /// If rustfmt fails, with its words. Then the file keeps our layout.
    pub fn lay_out(&self, file: &mut ChangedFile) -> Result<(), String> {
        if !is_rust(&file.path) {
            return Ok(());
        }
        let before = self.text(file, &file.before.text)?;
        if before != *file.before.text {
            return Ok(());
        }
        let formatted = self.text(file, &file.after)?;
        if formatted == file.after {
            return Ok(());
        }
        if !differ_in_layout_alone(&file.after, &formatted, file.edition) {
            return Err("rustfmt changes more than its layout".to_owned());
        }
        file.becomes(formatted);
        Ok(())
    }

    /// A text as rustfmt lays it out, with the line ends that it has.
    fn text(&self, file: &ChangedFile, text: &str) -> Result<String, String> {
        let input = Input {
            folder: folder_above(&file.path),
            edition: file.edition,
            text: text.to_owned(),
        };
        let known = |known: &Mutex<HashMap<_, Result<String, String>>>| {
            known.lock().ok()?.get(&input).cloned()
        };
        if let Some(formatted) = known(&self.known) {
            return formatted;
        }
        let formatted = self
            .run(&input)
            .map(|formatted| match text.contains("\r\n") {
                // What comes through a pipe has lost its line ends before rustfmt looks for them.
                true => formatted.replace("\r\n", "\n").replace('\n', "\r\n"),
                false => formatted,
            });
        if let Ok(mut known) = self.known.lock() {
            known.insert(input, formatted.clone());
        }
        formatted
    }

    /// Through a pipe: with a path, rustfmt would write the file's modules too.
    fn run(&self, input: &Input) -> Result<String, String> {
        let edition = input.edition.to_string();
        let running = cmd!(&self.program, "--edition", edition, "--color", "never")
            .dir(&input.folder)
            .stdin_bytes(input.text.as_str())
            .stdout_capture()
            .stderr_capture()
            .unchecked()
            .start()
            .map_err(|error| format!("can't run `{}`: {error}", self.program.display()))?;
        let output = wait(&running, self.limit)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty());
            let said = said.map_or_else(|| output.status.to_string(), str::to_owned);
            return Err(format!(
                "rustfmt failed: {}",
                said.trim_start_matches("error: ")
            ));
        }
        String::from_utf8(output.stdout.clone())
            .map_err(|_| "rustfmt answers in no UTF-8".to_owned())
    }
}

/// The nearest folder above a file that is there: a new file may have none of its own yet.
fn folder_above(path: &Path) -> PathBuf {
    let mut above = path.ancestors().skip(1);
    let there = above.find(|folder| folder.is_dir());
    there.map(Path::to_owned).unwrap_or_default()
}

/// Its time grows with the depth of some expressions as powers do.
fn wait(running: &Handle, limit: Duration) -> Result<&Output, String> {
    match running.wait_timeout(limit) {
        Ok(Some(output)) => Ok(output),
        Ok(None) => {
            // It may end in this very moment.
            let _ = running.kill();
            Err(format!(
                "rustfmt took longer than {} s for it",
                limit.as_secs_f64()
            ))
        }
        Err(error) => Err(format!("can't wait for rustfmt: {error}")),
    }
}

/// Whether two texts have the same tokens and comments, but for what rustfmt adds and drops around
/// them. In any order: it sorts imports.
fn differ_in_layout_alone(ours: &str, formatted: &str, edition: Edition) -> bool {
    let errors = |text| SourceFile::parse(text, edition).errors().len();
    words(ours, edition) == words(formatted, edition) && errors(formatted) <= errors(ours)
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn words(text: &str, edition: Edition) -> Vec<&str> {
    let tokens = LexedStr::new(edition, text);
    let mut words: Vec<&str> = Vec::new();
    for at in 0..tokens.len() {
        let text = &text[tokens.text_range(at)];
        match tokens.kind(at) {
            WHITESPACE | T![,] | T![;] | T!['{'] | T!['}'] | T!['('] | T![')'] | T![|] => {}
            // It is indented anew, line by line.
            COMMENT => words.extend(text.split_whitespace()),
            _ => words.push(text),
        }
    }
    words.sort_unstable();
    words
}
