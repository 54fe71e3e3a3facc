//! The stage: one loaded workspace whose files are replaced by those of each fixture.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, MutexGuard},
};

use ra_ap_hir::{Semantics, attach_db};
use ra_ap_ide_db::{FileId, span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::SourceFile;
use unpark::{
    adoption::Adopt,
    baseline::Baseline,
    cargo::Project,
    collect,
    config::Config,
    discover::CandidateFile,
    engine::Files,
    limits,
    options::{CargoOptions, Options},
    outcome::{Finding, Outcome},
    report::conversion,
    run::{self, Chosen},
    source::Source,
    workspace::Workspace,
};
use unpark_codemods::{
    CATALOGUE, Codemod,
    context::FileContext,
    knowledge::{BUILT_IN, Resolved},
    outline::Outline,
    settings::Settings,
};

use super::fixture::Case;

/// A loaded stage. Cases play on it one after the other: it has one database.
pub struct Stage {
    /// What is loaded.
    pub workspace: Workspace,
    root: PathBuf,
    /// What a test asks for, beside what its case says.
    pub options: Options,
    /// The findings that are left as they are.
    baseline: Baseline,
    /// What is run.
    pub selection: Vec<&'static Codemod>,
    /// What every file of the stage holds when nobody plays.
    empty: BTreeMap<PathBuf, (FileId, String)>,
}

/// The codemod that finds something in what nearly every case has.
const FAKE_ASYNC: &str = "fake-async";

/// Two tests that play at once have one each; the second is loaded when it is needed.
static STAGES: [LazyLock<Mutex<Stage>>; 2] = [const { LazyLock::new(load) }; 2];

fn load() -> Mutex<Stage> {
    in_pool(1, || Mutex::new(Stage::load()))
}

/// Takes a stage for one case.
pub fn stage() -> MutexGuard<'static, Stage> {
    let free = STAGES.iter().find_map(|stage| stage.try_lock().ok());
    free.unwrap_or_else(|| {
        STAGES[0]
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    })
}

/// Runs with a number of threads, each with the stack that analysis has.
pub fn in_pool<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(limits::STACK)
        .build()
        .expect("threads can be had")
        .install(run)
}

/// The folder of the stage.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage")
}

impl Stage {
    fn load() -> Stage {
        let root = folder();
        let manifest = root.join("Cargo.toml");
        let options = Options {
            cargo: CargoOptions {
                locked: true,
                ..CargoOptions::default()
            },
            include_tests: true,
            ..Options::default()
        };
        let project = Project::of(&manifest, &options.cargo).expect("the stage is a workspace");
        let (workspace, report) =
            Workspace::load(project, &manifest, &options, &|note| println!("{note}"))
                .expect("the stage loads");
        assert_eq!(report.untyped, None, "the stage has no types: {report:?}");
        let mut empty = BTreeMap::new();
        for package in workspace
            .project
            .packages
            .iter()
            .filter(|it| it.facts.name.starts_with("with-"))
        {
            for name in [
                "src/lib.rs",
                "src/a.rs",
                "src/b.rs",
                "src/main.rs",
                "tests/it.rs",
            ] {
                let path = package.folder.join(name);
                let file = workspace
                    .file_id(&path)
                    .expect("every package has the same files");
                let text = std::fs::read_to_string(&path).expect("files of the stage are read");
                empty.insert(path, (file, text));
            }
        }
        Stage {
            workspace,
            root,
            options: Options::default(),
            baseline: Baseline::default(),
            selection: CATALOGUE.iter().collect(),
            empty,
        }
    }

    /// Looks at the files of a case, and changes nothing.
    pub fn survey(&mut self, case: &Case, files: &BTreeMap<String, String>) -> Outcome {
        self.options.adopt = Some(Adopt::WriteBaseline);
        let outcome = self.play(case, files, &BTreeMap::new());
        self.options.adopt = None;
        outcome
    }

