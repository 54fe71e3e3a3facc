//! What may be said of the whole workspace, and of some files under `[[override]]`.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use unpark_codemods::{
    CATALOGUE,
    settings::{BlockingInAsync, UnobservedTask},
};

use super::{
    globs::Globs,
    lists::LISTS,
    words::{check_keys, did_you_mean},
};

/// The keys that `[[override]]` has, beside its `paths`.
pub const SCOPED: &[&str] = &["codemod", "skip", "unsafe-fixes"];

/// What a codemod may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It does not run.
    Off,
    /// All that it finds is for a person.
    Report,
    /// It rewrites.
    #[default]
    Fix,
}

/// What holds for the codemods.
#[derive(Debug, Clone, Default)]
pub struct Codemods {
    /// What each may do; one that is not named may fix.
    pub levels: BTreeMap<String, Level>,
    /// `[codemod.unobserved-task]`
    pub unobserved_task: UnobservedTask,
    /// `[codemod.blocking-in-async]`
    pub blocking_in_async: BlockingInAsync,
}

/// What is said of all files, or of some.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The codemods to leave out.
    pub skip: Vec<String>,
    /// Whether changes that are marked unsafe are made, if that is said.
    pub unsafe_fixes: Option<bool>,
    /// The tables of the codemods, as they are written.
    codemods: toml::Table,
}

/// What is said of some files.
#[derive(Debug, Clone)]
pub struct Override {
    paths: Globs,
    /// What is said of them.
    pub scope: Scope,
}

impl Scope {
    /// Reads those of the keys of a table that may stand in any scope.
    pub(super) fn read(table: &toml::Table) -> Result<Scope> {
        let codemods = match table.get("codemod") {
            Some(toml::Value::Table(codemods)) => codemods.clone(),
            Some(_) => bail!("`codemod` has to be a table, as in [codemod.unobserved-task]"),
            None => toml::Table::new(),
        };
        let scope = Scope {
            skip: names(table, "skip")?,
            unsafe_fixes: value(table, "unsafe-fixes")?,
            codemods,
        };
        scope.codemods()?;
        Ok(scope)
    }

    /// What it says of the codemods, without what it skips.
    pub(super) fn codemods(&self) -> Result<Codemods> {
        Codemods::read(&self.codemods)
    }
}

/// The tables of the codemods in these scopes, a later one over those before. What is skipped is off.
pub(super) fn tables<'a>(scopes: impl Iterator<Item = &'a Scope>) -> toml::Table {
    let mut tables = toml::Table::new();
    for scope in scopes {
        for (name, options) in &scope.codemods {
            let options = options.as_table().into_iter().flatten();
            let options = options.map(|(key, value)| (key.clone(), value.clone()));
            table_of(&mut tables, name).extend(options);
        }
        for name in &scope.skip {
            let off = toml::Value::String("off".to_owned());
            table_of(&mut tables, name).insert("level".to_owned(), off);
        }
    }
    tables
}

fn table_of<'a>(tables: &'a mut toml::Table, codemod: &str) -> &'a mut toml::Table {
    let none = || toml::Value::Table(toml::Table::new());
    let entry = tables.entry(codemod.to_owned()).or_insert_with(none);
    entry.as_table_mut().expect("it was read as tables")
}

impl Override {
    /// Reads all of a configuration's.
    pub(super) fn read_all(table: &toml::Table) -> Result<Vec<Override>> {
        let rows = match table.get("override") {
            Some(toml::Value::Array(rows)) => rows.as_slice(),
            Some(_) => bail!("`override` has to be written as [[override]]"),
            None => &[],
        };
        rows.iter().map(Override::read).collect()
    }

