//! Loads a cargo workspace into rust-analyzer's database.
//!
//! The only file that names `ra_ap_load-cargo` and `ra_ap_project_model`. Nothing of the user's
//! runs: no build script, no proc macro.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use ra_ap_hir::{Crate, Semantics, attach_db};
use ra_ap_ide_db::{
    ChangeWithProcMacros, FileId, FxHashMap, FxHashSet, RootDatabase, base_db::SourceDatabase,
};
use ra_ap_load_cargo::{LoadCargoConfig, ProcMacroServerChoice, load_workspace};
use ra_ap_paths::{AbsPathBuf, Utf8PathBuf};
use ra_ap_project_model::{
    CargoConfig, CargoFeatures, CfgOverrides, InvocationStrategy, ProjectManifest,
    ProjectWorkspace, ProjectWorkspaceKind, RustLibSource, TargetDirectoryConfig,
};
use ra_ap_syntax::{AstNode, NodeOrToken};
use ra_ap_vfs::{FileExcluded, Vfs, VfsPath};
use rayon::prelude::*;
use unpark_codemods::{
    codemod::Candidate,
    context::inactive_cfg,
    facts::{PackageFacts, TargetKind},
};

use crate::{
    cargo::{Project, has_rust_src},
    discover::Skipped,
    limits,
    options::Options,
};

/// A loaded workspace.
pub struct Workspace {
    /// The database. Clones of it must be gone before a write.
    pub db: RootDatabase,
    /// What cargo said.
    pub project: Project,
    vfs: Vfs,
    targets: FxHashMap<FileId, (usize, TargetKind)>,
    crates_read: FxHashSet<String>,
    member_files: Vec<MemberFile>,
    /// Member files whose text the database does not have.
    left_out: FxHashSet<FileId>,
}

/// A Rust file in the folder of a member.
#[derive(Debug, Clone, Copy)]
pub struct MemberFile {
    /// The file.
    pub file: FileId,
    /// The place of its package among those of the project.
    pub package: usize,
}

/// What the load could not do as it should. Empty when all is well.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// What makes answers less precise, one sentence each.
    pub degraded: Vec<String>,
    /// Whether types can't be trusted at all: every finding is to be refused with this reason.
    pub untyped: Option<String>,
    /// Files that were left out.
    pub skipped: Vec<Skipped>,
}

impl Workspace {
    /// Loads the workspace of a project.
    ///
    /// # Errors
    /// If cargo can't be asked at all.
    pub fn load(
        project: Project,
        manifest: &Path,
        options: &Options,
        say: &(dyn Fn(String) + Sync),
    ) -> Result<(Workspace, LoadReport)> {
        let mut report = LoadReport::default();
        let sysroot = sysroot(&project.root, options, &mut report, say);
        let config = cargo_config(options, sysroot);
        let manifest = ProjectManifest::from_manifest_file(absolute(manifest)?)?;
        let loaded = ProjectWorkspace::load(manifest, &config, &|_| ())?;
        judge(&loaded, &mut report);
        let load = LoadCargoConfig {
            load_out_dirs_from_check: false,
            with_proc_macro_server: ProcMacroServerChoice::None,
            prefill_caches: false,
            num_worker_threads: 1,
            proc_macro_processes: 0,
        };
        let (db, vfs, _) = load_workspace(loaded, &config.extra_env, &load)?;
        let mut workspace = Workspace {
            db,
            project,
            vfs,
            targets: FxHashMap::default(),
            crates_read: FxHashSet::default(),
            member_files: Vec::new(),
            left_out: FxHashSet::default(),
        };
        workspace.targets = workspace.root_files();
        workspace.member_files = workspace.files_of_members();
        workspace.leave_out_what_breaks(&mut report);
        Ok((workspace, report))
    }

    fn root_files(&self) -> FxHashMap<FileId, (usize, TargetKind)> {
        let mut targets = FxHashMap::default();
        for (index, package) in self.project.packages.iter().enumerate() {
            for (root, kind) in &package.targets {
                if let Some(file) = self.file_id(root) {
                    targets.insert(file, (index, *kind));
                }
            }
        }
        targets
    }

    fn files_of_members(&self) -> Vec<MemberFile> {
        let mut files: Vec<(PathBuf, MemberFile)> = self
            .vfs
            .iter()
            .filter_map(|(file, path)| {
                let path = PathBuf::from(path.as_path()?.as_str());
                if path.extension().is_none_or(|extension| extension != "rs") {
                    return None;
                }
                let package = self.project.package_of(&path)?;
                let index = (self.project.packages.iter())
                    .position(|it| it.manifest == package.manifest)?;
                let package = index;
                Some((path, MemberFile { file, package }))
            })
            .collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files.into_iter().map(|(_, file)| file).collect()
    }

