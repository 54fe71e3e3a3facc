//! `unpark.toml`, or `[workspace.metadata.unpark]`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use unpark_codemods::{
    CATALOGUE,
    knowledge::{Knowledge, StatedShape, WrapperKind},
    settings::{BlockingInAsync, Settings, UnobservedTask},
};

use crate::options::Options;

/// The configuration of a workspace.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where it was read from.
    pub path: Option<PathBuf>,
    /// What stands there, as text and parsed.
    written: (String, toml::Table),
    /// What each codemod may do; a codemod that is not named may fix.
    pub levels: BTreeMap<String, Level>,
    /// Options of the codemods.
    pub unobserved_task: UnobservedTask,
    /// `[codemod.blocking-in-async]`
    pub blocking_in_async: BlockingInAsync,
    /// Functions of the user's own.
    pub wrappers: Vec<Wrapper>,
    /// Functions that block, as the user says.
    pub blocking: Vec<Blocking>,
    /// Functions that compute for long, as the user says.
    pub cpu_bound: Vec<Named>,
    /// Functions that are cheap, as the user says.
    pub cheap: Vec<Named>,
    /// Functions that only read, as the user says.
    pub reads: Vec<Named>,
}

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

/// A function of the user's own that spawns, offloads or blocks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// What it does.
    pub is: WrapperKind,
}

/// A function that blocks the thread which calls it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocking {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// The path of what takes its place in async code.
    pub equivalent: Option<String>,
    /// How much of a call changes.
    #[serde(default = "offload")]
    pub shape: StatedShape,
}

fn offload() -> StatedShape {
    StatedShape::Offload
}

/// A function that the user knows more about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// How the user knows.
    pub reason: Option<String>,
}

/// A list of functions of the user's own.
#[derive(Debug)]
pub struct List {
    /// Its key.
    pub name: &'static str,
    /// What a row may say.
    pub keys: &'static [&'static str],
}

/// The lists that a configuration may have.
pub const LISTS: &[List] = &[
    List {
        name: "blocking",
        keys: &["path", "equivalent", "shape"],
    },
    List {
        name: "cheap",
        keys: &["path", "reason"],
    },
    List {
        name: "cpu-bound",
        keys: &["path", "reason"],
    },
    List {
        name: "reads",
        keys: &["path", "reason"],
    },
    List {
        name: "wrapper",
        keys: &["path", "is"],
    },
];

/// The JSON schema of `unpark.toml`, for editors.
pub const SCHEMA: &str = include_str!("../docs/unpark.schema.json");

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
        let keys: Vec<&str> = lists.chain(["codemod"]).collect();
        check_keys(table.keys(), &keys, "key")?;
        let mut config = Config {
            path: Some(path),
            written: (text, table.clone()),
            ..Config::default()
        };
        let codemods = match table.get("codemod") {
            Some(toml::Value::Table(codemods)) => codemods.clone(),
            Some(_) => bail!("`codemod` has to be a table, as in [codemod.unobserved-task]"),
            None => toml::Table::new(),
        };
        let names: Vec<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
        check_keys(codemods.keys(), &names, "codemod")?;
        for (name, value) in codemods {
            let toml::Value::Table(mut options) = value else {
                bail!("`codemod.{name}` has to be a table");
            };
            let known: Vec<&str> = options_of(&name).iter().map(|(key, _)| *key).collect();
            check_keys(options.keys(), &known, &format!("key of [codemod.{name}]"))?;
            if let Some(level) = options.remove("level") {
                let level = level
                    .try_into()
                    .with_context(|| format!("codemod.{name}.level"))?;
                config.levels.insert(name.clone(), level);
            }
            if name == "blocking-in-async" {
                config.blocking_in_async = options
                    .try_into()
                    .with_context(|| format!("[codemod.{name}]"))?;
            } else if name == "unobserved-task" {
                config.unobserved_task = options
                    .try_into()
                    .with_context(|| format!("[codemod.{name}]"))?;
            }
        }
        for list in LISTS {
            let rows = table.get(list.name).and_then(toml::Value::as_array);
            for row in rows.into_iter().flatten().filter_map(toml::Value::as_table) {
                let what = format!("key of [[{}]]", list.name);
                check_keys(row.keys(), list.keys, &what)?;
            }
        }
        config.wrappers = rows(&table, "wrapper")?;
        config.blocking = rows(&table, "blocking")?;
        config.cpu_bound = rows(&table, "cpu-bound")?;
        config.cheap = rows(&table, "cheap")?;
        config.reads = rows(&table, "reads")?;
        for row in &config.blocking {
            let needs = matches!(
                row.shape,
                StatedShape::DropIn | StatedShape::Renamed | StatedShape::Signature
            );
            if needs != row.equivalent.is_some() {
                bail!(
                    "[[blocking]] of `{}`: `equivalent` goes with the shapes `drop-in`, `renamed` and \
                     `signature`, and with no other",
                    row.path
                );
            }
        }
        Ok(config)
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

    /// What a codemod may do.
    pub fn level(&self, codemod: &str) -> Level {
        self.levels.get(codemod).copied().unwrap_or_default()
    }

    /// The built-in tables with the user's functions.
    pub fn knowledge(&self) -> Knowledge {
        let mut knowledge = unpark_codemods::knowledge::BUILT_IN.clone();
        for wrapper in &self.wrappers {
            knowledge.add_wrapper(&wrapper.path, wrapper.is);
        }
        for row in &self.blocking {
            knowledge.add_blocking(&row.path, row.shape, row.equivalent.as_deref());
        }
        for row in &self.cpu_bound {
            knowledge.add_cpu_bound(&row.path, row.reason.as_deref());
        }
        for row in &self.cheap {
            knowledge.add_cheap(&row.path);
        }
        for row in &self.reads {
            knowledge.add_reads(&row.path);
        }
        knowledge
    }

    /// What the codemods are told.
    pub fn settings(&self, options: &Options) -> Settings {
        Settings {
            include_tests: options.include_tests,
            keep_sync_api: options.keep_sync_api,
            root: options.root.clone(),
            max_functions: options.max_functions,
            unobserved_task: self.unobserved_task,
            blocking_in_async: match options.fs {
                Some(fs) => BlockingInAsync { fs },
                None => self.blocking_in_async,
            },
        }
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

/// The tables of an array.
fn rows<T: serde::de::DeserializeOwned>(table: &toml::Table, key: &str) -> Result<Vec<T>> {
    match table.get(key) {
        Some(rows) => rows
            .clone()
            .try_into()
            .with_context(|| format!("[[{key}]]")),
        None => Ok(Vec::new()),
    }
}

fn check_keys<'a>(
    keys: impl Iterator<Item = &'a String>,
    known: &[&str],
    what: &str,
) -> Result<()> {
    for key in keys {
        if !known.contains(&key.as_str()) {
            bail!("unknown {what} `{key}`{}", did_you_mean(key, known));
        }
    }
    Ok(())
}

/// A hint at the nearest of the known words, or at all of them.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; known are {}", known.join(", ")),
    }
}

/// The known word that is the nearest, if one is near.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3))
        .map(|(_, nearest)| nearest)
}
