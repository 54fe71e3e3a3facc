//! What holds for a file: the configuration, with its overrides and what was typed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use unpark_codemods::{
    CATALOGUE,
    codemod::Safety,
    settings::{BlockingInAsync, Settings},
};

use super::{
    Config, Level, Override,
    scope::{self, Codemods},
};
use crate::options::Options;

/// What holds for the files of a workspace.
#[derive(Debug)]
pub struct Rules<'a> {
    config: &'a Config,
    options: &'a Options,
    folder: PathBuf,
    /// By the overrides that speak of a file.
    known: Mutex<BTreeMap<Vec<usize>, Arc<Rule>>>,
}

/// What holds for a file.
#[derive(Debug)]
pub struct Rule {
    /// The codemods that do not run.
    pub off: BTreeSet<&'static str>,
    /// Those whose findings are all for a person.
    pub report_only: BTreeSet<&'static str>,
    /// The least safety that is taken.
    pub least: Safety,
    /// What the codemods are told.
    pub settings: Settings,
}

impl<'a> Rules<'a> {
    /// Those of a configuration, under what was typed.
    pub fn new(config: &'a Config, options: &'a Options) -> Rules<'a> {
        Rules {
            config,
            options,
            folder: config.folder(),
            known: Mutex::default(),
        }
    }

    /// What holds where no override speaks of a file.
    pub fn everywhere(&self) -> Arc<Rule> {
        self.with(Vec::new())
    }

    /// What holds for the file at an absolute path.
    pub fn of(&self, path: &Path) -> Arc<Rule> {
        let Ok(path) = path.strip_prefix(&self.folder) else {
            return self.everywhere();
        };
        let overrides = self.config.overrides.iter().enumerate();
        let speaking = overrides.filter(|(_, it)| it.speaks_of(path));
        self.with(speaking.map(|(index, _)| index).collect())
    }

    fn with(&self, overrides: Vec<usize>) -> Arc<Rule> {
        let mut known = self.known.lock().expect("no panic while held");
        let rule = known.entry(overrides);
        let make = |overrides: &Vec<usize>| {
            let all = &self.config.overrides;
            let overrides: Vec<_> = overrides.iter().map(|&index| &all[index]).collect();
            Arc::new(self.make(&overrides))
        };
        Arc::clone(rule.or_insert_with_key(make))
    }

    fn make(&self, overrides: &[&Override]) -> Rule {
        let Rules {
            config, options, ..
        } = self;
        let scopes = || overrides.iter().map(|it| &it.scope);
        let tables = scope::tables([&config.scope].into_iter().chain(scopes()));
        let codemods = Codemods::read(&tables).expect("each scope was read");
        // What was typed counts more than what is written for all files, and what is written for
        // this very file counts most.
        let here = Codemods::read(&scope::tables(scopes())).expect("each scope was read");
        let named = |list: &[String], name: &str| list.iter().any(|it| it == name);
        let mut rule = Rule {
            off: BTreeSet::new(),
            report_only: BTreeSet::new(),
            least: Safety::Safe,
            settings: self.settings(&codemods),
        };
        for codemod in CATALOGUE {
            let name = codemod.name;
            let typed = named(&options.only, name);
            let chosen = match (options.only.is_empty(), config.only.is_empty()) {
                (false, _) => typed,
                (true, false) => named(&config.only, name),
                (true, true) => !codemod.opt_in,
            };
            let level = match (here.levels.get(name), codemods.level(name)) {
                (Some(level), _) => *level,
                (None, Level::Off) if typed => Level::Fix,
                (None, level) => level,
            };
            if !chosen || named(&options.skip, name) || level == Level::Off {
                rule.off.insert(name);
            }
            if level == Level::Report {
                rule.report_only.insert(name);
            }
        }
        let said = scopes().filter_map(|scope| scope.unsafe_fixes).next_back();
        let said = options.unsafe_fixes.or(said);
        if said.or(config.scope.unsafe_fixes).unwrap_or_default() {
            rule.least = Safety::Unsafe;
        }
        rule
    }

    fn settings(&self, codemods: &Codemods) -> Settings {
        let options = self.options;
        Settings {
            include_tests: options.include_tests,
            keep_sync_api: options.keep_sync_api,
            root: options.root.clone(),
            max_functions: options.max_functions,
            unobserved_task: codemods.unobserved_task,
            blocking_in_async: match options.fs {
                Some(fs) => BlockingInAsync { fs },
                None => codemods.blocking_in_async,
            },
        }
    }
}
