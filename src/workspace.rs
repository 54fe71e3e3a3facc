//! A cargo workspace in rust-analyzer's database.

mod load;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use bytesize::ByteSize;
use ra_ap_hir::{Crate, EditionedFileId, HirFileId, Semantics, attach_db};
use ra_ap_ide_db::{
    ChangeWithProcMacros, FileId, FxHashMap, FxHashSet, RootDatabase,
    base_db::{CrateOrigin, LangCrateOrigin, SourceDatabase},
};
use ra_ap_paths::{AbsPathBuf, Utf8PathBuf};
use ra_ap_syntax::{AstNode, NodeOrToken, TextRange};
use ra_ap_vfs::{FileExcluded, Vfs, VfsPath};
use rayon::prelude::*;
use unpark_codemods::{
    cfg::{inactive_cfg, is_test_code},
    codemod::Candidate,
    facts::{PackageFacts, TargetKind},
};

use crate::{cargo::Project, discover::Skipped, limits, options::Options};

/// The database has no manifests. Their places among the files of a change are behind all of its own.
const FIRST_MANIFEST: u32 = 0x7000_0000;

/// A loaded workspace.
pub struct Workspace {
    /// The database. Clones of it must be gone before a write.
    pub db: RootDatabase,
    /// What cargo said.
    pub project: Project,
    vfs: Vfs,
    targets: FxHashMap<FileId, (usize, TargetKind)>,
    crates_read: FxHashSet<String>,
    max_memory: Option<ByteSize>,
    member_files: Vec<MemberFile>,
    /// The manifests of the packages, in their order, if they may be edited.
    manifests: Vec<Arc<str>>,
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
        let (db, vfs) = load::load(&project, absolute(manifest)?, options, &mut report, say)?;
        let mut workspace = Workspace {
            db,
            project,
            vfs,
            targets: FxHashMap::default(),
            crates_read: FxHashSet::default(),
            max_memory: options.max_memory,
            member_files: Vec::new(),
            manifests: Vec::new(),
            left_out: FxHashSet::default(),
        };
        workspace.targets = workspace.root_files();
        workspace.member_files = workspace.files_of_members();
        let left_out = report.skipped.iter();
        workspace.left_out = left_out
            .filter_map(|skipped| workspace.file_id(&skipped.path))
            .collect();
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
                let package = (self.project.packages.iter())
                    .position(|it| it.manifest == package.manifest)?;
                Some((path, MemberFile { file, package }))
            })
            .collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files.into_iter().map(|(_, file)| file).collect()
    }

    /// The file at a path, if the workspace has it.
    pub fn file_id(&self, path: &Path) -> Option<FileId> {
        let path = VfsPath::from(absolute(path).ok()?);
        match self.vfs.file_id(&path)? {
            (file, FileExcluded::No) => Some(file),
            (_, FileExcluded::Yes) => None,
        }
    }

    /// Lets changes edit the manifests of the packages as well.
    ///
    /// # Errors
    /// If one can't be read.
    pub fn open_manifests(&mut self) -> Result<()> {
        let packages = self.project.packages.iter();
        let texts = packages.map(|package| {
            let path = &package.manifest;
            let text = fs::read_to_string(path);
            text.map(Arc::from)
                .with_context(|| format!("can't read {}", path.display()))
        });
        self.manifests = texts.collect::<Result<_>>()?;
        Ok(())
    }

    /// The manifest of a package, if it may be edited, and its text as it was.
    pub fn manifest_of(&self, package: &PackageFacts) -> Option<(FileId, &Arc<str>)> {
        let mut packages = self.project.packages.iter();
        let index = packages.position(|it| it.facts.name == package.name)?;
        let text = self.manifests.get(index)?;
        Some((
            FileId::from_raw(FIRST_MANIFEST + u32::try_from(index).ok()?),
            text,
        ))
    }

    /// The place of the package whose manifest this is.
    pub fn package_of_manifest(&self, file: FileId) -> Option<usize> {
        let index = file.index().checked_sub(FIRST_MANIFEST)?;
        usize::try_from(index).ok()
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> Option<PathBuf> {
        if let Some(package) = self.package_of_manifest(file) {
            return Some(self.project.packages[package].manifest.clone());
        }
        Some(PathBuf::from(self.vfs.file_path(file).as_path()?.as_str()))
    }

    /// The Rust files in the folders of members, by path, whatever includes them.
    pub fn member_files(&self) -> &[MemberFile] {
        &self.member_files
    }

    /// The text of a file in this round, without a byte order mark.
    pub fn text(&self, file: FileId) -> &str {
        if let Some(package) = self.package_of_manifest(file) {
            return &self.manifests[package];
        }
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

    /// Puts another text into a file, if it is one of the database. Waits until every clone of the database is gone.
    pub fn write(&mut self, texts: impl IntoIterator<Item = (FileId, String)>) {
        let mut change = ChangeWithProcMacros::default();
        for (file, text) in texts {
            if self.package_of_manifest(file).is_some() {
                continue;
            }
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

    /// Whether codemods look at a place: this configuration compiles it, and it is in no test, if they
    /// are left out. Needs the place in the text that the database has.
    pub fn is_looked_at(&self, file: FileId, place: TextRange, include_tests: bool) -> bool {
        let facts = self.crate_of(file).and_then(|krate| self.facts_of(krate));
        let Some((_, target)) = facts else {
            return false;
        };
        attach_db(&self.db, || {
            let sema = Semantics::new(&self.db);
            let source = sema.parse_guess_edition(file);
            let node = match source.syntax().covering_element(place) {
                NodeOrToken::Node(node) => Some(node),
                NodeOrToken::Token(token) => token.parent(),
            };
            node.is_some_and(|node| {
                inactive_cfg(&sema, file, &node).is_none()
                    && (include_tests || !is_test_code(&sema, file, target, &node))
            })
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

    /// Why nothing more may be loaded, and so nothing more be looked at.
    pub fn is_full(&self) -> Option<String> {
        limits::of_memory(self.max_memory)
    }

    /// Computes the def maps that these files need, in parallel. Everything after it asks for them
    /// one by one, which would be serial. Ends early when memory is full.
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
        let ahead = self.files_of_core(&order);
        let max_memory = self.max_memory;
        let (maps, trees) = (self.db.clone(), self.db.clone());
        rayon::join(
            || {
                let order = order.par_iter().with_max_len(1);
                order.for_each_with(maps, |db, krate| {
                    if limits::of_memory(max_memory).is_none() {
                        attach_db(db, || krate.root_module(db));
                    }
                });
            },
            || {
                let ahead = ahead.into_par_iter().with_max_len(1);
                ahead.for_each_with(trees, |db, file| {
                    HirFileId::from(file).ast_id_map(db);
                });
            },
        );
        order
    }

    /// The files of `core`, whose trees are read ahead. Its def map is a fourth of the work, every
    /// other one waits for it, and one thread makes it: the others have nothing better to do.
    fn files_of_core(&self, crates: &[Crate]) -> Vec<EditionedFileId> {
        let db = &self.db;
        let core = CrateOrigin::Lang(LangCrateOrigin::Core);
        let Some(core) = crates.iter().find(|krate| krate.origin(db) == core) else {
            return Vec::new();
        };
        let folder = self.vfs.file_path(core.root_file(db)).parent();
        let (Some(folder), edition) = (folder, core.edition(db)) else {
            return Vec::new();
        };
        let files = self
            .vfs
            .iter()
            .filter(|(_, path)| path.starts_with(&folder));
        files
            .map(|(file, _)| EditionedFileId::new(db, file, edition))
            .collect()
    }
}

fn absolute(path: &Path) -> Result<AbsPathBuf> {
    let path = std::path::absolute(path)?;
    let path = Utf8PathBuf::from_path_buf(path)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))?;
    Ok(AbsPathBuf::assert(path))
}
