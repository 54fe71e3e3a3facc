//! One call of cargo over the mirror, and what the compiler said.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    io::{BufReader, Read as _},
    ops::Range,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
};

use anyhow::{Context as _, Result};
use cargo_metadata::{
    Artifact, Message,
    diagnostic::{Applicability, Diagnostic, DiagnosticLevel, DiagnosticSpan},
};

use super::{caller::Caller, configuration::Configuration, wrapper};

/// What a call of cargo came to.
#[derive(Debug, Default)]
pub struct Check {
    /// What speaks against the text, each once.
    pub problems: Vec<Problem>,
    /// What a change may have left without a use, and the compiler knows how to mend, each once.
    pub leftovers: Vec<Leftover>,
    /// The user's source files that the compiler read from the mirror, each with the number of
    /// crates that it is in.
    pub read: BTreeMap<PathBuf, usize>,
    /// The changed files that a crate read where the user has them: it was compiled without the
    /// changes.
    pub bypassed: BTreeSet<PathBuf>,
    /// The crates that were compiled to the end.
    pub compiled: BTreeSet<Unit>,
    /// Cargo's own words, where it failed.
    pub failure: Option<String>,
}

/// A crate as cargo compiles it: package, target, kind, and whether as a test.
pub type Unit = (String, String, String, bool);

/// A reason not to take the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code of the error or the name of the lint.
    pub code: Option<String>,
    /// The first line.
    pub message: String,
    /// Everything, as the compiler shows it.
    pub rendered: String,
    /// The places that it speaks of, the main ones first.
    pub places: Vec<Place>,
}

/// A place in a source file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The user's file.
    pub path: PathBuf,
    /// In the file as it was compiled.
    pub range: Range<usize>,
    /// Whether this is where the problem is, and not something that explains it.
    pub primary: bool,
}

/// Something that a change left without a use, and how the compiler mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The lint.
    pub lint: String,
    /// The first line.
    pub message: String,
    /// The edits, in the file as it was compiled; at least one.
    pub edits: Vec<(PathBuf, Range<usize>, String)>,
    /// What speaks against the text as long as it stands there: the lint is denied.
    pub problem: Option<Problem>,
    /// In how many crates it was said.
    pub said: usize,
}

/// The lints of what a change may leave behind: no use, or no need.
const LEFTOVERS: [&str; 7] = [
    "unused_mut",
    "unused_imports",
    "unused_variables",
    "unused_parens",
    "unused_braces",
    "unused_labels",
    "redundant_imports",
];

/// The lint of values that must be used, and are not.
pub const UNUSED: &str = "unused_must_use";

impl Check {
    /// Whether every crate that compiled before did so again.
    pub fn compiles_what(&self, before: &Check) -> bool {
        before.compiled.is_subset(&self.compiled)
    }

    /// Whether there is nothing to say against the text.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty() && self.failure.is_none()
    }

    /// Counts what is not mended among the problems.
    pub fn blame_leftovers(&mut self) {
        let leftovers = self.leftovers.iter_mut();
        self.problems
            .extend(leftovers.filter_map(|it| it.problem.take()));
    }

    /// Whether a leftover kept the compiler from going on.
    pub fn waits(&self) -> bool {
        self.leftovers.iter().any(|it| it.problem.is_some())
    }

    /// Whether nobody who read the file of a leftover has a use for it.
    pub fn agrees(&self, leftover: &Leftover) -> bool {
        leftover.edits.iter().all(|(path, _, _)| {
            let Some(read) = self.read.get(path) else {
                return true;
            };
            let same = self
                .leftovers
                .iter()
                .filter(|it| it.edits == leftover.edits);
            same.map(|it| it.said).sum::<usize>() >= *read
        })
    }
}

impl Caller<'_> {
    /// Compiles.
    ///
    /// # Errors
    /// If cargo can't be run.
    pub fn check(&self, configuration: &Configuration) -> Result<Check> {
        let units = tempfile::NamedTempFile::new().context("can't make a temporary file")?;
        let mut child = self
            .command("check")
            .env(wrapper::UNITS, units.path())
            .args(configuration.flags())
            .args(["--all-targets", "--keep-going", "--message-format=json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("can't run `cargo check`")?;
        let mut stderr = child.stderr.take().context("cargo's errors")?;
        let words = thread::spawn(move || {
            let mut words = Vec::new();
            let _ = stderr.read_to_end(&mut words);
            String::from_utf8_lossy(&words).into_owned()
        });
        let stdout = BufReader::new(child.stdout.take().context("cargo's messages")?);
        let mut reader = Reader {
            caller: self,
            check: Check::default(),
            seen: HashSet::new(),
            units: BTreeSet::new(),
        };
        for message in Message::parse_stream(stdout) {
            match message.context("can't read what cargo says")? {
                Message::CompilerMessage(it) => reader.diagnostic(&it.message),
                Message::CompilerArtifact(artifact) => reader.artifact(&artifact),
                _ => {}
            }
        }
        let status = child.wait().context("can't wait for cargo")?;
        let words = words.join().unwrap_or_default();
        for unit in fs::read_to_string(units.path()).unwrap_or_default().lines() {
            reader.units.insert(self.root.join(unit));
        }
        for unit in std::mem::take(&mut reader.units) {
            reader.dep_info(&unit);
        }
        let mut check = reader.check;
        if !status.success() {
            check.failure = Some(self.hide(words.trim()));
        }
        Ok(check)
    }
}

struct Reader<'a> {
    caller: &'a Caller<'a>,
    check: Check,
    /// A library and its tests say the same twice.
    seen: HashSet<(String, Vec<Place>)>,
    /// Where the compiler writes down what it reads.
    units: BTreeSet<PathBuf>,
}

