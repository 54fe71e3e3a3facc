//! Reads a cargo workspace into a database, without what the code of its members can't name.
//!
//! The only file that names `ra_ap_load-cargo` and `ra_ap_project_model`. Nothing of the user's
//! runs: no build script, no proc macro. So what only these are made of is not even read.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use ignore::WalkBuilder;
use ra_ap_ide_db::{
    ChangeWithProcMacros, FileId, FxHashMap, FxHashSet, RootDatabase,
    base_db::{CrateOrigin, LangCrateOrigin, ProcMacroLoadingError},
};
use ra_ap_load_cargo::ProjectFolders;
use ra_ap_paths::{AbsPath, AbsPathBuf, Utf8PathBuf};
use ra_ap_project_model::{
    CargoConfig, CargoFeatures, CfgOverrides, InvocationStrategy, ProjectManifest,
    ProjectWorkspace, ProjectWorkspaceKind, RustLibSource, TargetDirectoryConfig,
};
use ra_ap_vfs::{
    Change, FileExcluded, Vfs, VfsPath,
    loader::{Directories, Entry},
};
use rayon::prelude::*;

use super::LoadReport;
use crate::{
    cargo::{Project, has_rust_src},
    discover::Skipped,
    limits,
    options::Options,
    source::BOM,
};

/// Loads the workspace of a manifest.
pub(super) fn load(
    project: &Project,
    manifest: AbsPathBuf,
    options: &Options,
    report: &mut LoadReport,
    say: &(dyn Fn(String) + Sync),
) -> Result<(RootDatabase, Vfs)> {
    let sysroot = sysroot(&project.root, options, report, say);
    let config = cargo_config(options, sysroot);
    let manifest = ProjectManifest::from_manifest_file(manifest)?;
    let workspace = ProjectWorkspace::load(manifest, &config, &|_| ())?;
    judge(&workspace, report);

    let roots = reachable_roots(&workspace);
    let folders = ProjectFolders::new(std::slice::from_ref(&workspace), &[], None);
    let mut vfs = Vfs::default();
    for (path, text) in read(project, &wanted(&workspace, folders.load, &roots)) {
        let text = text.unwrap_or_else(|reason| {
            let path = path.clone().into();
            report.skipped.push(Skipped { path, reason });
            Vec::new()
        });
        vfs.set_file_contents(path.into(), Some(text));
    }
    let (graph, proc_macros) = workspace.to_crate_graph(
        &mut |root| roots.contains(root).then(|| root_file(&mut vfs, root))?,
        &config.extra_env,
    );
    let mut change = ChangeWithProcMacros::default();
    for (_, file) in vfs.take_changes() {
        if let Change::Create(text, _) | Change::Modify(text, _) = file.change
            && let Ok(text) = String::from_utf8(text)
        {
            let text = text.strip_prefix(BOM).map(str::to_owned).unwrap_or(text);
            change.change_file(file.file_id, Some(text));
        }
    }
    change.set_roots(folders.source_root_config.partition(&vfs));
    change.set_crate_graph(graph);
    let off = proc_macros.into_iter().map(|(krate, library)| {
        let off = library.and_then(|_| Err(ProcMacroLoadingError::Disabled));
        (krate, off)
    });
    change.set_proc_macros(off.collect());
    let mut db = RootDatabase::new(None);
    db.enable_proc_attr_macros();
    db.apply_change(change);
    Ok((db, vfs))
}

/// The root files of the crates that code of the members can name something of. A proc macro is one
/// of them, for its name; what it is made of is not.
fn reachable_roots(workspace: &ProjectWorkspace) -> FxHashSet<AbsPathBuf> {
    let mut roots = Vec::new();
    let (graph, _) = workspace.to_crate_graph(
        &mut |root| {
            let id = FileId::from_raw(u32::try_from(roots.len()).ok()?);
            roots.push(root.to_path_buf());
            Some(id)
        },
        &FxHashMap::default(),
    );
    let mut reached = FxHashSet::default();
    let mut open: Vec<_> = graph
        .iter()
        .filter(|&krate| graph[krate].basic.origin.is_local())
        .collect();
    while let Some(krate) = open.pop() {
        let data = &graph[krate].basic;
        // What the standard library runs on, and the harness of tests.
        let unnamed = [LangCrateOrigin::Other, LangCrateOrigin::Test].map(CrateOrigin::Lang);
        if unnamed.contains(&data.origin) {
            continue;
        }
        if reached.insert(krate) && (!data.is_proc_macro || data.origin.is_local()) {
            open.extend(data.dependencies.iter().map(|it| it.crate_id));
        }
    }
    reached
        .into_iter()
        .map(|krate| roots[graph[krate].basic.root_file_id.index() as usize].clone())
        .collect()
}