    /// Has comments written that allow all that is found in the files of a case.
    pub fn allow(
        &mut self,
        case: &Case,
        files: &BTreeMap<String, String>,
        reason: &str,
    ) -> Outcome {
        let reason = reason.parse().expect("a reason is one line");
        self.options.adopt = Some(Adopt::Allow(reason));
        let outcome = self.play(case, files, &BTreeMap::new());
        self.options.adopt = None;
        outcome
    }

    /// Plays the files of a case where some findings are in the baseline.
    pub fn play_beside(
        &mut self,
        case: &Case,
        files: &BTreeMap<String, String>,
        baseline: &Baseline,
    ) -> Outcome {
        self.baseline = baseline.clone();
        let outcome = self.play(case, files, &BTreeMap::new());
        self.baseline = Baseline::default();
        outcome
    }

    /// Plays the files of a case, and gives what unpark makes of them.
    pub fn play(
        &mut self,
        case: &Case,
        files: &BTreeMap<String, String>,
        denied: &BTreeMap<String, String>,
    ) -> Outcome {
        let selection = self.selected(case);
        let knowledge = config(case, &selection).knowledge();
        let mut candidates = Vec::new();
        for (name, text) in files {
            let source = Source::decode(text.clone().into_bytes()).expect("fixtures are UTF-8");
            let tree = SourceFile::parse(text, Edition::CURRENT).tree();
            let tokens = LexedStr::new(Edition::CURRENT, text);
            let outline = Outline::of(&tokens, &tree, &knowledge);
            let found = selection.iter();
            let found = found.map(|codemod| (codemod.candidates)(&outline, &knowledge));
            candidates.push(CandidateFile {
                path: self.path(case, name),
                source,
                candidates: found.collect(),
            });
        }
        self.perform(case, files, candidates, denied)
    }

    /// What is run for a case: of the codemods that run only where they are named, its own.
    pub fn selected(&self, case: &Case) -> Vec<&'static Codemod> {
        let selection = self.selection.iter().copied();
        selection
            .filter(|codemod| !codemod.opt_in || case.options.looks_at(codemod.name))
            .collect()
    }

    /// The folder of the package that a case plays in.
    pub fn folder(&self, case: &Case) -> PathBuf {
        self.root.join(&case.options.package)
    }

    /// The path of a file of a case: in its package, or after `../` in another one.
    pub fn path(&self, case: &Case, name: &str) -> PathBuf {
        match name.strip_prefix("../") {
            Some(other) => self.root.join(other),
            None => self.folder(case).join(name),
        }
    }

    /// Plays what was found in some files.
    pub fn perform(
        &mut self,
        case: &Case,
        files: &BTreeMap<String, String>,
        candidates: Vec<CandidateFile>,
        denied: &BTreeMap<String, String>,
    ) -> Outcome {
        let folder = self.folder(case);
        let selection = self.selected(case);
        let config = config(case, &selection);
        let mut texts: BTreeMap<FileId, String> = self
            .empty
            .values()
            .map(|(id, text)| (*id, text.clone()))
            .collect();
        for (name, text) in files {
            let path = self.path(case, name);
            let (id, _) = self
                .empty
                .get(&path)
                .unwrap_or_else(|| panic!("no file {name} on stage"));
            texts.insert(*id, text.clone());
        }
        self.workspace.write(texts);
        let mut outcome = Outcome {
            root: folder,
            ..Outcome::default()
        };
        let mut open: Files = run::open(&mut self.workspace, candidates, &mut outcome);
        let options = Options {
            unsafe_fixes: case.options.unsafe_fixes.then_some(true),
            include_tests: case.options.include_tests,
            keep_sync_api: case.options.keep_sync_api,
            root: case.options.root.clone(),
            max_functions: case.options.max_functions,
            fs: case.options.fs,
            ..self.options.clone()
        };
        let chosen = Chosen {
            options: &options,
            selection: &selection,
            config: &config,
            denied,
            changed: None,
            baseline: &self.baseline,
            lowered: &BTreeSet::new(),
            asked: &|_| false,
        };
        run::analyse(&mut outcome, &mut self.workspace, &mut open, &chosen);
        collect::finish(&mut outcome);
        outcome
    }
}