    /// The parser recurses: a file that nests too deep must not reach it, wherever it stands. Nor
    /// must one that can't be read as text.
    fn leave_out_what_breaks(&mut self, report: &mut LoadReport) {
        let mut change = ChangeWithProcMacros::default();
        let mut any = false;
        for file in self.member_files.iter().map(|it| it.file) {
            let Some(path) = self.path(file) else {
                continue;
            };
            // The database has no text, and no answer but a panic, for what is not UTF-8.
            let reason = match fs::read(&path).map(String::from_utf8) {
                Ok(Ok(text)) => limits::of_text(&text),
                Ok(Err(_)) => Some("it is not UTF-8".to_owned()),
                Err(_) => None,
            };
            if let Some(reason) = reason {
                change.change_file(file, Some(String::new()));
                any = true;
                self.left_out.insert(file);
                report.skipped.push(Skipped { path, reason });
            }
        }
        if any {
            self.db.apply_change(change);
        }
    }

    /// The file at a path, if the workspace has it.
    pub fn file_id(&self, path: &Path) -> Option<FileId> {
        let path = VfsPath::from(absolute(path).ok()?);
        match self.vfs.file_id(&path)? {
            (file, FileExcluded::No) => Some(file),
            (_, FileExcluded::Yes) => None,
        }
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> Option<PathBuf> {
        Some(PathBuf::from(self.vfs.file_path(file).as_path()?.as_str()))
    }

    /// The Rust files in the folders of members, by path, whatever includes them.
    pub fn member_files(&self) -> &[MemberFile] {
        &self.member_files
    }

    /// The text of a file in this round.
    pub fn text(&self, file: FileId) -> &str {
        self.db.file_text(file).text(&self.db)
    }

    /// The bytes of a file in this round, also of one whose text is left out.
    pub fn bytes(&self, file: FileId) -> Cow<'_, [u8]> {
        if self.left_out.contains(&file) {
            let path = self.path(file).unwrap_or_default();
            return Cow::Owned(fs::read(path).unwrap_or_default());
        }
        Cow::Borrowed(self.text(file).as_bytes())
    }

    /// How many crates include a file.
    pub fn crates_including(&self, file: FileId) -> usize {
        attach_db(&self.db, || {
            Semantics::new(&self.db).file_to_module_defs(file).count()
        })
    }

    /// Puts another text into a file. Waits until every clone of the database is gone.
    pub fn write(&mut self, texts: impl IntoIterator<Item = (FileId, String)>) {
        let mut change = ChangeWithProcMacros::default();
        for (file, text) in texts {
            change.change_file(file, Some(text));
        }
        self.db.apply_change(change);
    }

    /// The first crate that a file is a module of. A file may belong to a library and a program of
    /// one package.
    pub fn crate_of(&self, file: FileId) -> Option<Crate> {
        attach_db(&self.db, || {
            let sema = Semantics::new(&self.db);
            let module = sema.file_to_module_def(file)?;
            Some(module.krate(&self.db))
        })
    }

    /// Whether crates of several packages include a file.
    pub fn is_shared(&self, file: FileId) -> bool {
        attach_db(&self.db, || {
            let sema = Semantics::new(&self.db);
            let mut packages: Vec<usize> = sema
                .file_to_module_defs(file)
                .filter_map(|module| {
                    let root = module.krate(&self.db).root_file(&self.db);
                    self.targets.get(&root).map(|(package, _)| *package)
                })
                .collect();
            packages.sort_unstable();
            packages.dedup();
            packages.len() > 1
        })
    }

