//! What a person chose in the configuration.

use std::num::NonZeroUsize;

use serde::Deserialize;

/// Options of the codemods; what concerns a run as a whole is not here.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Rewrite sites in tests, benches and examples too.
    pub include_tests: bool,
    /// Public functions keep their signatures over an async function.
    pub keep_sync_api: bool,
    /// Only what becomes async together with the function of this path.
    pub root: Option<String>,
    /// How many functions may become async together.
    pub max_functions: Option<NonZeroUsize>,
    /// `[codemod.unobserved-task]`
    pub unobserved_task: UnobservedTask,
    /// `[codemod.blocking-in-async]`
    pub blocking_in_async: BlockingInAsync,
}

/// Options of `blocking-in-async`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlockingInAsync {
    /// What becomes of calls that wait for the file system.
    pub fs: Fs,
}

/// What becomes of calls that wait for the file system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fs {
    /// A single call is awaited, several are left to a person, and a cheap one is left.
    #[default]
    Auto,
    /// Each is awaited where the runtime has such a function.
    Tokio,
    /// One offload around them, which a person writes.
    Offload,
    /// They are left.
    Keep,
}

impl Fs {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Fs::Auto => "auto",
            Fs::Tokio => "tokio",
            Fs::Offload => "offload",
            Fs::Keep => "keep",
        }
    }
}

/// Options of `unobserved-task`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnobservedTask {
    /// Where the error is logged.
    pub style: Style,
    /// Run the logged task in the span that is current where it is spawned.
    pub span: bool,
    /// Also look at tasks whose output cannot be an error, for their panics. Needs the helper.
    pub panics: bool,
}

/// Where `unobserved-task` puts the logging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Inside the task; nothing else changes.
    #[default]
    Inline,
    /// In one `spawn_logged` for each crate, which also sees panics.
    Helper,
}
