//! What a person asked for, after parsing and before anything is looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use bytesize::ByteSize;

use unpark_codemods::settings::Fs;

use crate::{adoption::Adopt, changed::Changes, outcome::Defect, suppress::Reason};

/// One run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where findings start. Empty: the package or workspace of the current folder.
    pub paths: Vec<PathBuf>,
    /// The file that a question is about: codemods that look at one file at a time look at no other.
    pub about: Option<PathBuf>,
    /// The codemods to run; empty for all.
    pub only: Vec<String>,
    /// The codemods to leave out.
    pub skip: Vec<String>,
    /// Whether the changes marked unsafe are made, too; `None` for what the configuration says.
    pub unsafe_fixes: Option<bool>,
    /// Rewrite sites in tests, benches and examples too.
    pub include_tests: bool,
    /// Public functions keep their signatures over an async function.
    pub keep_sync_api: bool,
    /// Manifests are edited where a change needs a feature of a dependency.
    pub fix_manifests: bool,
    /// Only what becomes async together with the function of this path.
    pub root: Option<String>,
    /// How many functions may become async together.
    pub max_functions: Option<NonZeroUsize>,
    /// What becomes of calls that wait for the file system; `None` for what the configuration says.
    pub fs: Option<Fs>,
    /// What a review accepted; `None` for all changes that the safety allows.
    pub accepted: Option<Accepted>,
    /// What is done about all findings, in the place of changing them.
    pub adopt: Option<Adopt>,
    /// What is in the baseline counts as well.
    pub ignore_baseline: bool,
    /// Only findings on lines that changed, or that speak of one.
    pub changes: Option<Changes>,
    /// No cargo and no types; every finding is manual.
    pub syntax_only: bool,
    /// Never add the rust-src component.
    pub no_rust_src_install: bool,
    /// What is handed to cargo.
    pub cargo: CargoOptions,
    /// The memory, in bytes, after which nothing more is loaded.
    pub max_memory: Option<ByteSize>,
    /// How long a codemod may look at a file, if not [`limits::TIME`](crate::limits::TIME).
    pub max_time: Option<Duration>,
    /// Ends the process, where a look takes too long and can't be ended. Without it, the run waits.
    pub give_up: Option<fn(&Defect) -> !>,
    /// How many threads; 0 for one for each core.
    pub jobs: usize,
    /// Show progress on standard error.
    pub progress: bool,
    /// Compile the changes; `None` to leave them unverified.
    pub verify: Option<VerifyOptions>,
}

impl Options {
    /// Whether comments are to allow some of what is found.
    pub fn writes_comments(&self) -> bool {
        let accepted = self.accepted.as_ref();
        matches!(self.adopt, Some(Adopt::Allow(_)))
            || accepted.is_some_and(|accepted| !accepted.suppressed.is_empty())
    }

    /// Why a comment is to allow a finding, if one is.
    pub fn reason_to_allow(&self, id: &str) -> Option<&str> {
        match (&self.adopt, &self.accepted) {
            (Some(Adopt::Allow(reason)), _) => Some(reason.as_str()),
            (_, Some(accepted)) => accepted.suppressed.get(id).map(Reason::as_str),
            _ => None,
        }
    }
}

/// What a review decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The ids of the findings whose changes it accepted. Their safety does not matter: somebody has read them.
    pub ids: BTreeSet<String>,
    /// The ids of the findings that a comment is to allow, with the reason.
    pub suppressed: BTreeMap<String, Reason>,
    /// The file that says so.
    pub file: Option<PathBuf>,
}

/// How changes are compiled before anybody relies on them.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The program that cargo calls in the place of the compiler: unpark itself.
    pub wrapper: PathBuf,
    /// With which features.
    pub features: VerifyFeatures,
    /// Run the user's tests too, before and after.
    pub tests: bool,
    /// Compile in the user's own folders, under the journal, and not in a mirror of them.
    pub in_place: bool,
}

/// The features that have to compile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerifyFeatures {
    /// Those that cargo was asked for.
    #[default]
    Default,
    /// Also all of them at once.
    All,
    /// Also none, each alone, and all of them at once.
    Each,
}

/// Cargo's own flags, with cargo's own meaning.
#[derive(Debug, Clone, Default)]
pub struct CargoOptions {
    /// `--manifest-path`
    pub manifest_path: Option<PathBuf>,
    /// `-p`
    pub packages: Vec<String>,
    /// `--workspace`
    pub workspace: bool,
    /// `--exclude`
    pub exclude: Vec<String>,
    /// `--features`
    pub features: Vec<String>,
    /// `--all-features`
    pub all_features: bool,
    /// `--no-default-features`
    pub no_default_features: bool,
    /// `--target`
    pub target: Option<String>,
    /// `--locked`
    pub locked: bool,
    /// `--offline`
    pub offline: bool,
    /// `--frozen`
    pub frozen: bool,
}

impl CargoOptions {
    /// The flags that decide whether cargo may write a lock file or use the network.
    pub fn lock_flags(&self) -> Vec<String> {
        [
            (self.locked, "--locked"),
            (self.offline, "--offline"),
            (self.frozen, "--frozen"),
        ]
        .into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, flag)| flag.to_owned())
        .collect()
    }
}

impl VerifyFeatures {
    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            VerifyFeatures::Default => "default",
            VerifyFeatures::All => "all",
            VerifyFeatures::Each => "each",
        }
    }
}
