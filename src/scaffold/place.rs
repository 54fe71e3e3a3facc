//! Where a new module goes: the file that declares it, and its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use ra_ap_hir::{Module, Semantics, attach_db};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::ast::{self, HasAttrs as _};

use super::folder_of;
use crate::{outcome::relative, workspace::Workspace};

/// A module that is to be.
#[derive(Debug)]
pub struct NewModule {
    /// The file that declares it.
    pub parent: FileId,
    /// Its own, which is not there yet.
    pub file: PathBuf,
}

/// A path that may be of no file yet, from the root on and without links.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let absolute = std::path::absolute(path).with_context(|| format!("{shown} is no path"))?;
    let there = absolute
        .ancestors()
        .find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = there else {
        bail!("{shown} is no path");
    };
    let rest = absolute.strip_prefix(above).unwrap_or(Path::new(""));
    // `join("")` would end in a slash.
    Ok(real.join(rest).components().collect())
}

/// Whether a path may be that of the module above a new one, or the new one's own.
///
/// # Errors
/// If not.
pub fn check(path: &Path, name: &str, root: &Path) -> Result<()> {
    let shown = relative(path, root);
    match (path.exists(), is_named(path, name)) {
        (true, true) => bail!(
            "{shown} is there already\nhelp: choose another name, or name the file of the module \
             that is to have `{name}`"
        ),
        (true, false) if !path.is_file() => bail!("{shown} is not a file"),
        (false, false) => bail!(
            "there is no file {shown}\nhelp: name the file of the module that is to have `{name}`, \
             or the new file, {name}.rs"
        ),
        _ => Ok(()),
    }
}

/// The files of members that may declare a module for this path.
pub fn candidates(workspace: &Workspace, path: &Path) -> Vec<FileId> {
    if path.is_file() {
        return workspace.file_id(path).into_iter().collect();
    }
    let folder = module_folder(path);
    let beside = folder.with_extension("rs");
    let members = workspace.member_files().iter();
    let may = members.filter(|member| {
        let path = workspace.path(member.file).unwrap_or_default();
        path == beside || folder_of(&path) == folder
    });
    may.map(|member| member.file).collect()
}

/// Where the module `name` is, asked for by the file of the module above it, or by its own.
///
/// # Errors
/// If its file is there already, or nothing can declare it.
pub fn find(
    workspace: &Workspace,
    candidates: Vec<FileId>,
    path: &Path,
    name: &str,
) -> Result<NewModule> {
    let root = &workspace.project.root;
    let shown = |path: &Path| relative(path, root);
    if path.is_file() {
        let folder = candidates
            .first()
            .and_then(|&file| Some((file, submodules(workspace, file)?)));
        let Some((parent, folder)) = folder else {
            bail!("{} is a module of no crate", shown(path));
        };
        let file = folder.join(format!("{name}.rs"));
        for taken in [&file, &folder.join(name).join("mod.rs")] {
            if taken.exists() {
                let taken = shown(taken);
                bail!("{taken} is there already\nhelp: choose another name");
            }
        }
        return Ok(NewModule { parent, file });
    }
    let folder = module_folder(path);
    let other = match path.file_name().is_some_and(|name| name == "mod.rs") {
        true => folder.join(format!("{name}.rs")),
        false => folder.join(name).join("mod.rs"),
    };
    if other.exists() {
        bail!(
            "{} is there already\nhelp: choose another name",
            shown(&other)
        );
    }
    let parents: Vec<FileId> = candidates
        .into_iter()
        .filter(|&file| submodules(workspace, file).as_deref() == Some(folder))
        .collect();
    match parents[..] {
        [parent] => Ok(NewModule {
            parent,
            file: path.to_owned(),
        }),
        [] => bail!(
            "no module could declare {}\nhelp: name the file of the module that is to have `{name}`",
            shown(path)
        ),
        _ => {
            let parents = parents.iter().filter_map(|&file| workspace.path(file));
            let parents: Vec<String> = parents.map(|path| shown(&path)).collect();
            bail!(
                "{} could be declared in {}\nhelp: name one of them: `--in {}`",
                shown(path),
                parents.join(" and in "),
                parents[0]
            )
        }
    }
}

/// Whether a path is the one of a module of this name.
fn is_named(path: &Path, name: &str) -> bool {
    let is = |part: Option<&std::ffi::OsStr>| part.is_some_and(|part| part == name);
    match path.file_name().is_some_and(|name| name == "mod.rs") {
        true => is(folder_of(path).file_name()),
        false => path.extension().is_some_and(|it| it == "rs") && is(path.file_stem()),
    }
}

/// The folder in which the module of a file is looked for.
fn module_folder(path: &Path) -> &Path {
    match path.file_name().is_some_and(|name| name == "mod.rs") {
        true => folder_of(folder_of(path)),
        false => folder_of(path),
    }
}

/// The folder in which rustc looks for the modules that a file declares. `None` if it is the file of
/// no module.
fn submodules(workspace: &Workspace, file: FileId) -> Option<PathBuf> {
    let db = &workspace.db;
    let path = workspace.path(file)?;
    let folder = folder_of(&path);
    let own = attach_db(db, || {
        let module = Semantics::new(db).file_to_module_def(file)?;
        Some(module.is_crate_root(db) || has_path(workspace, module))
    })?;
    let own = own || path.file_name().is_some_and(|name| name == "mod.rs");
    Some(match own {
        true => folder.to_owned(),
        false => folder.join(path.file_stem()?),
    })
}

/// Whether `#[path]` names the file of a module.
fn has_path(workspace: &Workspace, module: Module) -> bool {
    let declaration = module.declaration_source(&workspace.db);
    declaration.is_some_and(|declaration| {
        let mut attributes = ast::Module::attrs(&declaration.value);
        attributes.any(|it| {
            it.path().is_some_and(|path| {
                path.segment()
                    .and_then(|it| it.name_ref())
                    .is_some_and(|name| name.text() == "path")
            })
        })
    })
}
