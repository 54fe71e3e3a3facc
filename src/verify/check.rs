//! One call of cargo over the mirror, and what the compiler said.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    env, fs,
    io::{BufReader, Read as _},
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result};
use cargo_metadata::{
    Artifact, Message,
    diagnostic::{Applicability, Diagnostic, DiagnosticLevel, DiagnosticSpan},
};

use super::{configuration::Configuration, mirror::Mirror, wrapper};
use crate::cargo::cargo;

/// What a call of cargo came to.
#[derive(Debug, Default)]
pub struct Check {
    /// What speaks against the text, each once.
    pub problems: Vec<Problem>,
    /// Warnings that the compiler knows how to mend, each once.
    pub leftovers: Vec<Leftover>,
    /// The user's source files that the compiler read.
    pub read: BTreeSet<PathBuf>,
    /// The crates that were compiled to the end.
    pub compiled: BTreeSet<Unit>,
    /// Cargo's own words, where it failed without a word of the compiler's.
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
    /// The edits, in the file as it was compiled.
    pub edits: Vec<(PathBuf, Range<usize>, String)>,
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

impl Problem {
    /// What tells problems apart although lines moved.
    pub fn key(&self) -> (Option<&str>, &str, Option<&Path>) {
        let path = self.places.first().map(|place| place.path.as_path());
        (self.code.as_deref(), &self.message, path)
    }
}

impl Check {
    /// The problems that were not there before; of those that are alike, the last.
    pub fn new_since(&self, before: &Check) -> Vec<&Problem> {
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for problem in &before.problems {
            *known.entry(problem.key()).or_default() += 1;
        }
        self.problems
            .iter()
            .filter(|problem| match known.get_mut(&problem.key()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            })
            .collect()
    }

    /// Whether every crate that compiled before did so again.
    pub fn compiles_what(&self, before: &Check) -> bool {
        before.compiled.is_subset(&self.compiled)
    }
}

/// How cargo is called.
#[derive(Debug)]
pub struct Caller<'a> {
    /// The folder of the workspace.
    pub root: &'a Path,
    /// The mirror, or `None` to compile the user's own files.
    pub mirror: Option<&'a Mirror>,
    /// The program that stands for the compiler.
    pub wrapper: &'a Path,
    /// Where cargo builds, if not where it would by itself.
    pub target_folder: Option<&'a Path>,
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
            reader.dep_info(&self.root.join(unit));
        }
        let mut check = reader.check;
        if !status.success() && check.problems.is_empty() {
            check.failure = Some(self.hide(words.trim()));
        }
        Ok(check)
    }

    /// A cargo command, not started yet.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(cargo());
        command.arg(name).current_dir(self.root);
        if let Some(folder) = self.target_folder {
            command.env("CARGO_TARGET_DIR", folder);
        }
        if let Some(mirror) = self.mirror {
            if let Some(inner) = inner_wrapper(self.root) {
                command.env(wrapper::INNER, inner);
            }
            let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
            command
                .env("RUSTC_WORKSPACE_WRAPPER", self.wrapper)
                .env("RUSTDOC", self.wrapper)
                .env(wrapper::RUSTDOC, rustdoc)
                .env(wrapper::MIRROR, mirror.root());
        }
        command
    }

    /// A text that speaks of the user's own files, relative to the workspace.
    pub fn hide(&self, text: &str) -> String {
        self.mirror
            .map_or_else(|| text.to_owned(), |mirror| mirror.hide(text, self.root))
    }

    /// The user's file that the compiler names; relative names start at the workspace.
    fn file(&self, name: &str) -> PathBuf {
        let path = self.root.join(name);
        self.mirror
            .map_or_else(|| path.clone(), |mirror| mirror.outside(&path))
    }
}

struct Reader<'a> {
    caller: &'a Caller<'a>,
    check: Check,
    /// A library and its tests say the same twice.
    seen: HashSet<(String, Vec<Place>)>,
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
        if !is_new || is_count {
            return;
        }
        if is_error || is_unpolled(diagnostic) {
            let rendered = diagnostic.rendered.as_deref();
            let rendered = self
                .caller
                .hide(rendered.unwrap_or(&diagnostic.message).trim_end());
            self.check.problems.push(Problem {
                code,
                message: self.caller.hide(&diagnostic.message),
                rendered,
                places,
            });
        } else if let Some(lint) = code.filter(|code| LEFTOVERS.contains(&code.as_str())) {
            let edits = self.suggested(diagnostic);
            if !edits.is_empty() {
                self.check.leftovers.push(Leftover {
                    lint,
                    message: diagnostic.message.clone(),
                    edits,
                });
            }
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
        for file in &artifact.filenames {
            let stem = file.file_stem().unwrap_or_default();
            let name = format!("{}.d", stem.strip_prefix("lib").unwrap_or(stem));
            self.dep_info(file.with_file_name(name).as_std_path());
        }
    }

    /// Takes in the source files that the compiler wrote down. Each has a line of its own, with
    /// nothing behind the colon.
    fn dep_info(&mut self, path: &Path) {
        let text = fs::read_to_string(path).unwrap_or_default();
        let files = text.lines().filter_map(|line| line.strip_suffix(':'));
        let files = files.map(|file| self.caller.file(&file.replace("\\ ", " ")));
        self.check.read.extend(files);
    }
}

/// A call whose future nobody awaits only warns, and never runs.
fn is_unpolled(diagnostic: &Diagnostic) -> bool {
    let lint = diagnostic.code.as_ref();
    lint.is_some_and(|lint| lint.code == "unused_must_use")
        && (diagnostic.message.contains("Future") || diagnostic.message.contains("future"))
}

/// The wrapper that the user's own environment or cargo configuration names.
fn inner_wrapper(root: &Path) -> Option<PathBuf> {
    let named = [
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    ]
    .into_iter()
    .find_map(|name| env::var_os(name).filter(|value| !value.is_empty()));
    if let Some(wrapper) = named {
        return Some(PathBuf::from(wrapper));
    }
    let home = home::cargo_home_with_cwd(root).ok();
    let folders = root.ancestors().map(|folder| folder.join(".cargo"));
    folders.chain(home).find_map(|folder| {
        let text = ["config.toml", "config"]
            .iter()
            .find_map(|name| fs::read_to_string(folder.join(name)).ok())?;
        let config: toml::Table = text.parse().ok()?;
        let wrapper = config
            .get("build")?
            .get("rustc-workspace-wrapper")?
            .as_str()?;
        // A path with a separator is relative to the folder above the configuration's.
        Some(match wrapper.contains(['/', '\\']) {
            true => folder.parent().unwrap_or(root).join(wrapper),
            false => PathBuf::from(wrapper),
        })
    })
}