/// The folders to read: those of packages with a wanted crate. Of the standard library, those of
/// the crates alone. What these pull in from beside them (the intrinsics of processors, which are
/// more text than `core` itself, SIMD for nightly compilers, the printing of backtraces) gives no
/// async code its types.
fn wanted(
    workspace: &ProjectWorkspace,
    entries: Vec<Entry>,
    roots: &FxHashSet<AbsPathBuf>,
) -> Vec<Directories> {
    let library = workspace.sysroot.rust_lib_src_root();
    entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Directories(folders) => Some(folders),
            Entry::Files(_) => None,
        })
        .filter_map(|mut folders| {
            if library.is_some_and(|library| folders.include.iter().any(|it| it == library)) {
                folders.include = roots
                    .iter()
                    .filter(|root| library.is_some_and(|library| root.starts_with(library)))
                    .filter_map(|root| Some(root.parent()?.to_path_buf()))
                    .collect();
            }
            let holds_root = |folder: &AbsPathBuf| roots.iter().any(|it| it.starts_with(folder));
            folders.include.iter().any(holds_root).then_some(folders)
        })
        .collect()
}

/// The Rust files in these folders, in order: what stands in them, or why that is left out.
fn read(
    project: &Project,
    folders: &[Directories],
) -> BTreeMap<AbsPathBuf, Result<Vec<u8>, String>> {
    folders
        .par_iter()
        .flat_map_iter(|folders| folders.include.iter().map(move |it| (it, folders)))
        .flat_map_iter(|(folder, folders)| walk(folder, folders))
        .map(|(path, text)| {
            let reason = reason_to_leave_out(project, &path, &text);
            (path, reason.map_or(Ok(text), Err))
        })
        .collect()
}

fn walk(folder: &AbsPathBuf, folders: &Directories) -> impl Iterator<Item = (AbsPathBuf, Vec<u8>)> {
    let nested: Vec<PathBuf> = folders
        .include
        .iter()
        .filter(|it| *it != folder)
        .chain(&folders.exclude)
        .map(|path| path.clone().into())
        .collect();
    WalkBuilder::new(folder)
        .standard_filters(false)
        .follow_links(true)
        .filter_entry(move |entry| nested.iter().all(|it| it != entry.path()))
        .build()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_rust = entry.path().extension()? == "rs" && entry.file_type()?.is_file();
            let path = Utf8PathBuf::from_path_buf(entry.into_path()).ok()?;
            let text = is_rust.then(|| fs::read(&path))?.ok()?;
            Some((AbsPathBuf::assert(path), text))
        })
}

/// The file of a crate's root, which may lie outside of its package.
fn root_file(vfs: &mut Vfs, root: &AbsPath) -> Option<FileId> {
    let path = VfsPath::from(root.to_path_buf());
    if vfs.file_id(&path).is_none() {
        vfs.set_file_contents(path.clone(), fs::read(root).ok());
    }
    match vfs.file_id(&path)? {
        (file, FileExcluded::No) => Some(file),
        (_, FileExcluded::Yes) => None,
    }
}

/// The parser recurses: a member's file that nests too deep must not reach it, wherever it stands.
/// Nor must one that can't be read as text: the database has none of it, and no answer but a panic.
fn reason_to_leave_out(project: &Project, path: &AbsPathBuf, text: &[u8]) -> Option<String> {
    project.package_of(Path::new(path.as_str()))?;
    match std::str::from_utf8(text) {
        Ok(text) => limits::of_text(text),
        Err(_) => Some("it is not UTF-8".to_owned()),
    }
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
        // Tests call what changes. Code under cfg(not(test)) is not seen then, and refuses what it names.
        set_test: true,
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
