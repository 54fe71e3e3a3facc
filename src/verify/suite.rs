//! The user's own tests, and which of them passed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read as _},
    process::Stdio,
};

use anyhow::{Context as _, Result};

use super::{caller::Caller, configuration::Configuration};

/// What a run of the tests came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The tests that passed.
    pub passed: BTreeSet<Test>,
    /// The tests that failed, with their names as the program prints them.
    pub failed: BTreeMap<Test, String>,
    /// Cargo's flags for the targets that failed.
    pub targets: BTreeSet<String>,
    /// What cargo and the tests said.
    pub output: String,
}

/// A test, by the program that it is in and its name there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// A line of cargo's, without what differs between builds.
    pub program: String,
    /// The name. Doctests are told apart by their order, for lines move.
    pub name: String,
}

impl Suite {
    /// The tests that passed before and do not any more; a program without tests of its own counts
    /// as one.
    pub fn lost_since(&self, before: &Suite) -> BTreeSet<Test> {
        let tests = before.passed.difference(&self.passed).cloned();
        let targets = self.targets.difference(&before.targets);
        let tests: BTreeSet<Test> = tests.collect();
        match tests.is_empty() {
            false => tests,
            true => targets
                .map(|target| Test {
                    program: target.clone(),
                    name: String::new(),
                })
                .collect(),
        }
    }

    /// Whether a test, or a program that counts as one, did not pass.
    pub fn lacks(&self, test: &Test) -> bool {
        match test.name.is_empty() {
            true => self.targets.contains(&test.program),
            false => !self.passed.contains(test),
        }
    }

    /// What a failed test said.
    pub fn words_of(&self, test: &Test) -> String {
        let name = self.failed.get(test).unwrap_or(&test.name);
        let head = format!("---- {name} stdout ----");
        let said = self.output.split_once(&head).map(|(_, rest)| {
            let end = rest.find("\n---- ").or_else(|| rest.find("\nfailures:\n"));
            rest[..end.unwrap_or(rest.len())].trim()
        });
        let what = match name.is_empty() {
            true => format!("`{}` failed, and passed before", test.program),
            false => format!("the test `{name}` failed, and passed before"),
        };
        match said.filter(|said| !said.is_empty()) {
            Some(said) => format!("{what}:\n{said}"),
            None => what,
        }
    }
}

impl Caller<'_> {
    /// Runs all tests, or those of some targets.
    ///
    /// # Errors
    /// If cargo can't be run.
    pub fn test(&self, configuration: &Configuration, targets: &BTreeSet<String>) -> Result<Suite> {
        let mut suite = Suite::default();
        if targets.is_empty() {
            let flags = configuration.flags().map(str::to_owned).collect();
            return self.run_tests(flags);
        }
        for target in targets {
            let own = configuration.flags_without_packages().map(str::to_owned);
            let flags = target.split(' ').map(str::to_owned).chain(own).collect();
            let more = self.run_tests(flags)?;
            suite.passed.extend(more.passed);
            suite.failed.extend(more.failed);
            suite.targets.extend(more.targets);
            suite.output.push_str(&more.output);
        }
        Ok(suite)
    }

    fn run_tests(&self, flags: Vec<String>) -> Result<Suite> {
        // One pipe for both, so that the lines of cargo and of the tests keep their order.
        let (mut reader, writer) = io::pipe().context("can't make a pipe")?;
        let mut command = self.command("test");
        command
            .args(flags)
            .arg("--no-fail-fast")
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().context("can't make a pipe")?)
            .stderr(writer);
        let mut child = command.spawn().context("can't run `cargo test`")?;
        // The command holds the pipe open, too.
        drop(command);
        let mut output = Vec::new();
        reader
            .read_to_end(&mut output)
            .context("can't read what the tests say")?;
        child.wait().context("can't wait for cargo")?;
        let output = self.hide(&String::from_utf8_lossy(&output));
        Ok(parse(&output))
    }
}