    /// How many of these places this configuration does not compile, by the condition. Needs the
    /// places in the text that the database has.
    pub fn inactive<'c>(
        &self,
        file: FileId,
        places: impl Iterator<Item = &'c Candidate>,
    ) -> BTreeMap<String, usize> {
        attach_db(&self.db, || {
            let sema = Semantics::new(&self.db);
            let source = sema.parse_guess_edition(file);
            let mut seen = BTreeSet::new();
            let mut inactive = BTreeMap::new();
            for place in
                places.filter(|place| seen.insert((place.range.start(), place.range.end())))
            {
                let node = match source.syntax().covering_element(place.range) {
                    NodeOrToken::Node(node) => Some(node),
                    NodeOrToken::Token(token) => token.parent(),
                };
                if let Some(condition) = node.and_then(|node| inactive_cfg(&sema, file, &node)) {
                    *inactive.entry(condition).or_default() += 1;
                }
            }
            inactive
        })
    }

    /// The package of a crate, and what the crate is for. `None` for what is not a member's.
    pub fn facts_of(&self, krate: Crate) -> Option<(&PackageFacts, TargetKind)> {
        let (package, kind) = self.targets.get(&krate.root_file(&self.db))?;
        Some((&self.project.packages[*package].facts, *kind))
    }

    /// The names of the crates whose def maps have been computed.
    pub fn crates_read(&self) -> &FxHashSet<String> {
        &self.crates_read
    }

    /// Computes the def maps that these files need, in parallel. Everything after it asks for them
    /// one by one, which would be serial.
    pub fn prime(&mut self, files: &[FileId]) {
        let read = self.read_names(files);
        let names = read.iter().filter_map(|krate| krate.display_name(&self.db));
        self.crates_read = names.map(|name| name.crate_name().to_string()).collect();
    }

    /// Computes the def maps that these files need, in parallel, and gives their crates.
    pub fn read_names(&self, files: &[FileId]) -> Vec<Crate> {
        let mut wanted: FxHashSet<Crate> = FxHashSet::default();
        let mut open: Vec<Crate> = files
            .iter()
            .flat_map(|&file| ra_ap_ide_db::base_db::relevant_crates(&self.db, file))
            .map(|&krate| Crate::from(krate))
            .collect();
        while let Some(krate) = open.pop() {
            if wanted.insert(krate) {
                let dependencies = krate.dependencies(&self.db).into_iter();
                open.extend(dependencies.map(|dependency| dependency.krate));
            }
        }
        let order: Vec<Crate> = Crate::all(&self.db)
            .into_iter()
            .filter(|krate| wanted.contains(krate))
            .collect();
        order
            .par_iter()
            .with_max_len(1)
            .for_each_with(self.db.clone(), |db, krate| {
                attach_db(db, || krate.root_module(db));
            });
        order
    }
}

fn absolute(path: &Path) -> Result<AbsPathBuf> {
    let path = std::path::absolute(path)?;
    let path = Utf8PathBuf::from_path_buf(path)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))?;
    Ok(AbsPathBuf::assert(path))
}

/// Where the standard library's sources come from, and whether they may be added.
fn sysroot(
    root: &Path,
    options: &Options,
    report: &mut LoadReport,
    say: &(dyn Fn(String) + Sync),
) -> Option<RustLibSource> {
    if has_rust_src(root) != Some(false) {
        return Some(RustLibSource::Discover);
    }
    if options.no_rust_src_install || options.cargo.offline || options.cargo.frozen {
        report.degraded.push(
            "the sources of the standard library are missing, so few types are known: \
             `rustup component add rust-src` adds them"
                .to_owned(),
        );
        return None;
    }
    say("adding the sources of the standard library: rustup component add rust-src".to_owned());
    Some(RustLibSource::Discover)
}

// Every field is spelled out, so that an upgrade can't change what a default means.
fn cargo_config(options: &Options, sysroot: Option<RustLibSource>) -> CargoConfig {
    let cargo = &options.cargo;
    let features = if cargo.all_features {
        CargoFeatures::All
    } else {
        CargoFeatures::Selected {
            features: cargo.features.clone(),
            no_default_features: cargo.no_default_features,
        }
    };
    CargoConfig {
        all_targets: true,
        features,
        target: cargo.target.clone(),
        sysroot,
        sysroot_src: None,
        rustc_source: None,
        extra_includes: Vec::new(),
        cfg_overrides: CfgOverrides::default(),
        wrap_rustc_in_build_scripts: false,
        run_build_script_command: None,
        extra_args: Vec::new(),
        metadata_extra_args: cargo.lock_flags(),
        config_path: None,
        extra_env: FxHashMap::default(),
        invocation_strategy: InvocationStrategy::PerWorkspace,
        target_dir_config: TargetDirectoryConfig::None,
        // Code under cfg(test) is only there for those who want it rewritten; with it, code under
        // cfg(not(test)) would be gone.
        set_test: options.include_tests,
        no_deps: false,
    }
}

fn judge(loaded: &ProjectWorkspace, report: &mut LoadReport) {
    if let ProjectWorkspaceKind::Cargo {
        error: Some(error), ..
    } = &loaded.kind
    {
        let error = format!("{error:#}");
        let lines = || error.lines().map(str::trim).filter(|line| !line.is_empty());
        let told = lines()
            .find(|line| line.starts_with("error:"))
            .or_else(|| lines().next());
        let first = told.unwrap_or_default().trim_start_matches("error: ");
        report.untyped = Some(format!("the dependencies could not be loaded: {first}"));
        report
            .degraded
            .push(format!("`cargo metadata` failed: {error}"));
    }
    if let Some(error) = loaded.sysroot.error() {
        report
            .degraded
            .push(format!("the standard library could not be loaded: {error}"));
    }
    if let Some(error) = loaded.sysroot.metadata_error() {
        report
            .degraded
            .push(format!("the standard library was loaded in part: {error}"));
    }
    if loaded.sysroot.num_packages() == 0 && report.untyped.is_none() {
        report.untyped = Some("the sources of the standard library are missing".to_owned());
    }
}