impl Reader<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let code = diagnostic.code.as_ref().map(|code| code.code.clone());
        let mut places = Vec::new();
        self.places(diagnostic, true, &mut places);
        places.sort_by_key(|place| !place.primary);
        places.dedup();
        let is_new = self
            .seen
            .insert((diagnostic.message.clone(), places.clone()));
        let is_error = matches!(
            diagnostic.level,
            DiagnosticLevel::Error | DiagnosticLevel::Ice
        );
        // "aborting due to 2 previous errors"
        let is_count = is_error && code.is_none() && diagnostic.message.starts_with("aborting due");
        let edits = self.suggested(diagnostic);
        let said_again = |it: &&mut Leftover| it.message == diagnostic.message && it.edits == edits;
        if !is_new || is_count {
            if let Some(leftover) = self.check.leftovers.iter_mut().find(said_again) {
                leftover.said += 1;
            }
            return;
        }
        let rendered = diagnostic.rendered.as_deref();
        let rendered = rendered.unwrap_or(&diagnostic.message).trim_end();
        let problem = (is_error || is_unused(diagnostic)).then(|| Problem {
            code: code.clone(),
            message: self.caller.hide(&diagnostic.message),
            rendered: self.caller.hide(rendered),
            places,
        });
        match (code, problem) {
            (Some(lint), problem) if LEFTOVERS.contains(&&*lint) && !edits.is_empty() => {
                self.check.leftovers.push(Leftover {
                    lint,
                    message: diagnostic.message.clone(),
                    edits,
                    problem,
                    said: 1,
                });
            }
            (_, problem) => self.check.problems.extend(problem),
        }
    }

    fn places(&self, diagnostic: &Diagnostic, top: bool, places: &mut Vec<Place>) {
        for span in &diagnostic.spans {
            let mut place = self.place(span);
            place.primary &= top;
            places.push(place);
            let mut outer = span.expansion.as_ref();
            while let Some(expansion) = outer {
                places.push(Place {
                    primary: span.is_primary && top,
                    ..self.place(&expansion.span)
                });
                outer = expansion.span.expansion.as_ref();
            }
        }
        for child in &diagnostic.children {
            self.places(child, false, places);
        }
    }

    fn place(&self, span: &DiagnosticSpan) -> Place {
        Place {
            path: self.caller.file(&span.file_name),
            range: span.byte_start as usize..span.byte_end as usize,
            primary: span.is_primary,
        }
    }

    /// The edits of a suggestion that may be made by a program. The underscore before an unused
    /// variable is the usual way, and the compiler leaves the choice to a person.
    fn suggested(&self, diagnostic: &Diagnostic) -> Vec<(PathBuf, Range<usize>, String)> {
        diagnostic
            .children
            .iter()
            .flat_map(|child| &child.spans)
            .filter(|span| {
                matches!(
                    span.suggestion_applicability,
                    Some(Applicability::MachineApplicable | Applicability::MaybeIncorrect)
                )
            })
            .filter_map(|span| {
                let place = self.place(span);
                let text = span.suggested_replacement.clone()?;
                Some((place.path, place.range, text))
            })
            .collect()
    }

    fn artifact(&mut self, artifact: &Artifact) {
        let kind = artifact.target.kind.first();
        self.check.compiled.insert((
            artifact.package_id.repr.clone(),
            artifact.target.name.clone(),
            kind.map(ToString::to_string).unwrap_or_default(),
            artifact.profile.test,
        ));
        // What comes from a registry reads no file of a member.
        let filenames = artifact.filenames.iter();
        let is_local = artifact.package_id.repr.contains("path+");
        for file in filenames.filter(|_| is_local) {
            let stem = file.file_stem().unwrap_or_default();
            let name = format!("{}.d", stem.strip_prefix("lib").unwrap_or(stem));
            self.units.insert(file.with_file_name(name).into());
        }
    }

    /// Takes in the source files that the compiler wrote down. Each has a line of its own, with
    /// nothing behind the colon.
    fn dep_info(&mut self, path: &Path) {
        let text = fs::read_to_string(path).unwrap_or_default();
        let files = text.lines().filter_map(|line| line.strip_suffix(':'));
        for file in files {
            let file = file.replace("\\ ", " ");
            match self.caller.unchanged(&file) {
                Some(file) => drop(self.check.bypassed.insert(file)),
                None => *self.check.read.entry(self.caller.file(&file)).or_default() += 1,
            }
        }
    }
}

/// A call whose future nobody awaits only warns, and never runs. Other values count too: where the
/// crate denies the lint, our compiler only warns as well.
fn is_unused(diagnostic: &Diagnostic) -> bool {
    let lint = diagnostic.code.as_ref();
    lint.is_some_and(|lint| lint.code == UNUSED)
}