    fn read(row: &toml::Value) -> Result<Override> {
        let Some(row) = row.as_table() else {
            bail!("`override` has to be written as [[override]]");
        };
        for key in row.keys() {
            let why = match key.as_str() {
                key if LISTS.iter().any(|list| list.name == key) => {
                    "a function is the same for every file that calls it"
                }
                "only" => "what runs at all is said once; `skip` leaves codemods out here",
                "exclude" => {
                    "files are excluded for the whole run; `skip` leaves codemods out here"
                }
                "override" => "its paths are those of one row",
                _ => continue,
            };
            bail!("`{key}` can't stand in [[override]]: {why}");
        }
        let known: Vec<&str> = ["paths"]
            .into_iter()
            .chain(SCOPED.iter().copied())
            .collect();
        check_keys(row.keys(), &known, "key of [[override]]")?;
        let Some(paths) = value::<Vec<String>>(row, "paths").context("[[override]]")? else {
            bail!("[[override]] needs `paths`, the globs of its files");
        };
        if paths.is_empty() {
            bail!("[[override]]: `paths` names no file");
        }
        Ok(Override {
            paths: Globs::read("paths", &paths).context("[[override]]")?,
            scope: Scope::read(row).context("[[override]]")?,
        })
    }

    /// Whether it speaks of a file, by its path relative to the configuration's folder.
    pub fn speaks_of(&self, path: &Path) -> bool {
        self.paths.name(path)
    }
}

impl Codemods {
    /// Reads the tables below `codemod`.
    pub(super) fn read(tables: &toml::Table) -> Result<Codemods> {
        let mut codemods = Codemods::default();
        check_keys(tables.keys(), &catalogue(), "codemod")?;
        for (name, value) in tables {
            let toml::Value::Table(options) = value else {
                bail!("`codemod.{name}` has to be a table");
            };
            let mut options = options.clone();
            let known: Vec<&str> = options_of(name).iter().map(|(key, _)| *key).collect();
            check_keys(options.keys(), &known, &format!("key of [codemod.{name}]"))?;
            if let Some(level) = options.remove("level") {
                let level = level
                    .try_into()
                    .with_context(|| format!("codemod.{name}.level"))?;
                codemods.levels.insert(name.clone(), level);
            }
            match name.as_str() {
                "blocking-in-async" => codemods.blocking_in_async = own(name, options)?,
                "unobserved-task" => codemods.unobserved_task = own(name, options)?,
                _ => {}
            }
        }
        Ok(codemods)
    }

    /// What a codemod may do.
    pub fn level(&self, codemod: &str) -> Level {
        self.levels.get(codemod).copied().unwrap_or_default()
    }
}

fn own<T: DeserializeOwned>(codemod: &str, options: toml::Table) -> Result<T> {
    let read = options.try_into();
    read.with_context(|| format!("[codemod.{codemod}]"))
}

/// The options of a codemod, with what holds where nothing is written.
pub fn options_of(codemod: &str) -> &'static [(&'static str, &'static str)] {
    const LEVEL: (&str, &str) = ("level", "\"fix\"");
    match codemod {
        "blocking-in-async" => &[LEVEL, ("fs", "\"auto\"")],
        "unobserved-task" => &[
            LEVEL,
            ("style", "\"inline\""),
            ("span", "false"),
            ("panics", "false"),
        ],
        _ => &[LEVEL],
    }
}

/// The value of a key, if there is one.
pub(super) fn value<T: DeserializeOwned>(table: &toml::Table, key: &str) -> Result<Option<T>> {
    let value = table.get(key).cloned();
    let value = value.map(toml::Value::try_into).transpose();
    value.with_context(|| format!("`{key}`"))
}

/// A list of names of codemods.
pub(super) fn names(table: &toml::Table, key: &str) -> Result<Vec<String>> {
    let names: Vec<String> = value(table, key)?.unwrap_or_default();
    let known = catalogue();
    for name in &names {
        if !known.contains(&name.as_str()) {
            let hint = did_you_mean(name, &known);
            bail!("`{key}`: no codemod is called `{name}`{hint}");
        }
    }
    Ok(names)
}

fn catalogue() -> Vec<&'static str> {
    CATALOGUE.iter().map(|codemod| codemod.name).collect()
}
