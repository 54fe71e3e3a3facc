//! Where a run starts, and the folder that its paths are shown relative to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::{
    cargo::{Project, nearest_manifest},
    commit::Home,
    config::did_you_mean,
    options::{CargoOptions, Options},
};

/// What to do where cargo can't be asked.
pub const WITHOUT_CARGO: &str =
    "help: `--syntax-only` reports what can be seen without cargo and types";

/// Where to start: the paths that were given, else the manifest's folder, else the package or
/// workspace of the current folder.
pub fn paths(options: &Options) -> Result<Vec<PathBuf>> {
    if !options.paths.is_empty() {
        return options
            .paths
            .iter()
            .map(|path| {
                std::path::absolute(path)
                    .and_then(|path| path.canonicalize())
                    .map_err(|error| {
                        let path = path.display();
                        anyhow!(
                            "can't read {path}: {error}\nhelp: PATH is a workspace, package, \
                             folder or file; `unpark --help` lists the subcommands"
                        )
                    })
                    .and_then(is_looked_at)
            })
            .collect();
    }
    let manifest = match &options.cargo.manifest_path {
        Some(manifest) if manifest.is_file() => manifest.canonicalize()?,
        Some(manifest) => bail!("there is no manifest {}", manifest.display()),
        None => {
            let here = std::env::current_dir()?.canonicalize()?;
            match nearest_manifest(&here) {
                Some(manifest) => manifest,
                // There may be projects below.
                None => return Ok(vec![here]),
            }
        }
    };
    let by_cargo = options.cargo.workspace || !options.cargo.packages.is_empty();
    if by_cargo && !options.syntax_only {
        let project = Project::of(&manifest, &options.cargo)
            .map_err(|error| anyhow!("{}: {error:#}\n{WITHOUT_CARGO}", manifest.display()))?;
        check_names(&project, &options.cargo)?;
        return Ok(vec![project.root]);
    }
    Ok(vec![
        manifest.parent().map(Path::to_owned).unwrap_or_default(),
    ])
}

/// A place that has Rust code, or may have some.
fn is_looked_at(path: PathBuf) -> Result<PathBuf> {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    if path.is_file() && !is_rust {
        bail!(
            "{} is no Rust file\nhelp: name a Rust file, or the folder of a package",
            path.display()
        );
    }
    Ok(path)
}

/// The workspaces of the places where a run starts.
///
/// # Errors
/// If a place is in none, or cargo refuses it.
pub fn homes(options: &Options) -> Result<Vec<Home>> {
    let home = |path: PathBuf| {
        let shown = path.display();
        let manifest = nearest_manifest(&path).ok_or_else(|| {
            anyhow!(
                "there is no Cargo.toml in {shown} or above\nhelp: name the workspace, or a \
                 place in it"
            )
        })?;
        let project = Project::of(&manifest, &options.cargo)
            .with_context(|| format!("can't tell the workspace of {shown}"))?;
        Ok(Home::of(&project))
    };
    paths(options)?.into_iter().map(home).collect()
}

/// The folder that holds all paths.
pub fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let mut common = paths[0].clone();
    for path in &paths[1..] {
        while !path.starts_with(&common) {
            common.pop();
        }
    }
    if common.is_file() {
        common.pop();
    }
    common
}

/// The folder that paths are shown relative to: the project that was given, else the current folder
/// if what was given lies below it, else its project.
pub fn shown_root(common: &Path) -> PathBuf {
    if common.join("Cargo.toml").is_file() {
        return common.to_owned();
    }
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here {
        Ok(here) if common.starts_with(&here) => here,
        _ => nearest_manifest(common)
            .and_then(|manifest| Some(manifest.parent()?.to_owned()))
            .unwrap_or_else(|| common.to_owned()),
    }
}

/// The folder that the paths of a run are shown relative to.
///
/// # Errors
/// If a path does not exist.
pub fn root(options: &Options) -> Result<PathBuf> {
    Ok(shown_root(&common_folder(&paths(options)?)))
}

/// The folder whose configuration holds for a walk that starts at `root`: that of the workspace, or
/// else of the package.
pub fn config_folder(root: &Path) -> PathBuf {
    let above = |is_it: &dyn Fn(&Path) -> bool| root.ancestors().find(|folder| is_it(folder));
    above(&is_workspace)
        .or_else(|| above(&|folder| folder.join("unpark.toml").is_file()))
        .or_else(|| above(&|folder| folder.join("Cargo.toml").is_file()))
        .unwrap_or(root)
        .to_owned()
}

fn is_workspace(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok();
    let manifest = manifest.and_then(|text| text.parse::<toml::Table>().ok());
    manifest.is_some_and(|manifest| manifest.contains_key("workspace"))
}

/// Whether `-p` and `--exclude` name members.
pub fn check_names(project: &Project, cargo: &CargoOptions) -> Result<()> {
    let names: Vec<&str> = project
        .packages
        .iter()
        .map(|package| package.facts.name.as_str())
        .collect();
    for wanted in cargo.packages.iter().chain(&cargo.exclude) {
        if !names.contains(&wanted.as_str()) {
            let hint = did_you_mean(wanted, &names);
            bail!("no package `{wanted}` in {}{hint}", project.root.display());
        }
    }
    Ok(())
}
