//! What is known of a package from its manifest. Plain data; whoever loads the project fills it.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::span::Edition;

/// A package, as its own manifest declares it. Features are the declared ones, not the unified.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    /// Its name in Cargo.toml.
    pub name: String,
    /// Its edition.
    pub edition: Edition,
    /// The oldest compiler that it says it compiles with, by its first two numbers.
    pub rust_version: Option<(u64, u64)>,
    /// Whether it can be published: a crate outside of the workspace may see its `pub` items.
    pub publish: bool,
    /// Its declared dependencies of all kinds.
    pub dependencies: Vec<Dependency>,
    /// Its features, and what each turns on, in the words of the manifest.
    pub features: BTreeMap<String, Vec<String>>,
}

/// One line under `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The package's name.
    pub package: String,
    /// The name in code, after `rename` and with `_` for `-`.
    pub name: String,
    /// Which section it stands in.
    pub kind: DependencyKind,
    /// Behind a feature.
    pub optional: bool,
    /// Only on some targets.
    pub targeted: bool,
    /// The features asked for.
    pub features: Vec<String>,
    /// Its default features as well.
    pub default_features: bool,
}

/// The section of the manifest that a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

/// What a crate of a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A library, proc-macro crates included.
    Lib,
    /// A program.
    Bin,
    /// Tests, benches and examples.
    Test,
    /// `build.rs`
    BuildScript,
}

impl PackageFacts {
    /// The declared dependency on `package` that code of this target may use on every build: not
    /// optional, on every target.
    pub fn dependency(&self, package: &str, target: TargetKind) -> Option<&Dependency> {
        self.declared(package, target)
            .find(|dependency| !dependency.optional && !dependency.targeted)
    }

    /// The declared dependencies on `package` that code of this target may use on some builds.
    pub fn declared(&self, package: &str, target: TargetKind) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(move |dependency| {
            let kind = match target {
                TargetKind::Lib | TargetKind::Bin => dependency.kind == DependencyKind::Normal,
                TargetKind::Test => dependency.kind != DependencyKind::Build,
                TargetKind::BuildScript => dependency.kind == DependencyKind::Build,
            };
            dependency.package == package && kind
        })
    }

    /// Whether a feature turns an optional dependency on, itself or by another feature.
    ///
    /// See <https://doc.rust-lang.org/cargo/reference/features.html>.
    pub fn turns_on(&self, feature: &str, dependency: &Dependency) -> bool {
        let is_it = |name: &str| name.replace('-', "_") == dependency.name;
        let mut seen = BTreeSet::new();
        let mut left = vec![feature];
        while let Some(feature) = left.pop() {
            if !seen.insert(feature) {
                continue;
            }
            for value in self.features.get(feature).into_iter().flatten() {
                let on = match (value.strip_prefix("dep:"), value.split_once('/')) {
                    (Some(name), _) => is_it(name),
                    (None, Some((name, _))) => is_it(name),
                    (None, None) => {
                        left.push(value);
                        false
                    }
                };
                if on {
                    return true;
                }
            }
        }
        false
    }
}
