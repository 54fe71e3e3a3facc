//! Every format that a result is shown in, on the screen or in a file.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, Result};
use clap::{
    ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::{
    Palette, diff, github, gitlab, html, human, invocation::Invocation, json, json_diagnostic,
    junit, rdjson, sarif, short,
};
use crate::{config::did_you_mean, outcome::Outcome, vcs};

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A unified diff that `git apply` and `patch -p1` take
    Diff,
    /// Each finding with its place, its reason and its diff
    Human,
    /// One line for each finding
    Short,
    /// One JSON object a line
    Json,
    /// What `cargo check --message-format json` prints, for editors
    JsonDiagnostic,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations and the step summary of a GitHub workflow
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// reviewdog's diagnostic format
    Rdjson,
    /// JUnit's XML
    Junit,
    /// A page to review the changes in
    Html,
}

/// A result, and for whom it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What was found.
    pub outcome: &'a Outcome,
    /// What the exit code says.
    pub success: bool,
    /// Show everything.
    pub verbose: bool,
    /// How it was asked for.
    pub invocation: &'a Invocation,
}

impl Format {
    /// Writes a result.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(self, shown: Shown<'_>, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
        let Shown {
            outcome,
            success,
            verbose,
            invocation,
        } = shown;
        match self {
            Format::Diff => diff::write(outcome, palette, out),
            Format::Human => human::write(outcome, invocation, verbose, palette, out),
            Format::Short => short::write(outcome, verbose, palette, out),
            Format::Json => json::write(outcome, success, out),
            Format::JsonDiagnostic => json_diagnostic::write(outcome, success, out),
            Format::Sarif => sarif::write(outcome, &shown.base(), out),
            Format::Github => github::write(outcome, &shown.base(), out),
            Format::Gitlab => gitlab::write(outcome, &shown.base(), out),
            Format::Rdjson => rdjson::write(outcome, &invocation.here, out),
            Format::Junit => junit::write(outcome, out),
            Format::Html => html::write(outcome, invocation, verbose, out),
        }
    }

    /// Those that are for a screen or a pipe; a page is only written to a file.
    pub fn on_screen() -> impl TypedValueParser<Value = Format> {
        let formats = Format::value_variants().iter();
        let formats = formats.filter(|format| **format != Format::Html);
        let names = formats.filter_map(Format::to_possible_value);
        PossibleValuesParser::new(names)
            .map(|name| Format::from_str(&name, false).expect("it is one of the names"))
    }
}

impl Shown<'_> {
    /// The folder that a forge takes paths to be relative to: the repository's.
    pub fn base(&self) -> PathBuf {
        let root = &self.outcome.root;
        vcs::repository(root).unwrap_or_else(|| root.clone())
    }
}

/// A format, and the file that it is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportFile, String> {
        let (format, file) = text
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or_else(|| {
                "it has to be a format and a file, as in sarif=unpark.sarif".to_owned()
            })?;
        let file = PathBuf::from(file);
        match Format::from_str(format, false) {
            Ok(format) => Ok(ReportFile { format, file }),
            Err(_) => {
                let formats = Format::value_variants().iter();
                let formats: Vec<_> = formats.filter_map(Format::to_possible_value).collect();
                let names: Vec<&str> = formats.iter().map(|format| format.get_name()).collect();
                let hint = did_you_mean(format, &names);
                Err(format!("no format is called `{format}`{hint}"))
            }
        }
    }
}

impl ReportFile {
    /// Writes it, and the folder that it is to be in.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, shown: Shown<'_>) -> Result<()> {
        let mut text = Vec::new();
        self.format
            .write(shown, Palette::default(), &mut text)
            .context("can't write a report")?;
        let folder = self.file.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&self.file, text))
            .with_context(|| format!("can't write the report {}", self.file.display()))
    }
}
