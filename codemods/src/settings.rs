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
