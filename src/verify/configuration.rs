//! Which packages are compiled, and with which features.

use std::{collections::BTreeSet, path::Path};

use crate::{
    cargo::{Package, Project},
    options::{CargoOptions, VerifyFeatures},
};

/// One way to compile the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Configuration {
    /// In words, for reports.
    pub name: String,
    packages: Vec<String>,
    features: Vec<String>,
    rest: Vec<String>,
}

impl Configuration {
    /// What cargo is told.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        let packages = self.packages.iter().flat_map(|spec| ["--package", spec]);
        packages.chain(self.flags_without_packages())
    }

    /// The same, where the packages are named otherwise.
    pub fn flags_without_packages(&self) -> impl Iterator<Item = &str> {
        let features = self.features.iter().chain(&self.rest);
        features.map(String::as_str)
    }
}

/// The configurations that have to compile where these files change: their packages, with all
/// members that build on them.
pub fn configurations<'a>(
    project: &Project,
    changed: impl Iterator<Item = &'a Path>,
    features: VerifyFeatures,
    cargo: &CargoOptions,
) -> Vec<Configuration> {
    let touched: BTreeSet<&str> = changed
        .filter_map(|path| project.package_of(path))
        .map(|package| package.facts.name.as_str())
        .collect();
    let packages = with_dependents(project, touched);
    let specs = |packages: &[&Package]| packages.iter().map(|it| it.spec.clone()).collect();
    let rest = rest(cargo);
    let mut configurations = vec![Configuration {
        name: in_words(&own(cargo)),
        packages: specs(&packages),
        features: own(cargo),
        rest: rest.clone(),
    }];
    let mut more = |packages: &[&Package], features: &[&str]| {
        let features: Vec<String> = features.iter().map(|&flag| flag.to_owned()).collect();
        let of = match packages {
            [one] if features.iter().any(|flag| flag == "--no-default-features") => {
                format!("{}: ", one.facts.name)
            }
            _ => String::new(),
        };
        let configuration = Configuration {
            name: format!("{of}{}", in_words(&features)),
            packages: specs(packages),
            features,
            rest: rest.clone(),
        };
        if configurations.iter().all(|it| {
            it.features != configuration.features || it.packages != configuration.packages
        }) {
            configurations.push(configuration);
        }
    };
    match features {
        VerifyFeatures::Default => {}
        VerifyFeatures::All => more(&packages, &["--all-features"]),
        VerifyFeatures::Each => {
            for package in &packages {
                more(&[*package], &["--no-default-features"]);
                for feature in &package.features {
                    more(
                        &[*package],
                        &["--no-default-features", "--features", feature],
                    );
                }
            }
            more(&packages, &["--all-features"]);
        }
    }
    configurations
}

/// The members with these names, and all that depend on one of them.
fn with_dependents<'a>(project: &'a Project, mut names: BTreeSet<&'a str>) -> Vec<&'a Package> {
    loop {
        let more: Vec<&str> = project
            .packages
            .iter()
            .filter(|package| !names.contains(package.facts.name.as_str()))
            .filter(|package| {
                let mut dependencies = package.facts.dependencies.iter();
                dependencies.any(|dependency| names.contains(dependency.package.as_str()))
            })
            .map(|package| package.facts.name.as_str())
            .collect();
        if more.is_empty() {
            break;
        }
        names.extend(more);
    }
    let members = project.packages.iter();
    members
        .filter(|package| names.contains(package.facts.name.as_str()))
        .collect()
}

/// The features that the user asked for.
fn own(cargo: &CargoOptions) -> Vec<String> {
    let mut flags = Vec::new();
    if cargo.all_features {
        flags.push("--all-features".to_owned());
    }
    if cargo.no_default_features {
        flags.push("--no-default-features".to_owned());
    }
    if !cargo.features.is_empty() {
        flags.extend(["--features".to_owned(), cargo.features.join(",")]);
    }
    flags
}

fn rest(cargo: &CargoOptions) -> Vec<String> {
    let mut flags = cargo.lock_flags();
    if let Some(target) = &cargo.target {
        flags.extend(["--target".to_owned(), target.clone()]);
    }
    flags
}

fn in_words(features: &[String]) -> String {
    match features {
        [] => "the default features".to_owned(),
        flags => flags.join(" "),
    }
}
