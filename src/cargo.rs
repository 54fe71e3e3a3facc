//! What cargo says of a project: its packages, and which of them a file belongs to.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Target, TargetKind as CargoTargetKind};
use ra_ap_ide_db::span::Edition;
use unpark_codemods::facts::{Dependency, DependencyKind, PackageFacts, TargetKind};

use crate::options::CargoOptions;

/// One cargo workspace, by its own manifests alone.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target_folder: PathBuf,
    /// Its members.
    pub packages: Vec<Package>,
}

/// A member of a workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// What the manifest says.
    pub facts: PackageFacts,
    /// The root file of each of its crates.
    pub targets: Vec<(PathBuf, TargetKind)>,
    /// Its crates, as cargo tells of them.
    pub crates: Vec<Target>,
    /// How cargo's own messages name it.
    pub id: String,
    /// How cargo's `-p` names it.
    pub spec: String,
    /// The names of its features, without `default`.
    pub features: Vec<String>,
}

/// The manifest that a path belongs to: the nearest one upwards.
pub fn nearest_manifest(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .map(|folder| folder.join("Cargo.toml"))
        .find(|manifest| manifest.is_file())
}

/// The cargo to call: the one that called us, else the one on the path.
pub fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

impl Project {
    /// Asks cargo for the workspace of a manifest, without its dependencies.
    ///
    /// # Errors
    /// With cargo's own words, if it refuses.
    pub fn of(manifest: &Path, options: &CargoOptions) -> Result<Project> {
        let mut command = MetadataCommand::new();
        command
            .cargo_path(cargo())
            .manifest_path(manifest)
            .no_deps();
        command.other_options(options.lock_flags());
        let metadata = match command.exec() {
            Ok(metadata) => metadata,
            Err(cargo_metadata::Error::CargoMetadata { stderr }) => {
                bail!("`cargo metadata` failed:\n{}", stderr.trim_end())
            }
            Err(error) => return Err(error).context("can't run `cargo metadata`"),
        };
        Ok(Project::from_metadata(metadata))
    }

    fn from_metadata(metadata: Metadata) -> Project {
        let packages = metadata
            .packages
            .iter()
            .filter(|package| metadata.workspace_members.contains(&package.id))
            .map(package)
            .collect();
        Project {
            root: metadata.workspace_root.into_std_path_buf(),
            target_folder: metadata.target_directory.into_std_path_buf(),
            packages,
        }
    }

    /// The member that a file belongs to: the one with the nearest folder.
    pub fn package_of(&self, path: &Path) -> Option<&Package> {
        self.packages
            .iter()
            .filter(|package| path.starts_with(&package.folder))
            .max_by_key(|package| package.folder.components().count())
    }
}

fn package(package: &cargo_metadata::Package) -> Package {
    let manifest = package.manifest_path.clone().into_std_path_buf();
    let dependencies = package
        .dependencies
        .iter()
        .map(|dependency| Dependency {
            package: dependency.name.clone(),
            name: dependency
                .rename
                .as_ref()
                .unwrap_or(&dependency.name)
                .replace('-', "_"),
            kind: match dependency.kind {
                cargo_metadata::DependencyKind::Development => DependencyKind::Dev,
                cargo_metadata::DependencyKind::Build => DependencyKind::Build,
                _ => DependencyKind::Normal,
            },
            optional: dependency.optional,
            targeted: dependency.target.is_some(),
            features: dependency.features.clone(),
            default_features: dependency.uses_default_features,
        })
        .collect();
    let targets = package
        .targets
        .iter()
        .map(|target| {
            (
                target.src_path.clone().into_std_path_buf(),
                target_kind(&target.kind),
            )
        })
        .collect();
    Package {
        folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
        manifest,
        facts: PackageFacts {
            name: package.name.to_string(),
            edition: package.edition.as_str().parse().unwrap_or(Edition::CURRENT),
            rust_version: package
                .rust_version
                .as_ref()
                .map(|version| (version.major, version.minor)),
            publish: package
                .publish
                .as_ref()
                .is_none_or(|registries| !registries.is_empty()),
            dependencies,
            features: package.features.clone(),
        },
        targets,
        crates: package.targets.clone(),
        id: package.id.repr.clone(),
        spec: format!("{}@{}", package.name, package.version),
        features: package
            .features
            .keys()
            .filter(|name| *name != "default")
            .cloned()
            .collect(),
    }
}

fn target_kind(kinds: &[CargoTargetKind]) -> TargetKind {
    match kinds.first() {
        Some(CargoTargetKind::Bin) => TargetKind::Bin,
        Some(CargoTargetKind::Test | CargoTargetKind::Bench | CargoTargetKind::Example) => {
            TargetKind::Test
        }
        Some(CargoTargetKind::CustomBuild) => TargetKind::BuildScript,
        _ => TargetKind::Lib,
    }
}

/// Whether the sources of the standard library are there for the toolchain of a folder.
/// `None` if there is no way to know.
pub fn has_rust_src(folder: &Path) -> Option<bool> {
    if let Some(path) = env::var_os("RUST_SRC_PATH") {
        return Some(Path::new(&path).is_dir());
    }
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "sysroot"])
        .current_dir(folder)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    Some(
        Path::new(sysroot.trim())
            .join("lib/rustlib/src/rust/library")
            .is_dir(),
    )
}