/// Reads what cargo and libtest print.
pub fn parse(output: &str) -> Suite {
    let mut suite = Suite {
        output: output.to_owned(),
        ..Suite::default()
    };
    let mut program = String::new();
    let mut doctests: BTreeMap<String, Vec<(usize, bool, &str)>> = BTreeMap::new();
    for line in output.lines() {
        let words = line.trim_start();
        if let Some(rest) = words.strip_prefix("Running ") {
            program = without_hash(rest);
        } else if let Some(rest) = words.strip_prefix("Doc-tests ") {
            program = format!("doc-tests of {rest}");
        } else if let Some((name, passed)) = line.strip_prefix("test ").and_then(result) {
            match line_number(name) {
                Some((place, number)) => doctests
                    .entry(format!("{program}\n{place}"))
                    .or_default()
                    .push((number, passed, name)),
                None => suite.add(&program, name, passed, name),
            }
        }
        let rerun = words
            .strip_prefix("error: test failed, to rerun pass ")
            .or_else(|| words.strip_prefix("error: doctest failed, to rerun pass "))
            .unwrap_or(words);
        if let Some(target) = rerun.strip_prefix('`').and_then(|it| it.strip_suffix('`')) {
            suite.targets.insert(target.to_owned());
        }
    }
    for (place, mut results) in doctests {
        results.sort_unstable();
        let (program, place) = place.split_once('\n').unwrap_or_default();
        for (index, (_, passed, printed)) in results.iter().enumerate() {
            let name = format!("{place} (example {})", index + 1);
            suite.add(program, &name, *passed, printed);
        }
    }
    suite
}

impl Suite {
    fn add(&mut self, program: &str, name: &str, passed: bool, printed: &str) {
        let test = Test {
            program: program.to_owned(),
            name: name.to_owned(),
        };
        if passed {
            self.passed.insert(test);
        } else {
            self.failed.insert(test, printed.to_owned());
        }
    }
}

/// `unittests src/lib.rs (target/debug/deps/demo-0b5dc6aba1bbd0cd)`, without the hash.
fn without_hash(line: &str) -> String {
    let (what, path) = line.split_once(" (").unwrap_or((line, ""));
    let name = path.trim_end_matches(')').rsplit(['/', '\\']).next();
    let name = name.and_then(|name| name.rsplit_once('-'));
    format!("{what} ({})", name.map_or("", |(name, _)| name))
}

/// `tests::sums ... ok`
fn result(line: &str) -> Option<(&str, bool)> {
    let (name, result) = line.rsplit_once(" ... ")?;
    let name = name.trim_end_matches(" - should panic");
    match result.trim() {
        "FAILED" => Some((name, false)),
        result if result.starts_with("ok") => Some((name, true)),
        _ => None,
    }
}

/// `src/lib.rs - load (line 12)`
fn line_number(name: &str) -> Option<(&str, usize)> {
    let (place, rest) = name.split_once(" (line ")?;
    let (number, _) = rest.split_once(')')?;
    Some((place, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_prints() {
        let suite = parse(
            "\
     Running unittests src/lib.rs (target/debug/deps/demo-0b5dc6aba1bbd0cd)

running 3 tests
test sums ... ok
test slow ... ignored
test hard - should panic ... FAILED

failures:

---- hard stdout ----
note: test did not panic as expected

failures:
    hard

error: test failed, to rerun pass `-p demo --lib`
   Doc-tests demo

running 2 tests
test src/lib.rs - load (line 31) ... FAILED
test src/lib.rs - load (line 12) - compile ... ok

error: doctest failed, to rerun pass `-p demo --doc`
error: 2 targets failed:
    `-p demo --lib`
    `-p demo --doc`
",
        );
        let tests = |tests: &[&Test]| -> Vec<String> {
            tests
                .iter()
                .map(|test| format!("{}: {}", test.program, test.name))
                .collect()
        };
        assert_eq!(
            tests(&suite.passed.iter().collect::<Vec<_>>()),
            [
                "doc-tests of demo: src/lib.rs - load (example 1)",
                "unittests src/lib.rs (demo): sums",
            ]
        );
        assert_eq!(
            tests(&suite.failed.keys().collect::<Vec<_>>()),
            [
                "doc-tests of demo: src/lib.rs - load (example 2)",
                "unittests src/lib.rs (demo): hard",
            ]
        );
        assert_eq!(
            suite.targets.iter().collect::<Vec<_>>(),
            ["-p demo --doc", "-p demo --lib"]
        );
        let (hard, _) = suite.failed.last_key_value().unwrap();
        assert_eq!(
            suite.words_of(hard),
            "the test `hard` failed, and passed before:\nnote: test did not panic as expected"
        );
    }
}
