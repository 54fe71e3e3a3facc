//! One project: what its compiler and tests say before and after.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use duct::cmd;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unpark::verify::suite::{Suite, parse};

use crate::source::Source;

/// What came of a project.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The crate and its version, or the folder's name.
    pub id: String,
    /// What its `unpark.toml` said.
    #[serde(default)]
    pub config: String,
    /// The findings, by codemod and state.
    pub findings: BTreeMap<String, BTreeMap<String, usize>>,
    /// The files that were written.
    pub files: usize,
    /// Seconds by phase.
    pub seconds: BTreeMap<String, f64>,
    /// The resident memory at the end of each phase, in bytes.
    pub memory: BTreeMap<String, u64>,
    /// Seconds of the whole run.
    pub wall: f64,
    /// Whether it compiled before, and after.
    pub compiles: (bool, bool),
    /// How many tests passed before; `None` if none were run.
    pub tests: Option<usize>,
    /// The tests that passed before and not after.
    pub lost: BTreeSet<String>,
    /// Whether a second run changes nothing.
    pub settled: bool,
    /// Unpark's exit code.
    pub code: i32,
    /// What went wrong.
    pub errors: Vec<String>,
}

impl Trial {
    /// Tries a project.
    pub fn run(source: &Source, folder: &Path, unpark: &Path, tests: bool) -> Result<Trial> {
        let place = source.copy_to(folder)?;
        let target = folder.join("builds").join(source.id().replace(' ', "-"));
        let project = Project {
            place: &place,
            target: &target,
            packages: &source.packages,
        };
        let compiled = project.compiles()?;
        let before = tests.then(|| project.tests()).transpose()?;

        let started = Instant::now();
        let ran = project.unpark(unpark, &["--apply", "--allow-no-vcs"])?;
        let wall = started.elapsed().as_secs_f64();
        let mut trial = Trial {
            id: source.id(),
            config: source.config.clone(),
            wall,
            code: ran.code,
            compiles: (compiled, project.compiles()?),
            tests: before.as_ref().map(|suite| suite.passed.len()),
            findings: BTreeMap::new(),
            files: 0,
            seconds: BTreeMap::new(),
            memory: BTreeMap::new(),
            lost: BTreeSet::new(),
            settled: false,
            errors: Vec::new(),
        };
        for line in &ran.lines {
            trial.take(line)?;
        }
        if let Some(before) = before {
            let mut lost = project.tests()?.lost_since(&before);
            if !lost.is_empty() {
                // One that fails now and then says nothing about the changes.
                let again = project.tests()?.lost_since(&before);
                lost.retain(|test| again.contains(test));
            }
            let names = lost
                .iter()
                .map(|test| format!("{}: {}", test.program, test.name));
            trial.lost = names.collect();
        }
        let verify = match trial.has_reverted() {
            // Only a compiler knows of them that they are no changes.
            true => "--verify",
            false => "--no-verify",
        };
        let again = project.unpark(unpark, &[verify])?;
        trial.settled = !again.lines.iter().any(|line| line["reason"] == "file");
        Ok(trial)
    }

    /// Whether it is as good as before.
    pub fn holds(&self) -> bool {
        let (before, after) = self.compiles;
        (after || !before)
            && self.lost.is_empty()
            && self.settled
            && self.errors.is_empty()
            && matches!(self.code, 0 | 1)
    }

    fn has_reverted(&self) -> bool {
        let mut states = self.findings.values();
        states.any(|states| states.contains_key("reverted"))
    }

    fn take(&mut self, line: &Value) -> Result<()> {
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        match word("reason").as_str() {
            "finding" => {
                let states = self.findings.entry(word("codemod")).or_default();
                *states.entry(word("state")).or_default() += 1;
            }
            "file" => self.files += 1,
            "summary" => {
                self.seconds = serde_json::from_value(line["seconds"].clone())?;
                self.memory = serde_json::from_value(line["memory"].clone())?;
            }
            "error" | "defect" => self.errors.push(word("message")),
            _ => {}
        }
        Ok(())
    }
}

struct Project<'a> {
    place: &'a Path,
    target: &'a PathBuf,
    packages: &'a [String],
}

/// What unpark said.
struct Ran {
    code: i32,
    lines: Vec<Value>,
}

impl Project<'_> {
    fn cargo(&self, words: &[&str]) -> duct::Expression {
        let mut words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        words.extend(self.selection());
        cmd("cargo", words)
            .dir(self.place)
            .env("CARGO_TARGET_DIR", self.target)
            .env("CARGO_TERM_COLOR", "never")
            .unchecked()
    }

    fn selection(&self) -> Vec<String> {
        match self.packages {
            [] => vec!["--workspace".to_owned()],
            packages => packages
                .iter()
                .flat_map(|package| ["-p".to_owned(), package.clone()])
                .collect(),
        }
    }

    fn compiles(&self) -> Result<bool> {
        let output = self
            .cargo(&["check", "--all-targets", "--keep-going"])
            .stdout_null()
            .stderr_null()
            .run()?;
        Ok(output.status.success())
    }

    fn tests(&self) -> Result<Suite> {
        let output = self
            .cargo(&["test", "--no-fail-fast"])
            .stdin_null()
            .stderr_to_stdout()
            .stdout_capture()
            .run()?;
        Ok(parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn unpark(&self, program: &Path, flags: &[&str]) -> Result<Ran> {
        let mut words: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        words.extend(self.selection());
        words.extend(
            ["--unsafe-fixes", "--no-progress", "--message-format=json"].map(str::to_owned),
        );
        let output = cmd(program, words)
            .dir(self.place)
            .env("CARGO_TARGET_DIR", self.target)
            .stdin_null()
            .stdout_capture()
            .unchecked()
            .run()?;
        let text = String::from_utf8(output.stdout).context("unpark speaks UTF-8")?;
        let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
        let Some(code) = output.status.code() else {
            bail!("unpark was ended by a signal");
        };
        Ok(Ran {
            code,
            lines: lines?,
        })
    }
}
