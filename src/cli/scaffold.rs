//! What a person types to have a module written anew.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use unpark_codemods::scaffold::BACKGROUND_SERVICE;

use super::{GuardArgs, ProjectArgs, ResultArgs};
use crate::{options::Options, scaffold::Request, why::Place};

/// What is written anew.
#[derive(Debug, Subcommand)]
pub enum Scaffold {
    /// A queue for work that nobody waits for
    ///
    /// Writes a module with a bounded channel, a worker and a shutdown that drains the queue, with
    /// tests. Each --site, a line that lets go of a `tokio::spawn(..)`, hands its future to the queue
    /// instead: by `NAME::enqueue(..).await` in async code, by `NAME::try_enqueue(..)` elsewhere. It
    /// has to be in the module of FILE, or below.
    ///
    /// Prints the changes as a diff and a summary; writes nothing without --apply.
    BackgroundService(Box<ServiceArgs>),
}

/// A service that is to be.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// The name of its module, as in `mailer`
    pub name: String,
    /// The file of the module that is to have it, as in src/main.rs; or, where there is none yet, its
    /// own, as in src/mailer.rs
    #[arg(long = "in", value_name = "FILE")]
    pub file: PathBuf,
    /// A place that spawns what the service is to run
    #[arg(long = "site", value_name = "FILE:LINE")]
    pub sites: Vec<String>,
    /// Write the changes
    #[arg(long)]
    pub apply: bool,
    /// What becomes of the result.
    #[command(flatten)]
    pub result: ResultArgs,
    /// What may be overwritten.
    #[command(flatten)]
    pub guard: GuardArgs,
    /// What cargo is told.
    #[command(flatten)]
    pub cargo: ProjectArgs,
}

impl ServiceArgs {
    /// The options that go with any project.
    pub fn options(&self, progress: bool) -> Options {
        Options {
            cargo: self.cargo.options(),
            progress,
            ..Options::default()
        }
    }

    /// What is asked for.
    ///
    /// # Errors
    /// If a site is no place.
    pub fn request(&self) -> Result<Request> {
        let sites = self.sites.iter().map(|site| Place::parse(site));
        Ok(Request {
            name: self.name.clone(),
            file: self.file.clone(),
            sites: sites.collect::<Result<_>>()?,
        })
    }

    /// The words that ask for it, without flags.
    pub fn words(&self) -> Vec<String> {
        let fixed = ["scaffold", BACKGROUND_SERVICE, &self.name, "--in"];
        let mut words: Vec<String> = fixed.map(str::to_owned).into();
        words.push(self.file.to_string_lossy().into_owned());
        let sites = self.sites.iter();
        words.extend(sites.flat_map(|site| ["--site".to_owned(), site.clone()]));
        words
    }
}
