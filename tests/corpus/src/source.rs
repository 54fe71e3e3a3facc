//! Where the code to try comes from: crates of the registry by way of cargo, or folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use serde::Deserialize;

/// A project to try.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// The crate, or the folder's name.
    pub name: String,
    /// The crate's version; a folder has none.
    #[serde(default)]
    version: String,
    /// Whether it is part of CI.
    #[serde(default)]
    pub small: bool,
    /// Whether its lock file is left out.
    #[serde(default)]
    unlocked: bool,
    /// What its `unpark.toml` says, where it is tried with another configuration than the default.
    #[serde(default)]
    pub config: String,
    #[serde(skip)]
    folder: Option<PathBuf>,
    /// The members to look at; all of them if there is none.
    #[serde(skip)]
    pub packages: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(rename = "crate")]
    crates: Vec<Source>,
}

/// The crates of the list.
pub fn pinned() -> Result<Vec<Source>> {
    let list: List = toml::from_str(include_str!("../crates.toml"))?;
    Ok(list.crates)
}

impl Source {
    /// A project of this machine.
    pub fn of_folder(folder: &Path, packages: Vec<String>) -> Result<Source> {
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        let name = folder.file_name().unwrap_or_default();
        Ok(Source {
            name: name.to_string_lossy().into_owned(),
            version: String::new(),
            small: false,
            unlocked: false,
            config: String::new(),
            folder: Some(folder),
            packages,
        })
    }

    /// What tells it from others.
    pub fn id(&self) -> String {
        match self.version.is_empty() {
            true => self.name.clone(),
            false => format!("{} {}", self.name, self.version),
        }
    }

    /// A copy of it that may be written to.
    pub fn copy_to(&self, folder: &Path) -> Result<PathBuf> {
        let place = folder.join("copies").join(self.id().replace(' ', "-"));
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        match &self.folder {
            Some(folder) => copy(folder, &place)?,
            None => {
                copy(&self.registry_folder()?, &place)?;
                self.make_a_root(&place)?;
            }
        }
        if !self.config.is_empty() {
            fs::write(place.join("unpark.toml"), &self.config)?;
        }
        Ok(place)
    }

    /// The folder of the crate's source, which cargo fetches for a package that depends on it.
    fn registry_folder(&self) -> Result<PathBuf> {
        let probe = tempfile::tempdir()?;
        let manifest = probe.path().join("Cargo.toml");
        let (name, version) = (&self.name, &self.version);
        fs::create_dir(probe.path().join("src"))?;
        fs::write(probe.path().join("src/lib.rs"), "")?;
        fs::write(
            &manifest,
            format!(
                "[package]\nname = \"probe\"\nedition = \"2024\"\n\n[dependencies]\n\
                 {name} = \"={version}\"\n\n[workspace]\n"
            ),
        )?;
        let metadata = MetadataCommand::new().manifest_path(&manifest).exec()?;
        let found = metadata
            .packages
            .iter()
            .find(|package| package.name == *name && package.version.to_string() == *version);
        let manifest = &found.context("cargo did not fetch it")?.manifest_path;
        let folder = manifest.parent().context("a manifest has a folder")?;
        Ok(folder.as_std_path().to_owned())
    }

    /// Not a member of whatever workspace the copy lies in.
    fn make_a_root(&self, place: &Path) -> Result<()> {
        let path = place.join("Cargo.toml");
        let mut manifest = fs::read_to_string(&path)?;
        if !manifest.lines().any(|line| line.trim() == "[workspace]") {
            manifest.push_str("\n[workspace]\n");
            fs::write(&path, manifest)?;
        }
        if self.unlocked {
            fs::remove_file(place.join("Cargo.lock"))?;
        }
        Ok(())
    }
}

/// Copies what is not ignored.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let walk = ignore::WalkBuilder::new(from)
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "target")
        .build();
    for entry in walk {
        let entry = entry?;
        let place = to.join(entry.path().strip_prefix(from)?);
        let kind = entry.file_type().context("it is no standard input")?;
        if kind.is_dir() {
            fs::create_dir_all(&place)?;
        } else if entry.path().is_file() {
            // By its bytes: the registry's files are read-only.
            fs::write(&place, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
