//! The command line that would ask for a run again, or for a little more.

use std::path::{Path, PathBuf};

use crate::{
    adoption::Adopt,
    changed::Changes,
    options::{Accepted, Options, VerifyFeatures},
    outcome::relative,
};

/// A run as it was asked for.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// `unpark` or `cargo unpark`.
    pub program: &'static str,
    /// The subcommand and its arguments; empty for a run over files.
    pub command: Vec<String>,
    /// What was asked for.
    pub options: Options,
    /// The current folder.
    pub here: PathBuf,
}

impl Invocation {
    /// The same run with more flags.
    pub fn with(&self, flags: &[&str]) -> String {
        let mut words = vec![self.program.to_owned()];
        words.extend(self.command.iter().map(|word| quoted(word)));
        words.extend(flags.iter().map(|&flag| flag.to_owned()));
        match &self.options.changes {
            Some(Changes::Since(revision)) => {
                words.extend(["--since".to_owned(), quoted(revision)])
            }
            Some(Changes::Staged) => words.push("--staged".to_owned()),
            None => {}
        }
        if let Some(Adopt::Allow(reason)) = &self.options.adopt {
            words.extend(["--add-allow".to_owned(), quoted(reason.as_str())]);
        }
        if self.options.ignore_baseline {
            words.push("--ignore-baseline".to_owned());
        }
        let accepted = self.options.accepted.as_ref();
        match accepted.and_then(|accepted| accepted.file.as_ref()) {
            Some(file) => {
                words.extend(["--selection".to_owned(), quoted(&file.to_string_lossy())]);
            }
            None => words.extend(self.findings().iter().map(|word| quoted(word))),
        }
        words.extend(self.surroundings().iter().map(|word| quoted(word)));
        let paths = self.options.paths.iter();
        words.extend(paths.map(|path| quoted(&path.to_string_lossy())));
        words.join(" ")
    }

    /// What makes the changes of the same run that a review accepted, with more flags.
    pub fn reviewed(&self, selection: &Path, flags: &[&str]) -> String {
        let accepted = Accepted {
            file: Some(selection.to_owned()),
            ..Accepted::default()
        };
        let options = Options {
            accepted: Some(accepted),
            changes: None,
            ..self.options.clone()
        };
        let run = Invocation {
            options,
            ..self.clone()
        };
        run.with(&[&["--apply"], flags].concat())
    }

    /// What says everything about one place.
    pub fn why(&self, path: &Path, line: usize) -> String {
        let place = match path.starts_with(&self.here) {
            true => relative(path, &self.here),
            false => path.display().to_string(),
        };
        let mut words = vec![self.program.to_owned(), "why".to_owned()];
        words.push(quoted(&format!("{place}:{line}")));
        let flags = [self.findings(), self.surroundings()].concat();
        words.extend(flags.iter().map(|word| quoted(word)));
        words.join(" ")
    }

    /// What takes back what was written in a workspace.
    pub fn undo(&self, root: &Path) -> String {
        let command = format!("{} undo", self.program);
        match self.here.starts_with(root) {
            true => command,
            false => format!("{command} {}", quoted(&root.to_string_lossy())),
        }
    }

    /// The flags that decide what is found, in the words of the command line.
    pub fn findings(&self) -> Vec<String> {
        let options = &self.options;
        let cargo = &options.cargo;
        let mut flags = Vec::new();
        with_values(&mut flags, "--only", &options.only);
        with_values(&mut flags, "--skip", &options.skip);
        with_values(&mut flags, "--root", options.root.as_slice());
        let most = options.max_functions.map(|most| most.to_string());
        with_values(&mut flags, "--max-functions", most.as_slice());
        let fs = options.fs.map(|fs| fs.name().to_owned());
        with_values(&mut flags, "--fs", fs.as_slice());
        with_values(&mut flags, "-p", &cargo.packages);
        with_values(&mut flags, "--exclude", &cargo.exclude);
        with_values(&mut flags, "--features", &cargo.features);
        with_values(&mut flags, "--target", cargo.target.as_slice());
        let switches = [
            (options.unsafe_fixes == Some(true), "--unsafe-fixes"),
            (options.unsafe_fixes == Some(false), "--no-unsafe-fixes"),
            (options.include_tests, "--include-tests"),
            (options.keep_sync_api, "--keep-sync-api"),
            (options.fix_manifests, "--fix-manifests"),
            (options.syntax_only, "--syntax-only"),
            (cargo.workspace, "--workspace"),
            (cargo.all_features, "--all-features"),
            (cargo.no_default_features, "--no-default-features"),
        ];
        given(&mut flags, &switches);
        flags
    }

    /// The flags that say where and how it runs.
    fn surroundings(&self) -> Vec<String> {
        let options = &self.options;
        let cargo = &options.cargo;
        let mut flags = Vec::new();
        let manifest = cargo.manifest_path.as_ref();
        let manifest = manifest.map(|path| path.to_string_lossy().into_owned());
        with_values(&mut flags, "--manifest-path", manifest.as_slice());
        let verify = options.verify.as_ref();
        let features = verify.map(|verify| verify.features.name());
        let features = features.filter(|&name| name != VerifyFeatures::default().name());
        let features = features.map(str::to_owned);
        with_values(&mut flags, "--verify-features", features.as_slice());
        let switches = [
            (options.no_rust_src_install, "--no-rust-src-install"),
            (verify.is_some_and(|it| it.tests), "--verify-tests"),
            (verify.is_some_and(|it| it.in_place), "--verify=in-place"),
            (cargo.locked, "--locked"),
            (cargo.offline, "--offline"),
            (cargo.frozen, "--frozen"),
        ];
        given(&mut flags, &switches);
        flags
    }
}

/// A flag before each of its values.
fn with_values(flags: &mut Vec<String>, flag: &str, values: &[String]) {
    for value in values {
        flags.extend([flag.to_owned(), value.clone()]);
    }
}

/// The switches that were given.
fn given(flags: &mut Vec<String>, switches: &[(bool, &str)]) {
    let given = switches.iter().filter(|(given, _)| *given);
    flags.extend(given.map(|(_, flag)| (*flag).to_owned()));
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:,=+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_the_same_run() {
        let options = Options {
            paths: vec!["my code".into()],
            only: vec!["unobserved-task".to_owned()],
            ..Options::default()
        };
        let here = PathBuf::from("/project");
        let it = Invocation {
            program: "cargo unpark",
            command: Vec::new(),
            options,
            here,
        };
        assert_eq!(
            it.with(&["--unsafe-fixes"]),
            "cargo unpark --unsafe-fixes --only unobserved-task 'my code'"
        );
        assert_eq!(
            it.why(Path::new("/project/src/it.rs"), 3),
            "cargo unpark why src/it.rs:3 --only unobserved-task"
        );
        let command = ["scaffold", "a b"].map(str::to_owned).into();
        let options = Options::default();
        let it = Invocation {
            command,
            options,
            ..it
        };
        assert_eq!(it.with(&["--apply"]), "cargo unpark scaffold 'a b' --apply");
    }
}