impl Stage {
    /// Shows a file of a package to an engine, where these are its files.
    pub fn look<T>(
        &mut self,
        package: &str,
        files: &BTreeMap<String, String>,
        name: &str,
        look: impl FnOnce(&FileContext<'_>) -> T,
    ) -> T {
        let folder = self.root.join(package);
        let text = &files[name];
        let (file, _) = self.empty[&folder.join(name)];
        let mut texts: BTreeMap<FileId, String> = self
            .empty
            .values()
            .map(|(id, text)| (*id, text.clone()))
            .collect();
        for (name, text) in files {
            let (file, _) = self.empty[&folder.join(name)];
            texts.insert(file, text.clone());
        }
        self.workspace.write(texts);
        self.workspace.prime(&[file]);
        let db = &self.workspace.db;
        attach_db(db, || {
            let known = Resolved::new(db, &BUILT_IN, self.workspace.crates_read());
            let sema = Semantics::new(db);
            let krate = sema.first_crate(file).expect("a member's file");
            let (package, target) = self.workspace.facts_of(krate).expect("a member's file");
            look(&FileContext {
                db,
                sema: &sema,
                file,
                text,
                source: sema.parse_guess_edition(file),
                package,
                target,
                manifest: None,
                known: &known,
                settings: &Settings::default(),
            })
        })
    }
}

/// What stands in for async code awaits nothing in most cases; only those that ask for it are looked
/// at for that.
fn config(case: &Case, selection: &[&'static Codemod]) -> Config {
    let mut text = String::new();
    if selection.iter().any(|codemod| codemod.opt_in) {
        let names: Vec<&str> = selection.iter().map(|codemod| codemod.name).collect();
        text += &format!("only = {names:?}\n");
    }
    text += &case.config;
    if !case.options.config.is_empty() {
        let own = case.options.config.join("\n");
        text += &format!("[codemod.unobserved-task]\n{own}\n");
    }
    if !case.options.looks_at(FAKE_ASYNC) {
        text += &format!("[codemod.{FAKE_ASYNC}]\nlevel = \"off\"\n");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("unpark.toml"), text).expect("a file is written");
    Config::load(folder.path()).expect("the configuration of a fixture is valid")
}

/// The texts of files after a run.
pub fn after(before: &BTreeMap<String, String>, outcome: &Outcome) -> BTreeMap<String, String> {
    let mut texts = before.clone();
    for file in &outcome.files {
        texts.insert(outcome.shown(&file.path), file.after.clone());
    }
    texts
}

/// One line for a finding.
pub fn line(outcome: &Outcome, finding: &Finding) -> String {
    let place = format!("{}:{}", outcome.shown(&finding.path), finding.start.line);
    let state = finding.state.name();
    let safety = match finding.change {
        Some(_) => format!(" {}", finding.safety.name()),
        None => String::new(),
    };
    let effects: Vec<_> = finding.effects.iter().map(|effect| effect.name()).collect();
    let effects = if effects.is_empty() {
        String::new()
    } else {
        format!(" [{}]", effects.join(", "))
    };
    let mut line = format!(
        "{place} {}: {state}{safety}{effects}: {}\n",
        finding.codemod, finding.message
    );
    for why in &finding.why {
        let elsewhere = why.path != finding.path || why.line != finding.start.line;
        let place = match elsewhere {
            true => format!(" ({}:{})", outcome.shown(&why.path), why.line),
            false => String::new(),
        };
        line += &format!("    because {}{place}\n", why.message);
    }
    if let Some(it) = &finding.conversion {
        line += &format!("    async: {}\n", conversion::cost(it));
        for function in &it.functions {
            line += &format!("    async: {}\n", conversion::chain(outcome, function));
        }
    }
    if let Some(refusal) = &finding.refusal {
        line += &format!("    {}: {}\n", refusal.kind.code(), refusal.message);
    }
    if let Some(help) = &finding.help {
        line += &format!("    help: {help}\n");
    }
    line
}
