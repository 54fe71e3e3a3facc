//! How cargo is called, and in whose place unpark is when it calls a compiler.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    mirror::{Mirror, Texts},
    tools::configured,
    wrapper,
};
use crate::cargo::cargo;

/// How cargo is called.
#[derive(Debug)]
pub struct Caller<'a> {
    /// The folder of the workspace.
    pub root: &'a Path,
    /// The mirror, or `None` to compile the user's own files.
    pub mirror: Option<&'a Mirror>,
    /// What stands there in the place of the user's own.
    pub texts: &'a Texts,
    /// What cargo is told of the manifests there.
    pub of_manifests: Vec<String>,
    /// Where cargo builds, if not where it always does.
    pub target: Option<&'a Path>,
    /// The program that stands for the compiler.
    pub wrapper: &'a Path,
}

impl Caller<'_> {
    /// A cargo command, not started yet.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(cargo());
        command.arg(name).current_dir(self.root);
        command.args(&self.of_manifests);
        if let Some(target) = self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        let Some(mirror) = self.mirror else {
            return command;
        };
        if let Some(inner) = configured(self.root, "rustc-workspace-wrapper") {
            command.env(wrapper::INNER, inner);
        }
        if let Some(outer) = configured(self.root, "rustc-wrapper") {
            command
                .env("RUSTC_WRAPPER", self.wrapper)
                .env(wrapper::OUTER, outer);
        }
        let rustdoc = configured(self.root, "rustdoc").unwrap_or_else(|| "rustdoc".into());
        command
            .env("RUSTC_WORKSPACE_WRAPPER", self.wrapper)
            .env("RUSTDOC", self.wrapper)
            .env(wrapper::RUSTDOC, rustdoc)
            .env(wrapper::MIRROR, mirror.root());
        command
    }

    /// A text that speaks of the user's own files, relative to the workspace.
    pub fn hide(&self, text: &str) -> String {
        self.mirror
            .map_or_else(|| text.to_owned(), |mirror| mirror.hide(text, self.root))
    }

    /// The user's file that the compiler names; relative names start at the workspace.
    pub fn file(&self, name: &str) -> PathBuf {
        let path = self.root.join(name);
        match self.mirror {
            Some(mirror) => mirror.behind(&path),
            None => path.canonicalize().unwrap_or(path),
        }
    }

    /// The changed file that the compiler read where the user has it, and not as it was to be
    /// compiled.
    pub fn unchanged(&self, name: &str) -> Option<PathBuf> {
        let mirror = self.mirror?;
        let path = self.root.join(name);
        let real = path.canonicalize().ok()?;
        let changed = [real, path].into_iter();
        let mut changed = changed.take_while(|path| !path.starts_with(mirror.root()));
        changed.find(|path| self.texts.contains_key(path))
    }
}
