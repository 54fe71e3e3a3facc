//! `unpark.toml`, or `[workspace.metadata.unpark]`.

mod globs;
mod lists;
mod rules;
mod scope;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use toml::de::{DeTable, DeValue};
use unpark_codemods::knowledge::Knowledge;

pub use self::{
    globs::Globs,
    lists::{Blocking, Functions, LISTS, List, Named, Wrapper},
    rules::{Rule, Rules},
    scope::{Codemods, Level, Override, SCOPED, Scope, options_of},
    words::{did_you_mean, nearest},
};

/// The configuration of a workspace.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where it was read from.
    pub path: Option<PathBuf>,
    /// What stands there, as text and parsed.
    written: (String, toml::Table),
    /// The codemods to run; empty for all.
    pub only: Vec<String>,
    /// The files in which no finding starts.
    exclude: Globs,
    /// What is said of all files.
    pub scope: Scope,
    /// The same, of the codemods.
    pub codemods: Codemods,
    /// What is said of some files.
    pub overrides: Vec<Override>,
    /// What is said of functions.
    pub functions: Functions,
}

/// The JSON schema of `unpark.toml`, for editors.
pub const SCHEMA: &str = include_str!("../../docs/unpark.schema.json");

impl Config {
    /// Reads the configuration of the workspace at `root`; none is the default one.
    ///
    /// # Errors
    /// If it can't be read, does not parse, or has a key that nobody knows; the message names the
    /// nearest known one.
    pub fn load(root: &Path) -> Result<Config> {
        let path = root.join("unpark.toml");
        if path.exists() {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("can't read {}", path.display()))?;
            let table = text
                .parse::<toml::Table>()
                .with_context(|| format!("{} does not parse", path.display()))?;
            return Config::from_table(table, path.clone(), text)
                .with_context(|| format!("in {}", path.display()));
        }
        let manifest = root.join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else {
            return Ok(Config::default());
        };
        // A manifest that does not parse is cargo's to complain about.
        let Ok(table) = text.parse::<toml::Table>() else {
            return Ok(Config::default());
        };
        let metadata = ["workspace", "package"].iter().find_map(|section| {
            table
                .get(*section)?
                .get("metadata")?
                .get("unpark")?
                .as_table()
                .cloned()
        });
        match metadata {
            Some(table) => Config::from_table(table, manifest.clone(), text).with_context(|| {
                format!("in [workspace.metadata.unpark] of {}", manifest.display())
            }),
            None => Ok(Config::default()),
        }
    }

    /// Reads the text of an `unpark.toml`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(text: &str) -> Result<Config> {
        let table = text.parse::<toml::Table>().context("it does not parse")?;
        Config::from_table(table, PathBuf::from("unpark.toml"), text.to_owned())
    }

    fn from_table(table: toml::Table, path: PathBuf, text: String) -> Result<Config> {
        let lists = LISTS.iter().map(|list| list.name);
        let others = ["exclude", "only", "override"].into_iter();
        let keys: Vec<&str> = others.chain(SCOPED.iter().copied()).chain(lists).collect();
        words::check_keys(table.keys(), &keys, "key")?;
        let exclude: Vec<String> = scope::value(&table, "exclude")?.unwrap_or_default();
        let scope = Scope::read(&table)?;
        Ok(Config {
            path: Some(path),
            only: scope::names(&table, "only")?,
            exclude: Globs::read("exclude", &exclude)?,
            codemods: scope.codemods()?,
            scope,
            overrides: Override::read_all(&table)?,
            functions: Functions::read(&table)?,
            written: (text, table),
        })
    }

    /// The folder that its globs are relative to.
    pub fn folder(&self) -> PathBuf {
        let folder = self.path.as_deref().and_then(Path::parent);
        folder.unwrap_or(Path::new("")).to_owned()
    }

    /// Whether no finding is to start in a file, by its absolute path.
    pub fn excludes(&self, path: &Path) -> bool {
        let path = path.strip_prefix(self.folder());
        path.is_ok_and(|path| self.exclude.name(path))
    }

    /// A value as it is written, and where that stands.
    pub fn written(&self, keys: &[&str]) -> Option<(&toml::Value, String)> {
        let (text, table) = &self.written;
        let (first, rest) = keys.split_first()?;
        let value = rest
            .iter()
            .try_fold(table.get(*first)?, |value, key| value.get(*key))?;
        let path = self.path.as_ref()?;
        let file = path.file_name()?.to_string_lossy();
        Some(match line_of(text, keys) {
            Some(line) => (value, format!("{file}:{line}")),
            None => (value, file.into_owned()),
        })
    }

    /// The built-in tables with the user's functions.
    pub fn knowledge(&self) -> Knowledge {
        let mut knowledge = unpark_codemods::knowledge::BUILT_IN.clone();
        self.functions.add_to(&mut knowledge);
        knowledge
    }
}

/// The line of a key, in `unpark.toml` or below `metadata.unpark` of a manifest.
fn line_of(text: &str, keys: &[&str]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let heads: [&[&str]; 3] = [
        &[],
        &["workspace", "metadata", "unpark"],
        &["package", "metadata", "unpark"],
    ];
    let at = heads.iter().find_map(|head| {
        let (mut table, mut place) = (Some(document.get_ref()), None);
        for wanted in head.iter().chain(keys) {
            let (key, value) = table?.iter().find(|(key, _)| key.get_ref() == wanted)?;
            place = Some(key.span().start);
            table = match value.get_ref() {
                DeValue::Table(table) => Some(table),
                _ => None,
            };
        }
        place
    })?;
    Some(text[..at].matches('\n').count() + 1)
}
