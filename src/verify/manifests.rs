//! What the changed manifests ask for. Cargo runs in the user's own workspace and reads the manifests
//! there, so it is told as it is told of features on the command line.
//!
//! See <https://doc.rust-lang.org/cargo/reference/features.html#command-line-feature-options>.

use std::{collections::BTreeSet, fs, path::Path};

use toml::{Table, Value};

use super::mirror::Texts;
use crate::cargo::Project;

/// What cargo is told of the manifests among these texts: what they ask for, and their packages, for only
/// of packages that are named it takes features of a dependency.
pub fn flags(project: &Project, texts: &Texts) -> Vec<String> {
    let features = added_features(texts);
    if features.is_empty() {
        return Vec::new();
    }
    let changed = project.packages.iter();
    let changed = changed.filter(|package| texts.contains_key(&package.manifest));
    let mut flags: Vec<String> = changed
        .flat_map(|package| ["--package".to_owned(), package.spec.clone()])
        .collect();
    flags.push("--features".to_owned());
    flags.push(Vec::from_iter(features).join(","));
    flags
}

/// The features that the manifests among these texts ask for, and the user's own do not:
/// `dependency/feature`.
fn added_features(texts: &Texts) -> BTreeSet<String> {
    let manifests = texts.iter().filter(|(path, _)| is_manifest(path));
    let added = manifests.flat_map(|(path, bytes)| {
        let before = asked(&fs::read(path).unwrap_or_default());
        let after = asked(bytes);
        after.difference(&before).cloned().collect::<Vec<_>>()
    });
    added.collect()
}

/// Whether cargo reads a file, and no compiler.
pub fn is_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "Cargo.toml")
}

/// The features of dependencies that a manifest asks for.
fn asked(manifest: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(manifest);
    let manifest: Table = text.parse().unwrap_or_default();
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let sections = sections
        .into_iter()
        .filter_map(|it| manifest.get(it)?.as_table());
    let asked = sections.flatten().flat_map(|(name, dependency)| {
        let features = dependency.get("features").and_then(Value::as_array);
        let features = features.into_iter().flatten().filter_map(Value::as_str);
        features.map(move |feature| format!("{name}/{feature}"))
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_asks_for_anew_is_named_as_on_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.toml");
        fs::write(
            &path,
            "[dependencies]\ntokio = { version = \"1\", features = [\"rt\"] }\n",
        )
        .unwrap();
        let after = "[dependencies]\ntokio = { version = \"1\", features = [\"rt\", \"time\"] }\n\
                     log.workspace = true\nlog.features = [\"std\"]\n";
        let texts = Texts::from([
            (path, after.into()),
            (folder.path().join("lib.rs"), after.into()),
        ]);
        let added: Vec<String> = added_features(&texts).into_iter().collect();
        assert_eq!(added, ["log/std", "tokio/time"]);
    }
}
