//! Runs unpark over real projects, and has their own compilers and tests judge the result.
//!
//! For each: a copy of it, what its compiler and tests say, `unpark --apply --unsafe-fixes`, and what they say
//! then. Every result is kept in a file of its own, so that a run that was stopped goes on where it was.
//!
//! ```sh
//! cargo run --release -p unpark-corpus                    # all crates of tests/corpus/crates.toml
//! cargo run --release -p unpark-corpus -- --small         # those that are part of CI
//! cargo run --release -p unpark-corpus -- --project PATH  # a project of one's own beside them
//! ```

mod report;
mod source;
mod trial;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use crate::{source::Source, trial::Trial};

/// Tries unpark on real projects.
#[derive(Debug, Parser)]
struct Args {
    /// Only this crate
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only the crates that are part of CI
    #[arg(long)]
    small: bool,
    /// A project on this machine, beside the crates
    #[arg(long, value_name = "FOLDER")]
    project: Vec<PathBuf>,
    /// No crates, only the projects
    #[arg(long, requires = "project")]
    no_crates: bool,
    /// Only these members of the projects
    #[arg(short, long, value_name = "SPEC")]
    package: Vec<String>,
    /// Do not run tests
    #[arg(long)]
    no_tests: bool,
    /// Where copies, builds and results are kept between runs
    #[arg(long, value_name = "FOLDER", default_value = "target/corpus")]
    folder: PathBuf,
    /// The program to try
    #[arg(long, value_name = "PATH")]
    unpark: Option<PathBuf>,
    /// Where the tables of all results go
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    fs::create_dir_all(&args.folder)?;
    let folder = args.folder.canonicalize()?;
    let unpark = match &args.unpark {
        Some(program) => program.canonicalize()?,
        None => beside_us()?,
    };
    let mut sources = match args.no_crates {
        true => Vec::new(),
        false => source::pinned()?,
    };
    sources.retain(|source| {
        (args.only.is_empty() || args.only.contains(&source.name)) && (source.small || !args.small)
    });
    for project in &args.project {
        sources.push(Source::of_folder(project, args.package.clone())?);
    }
    if sources.is_empty() {
        bail!("nothing to try: no crate of the list has this name");
    }
    let mut trials = Vec::new();
    for source in &sources {
        let kept = folder.join("results").join(format!("{}.json", source.id()));
        let trial = match read(&kept)? {
            Some(trial) => trial,
            None => {
                eprintln!("trying {}", source.id());
                let trial = Trial::run(source, &folder, &unpark, !args.no_tests)
                    .with_context(|| source.id())?;
                write(&kept, &trial)?;
                trial
            }
        };
        eprintln!("{}", report::line(&trial));
        trials.push(trial);
    }
    if let Some(path) = &args.report {
        let all = all_results(&folder.join("results"))?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, report::page(&all))?;
    }
    Ok(match trials.iter().all(Trial::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The program that was built beside this one.
fn beside_us() -> Result<PathBuf> {
    let name = format!("unpark{}", std::env::consts::EXE_SUFFIX);
    let program = std::env::current_exe()?.with_file_name(name);
    if !program.is_file() {
        bail!(
            "there is no {}\nhelp: `cargo build` makes it, with the profile of this program",
            program.display()
        );
    }
    Ok(program)
}

fn read(path: &Path) -> Result<Option<Trial>> {
    match path.is_file() {
        true => {
            let trial = serde_json::from_str(&fs::read_to_string(path)?);
            Ok(Some(trial.with_context(|| path.display().to_string())?))
        }
        false => Ok(None),
    }
}

fn write(path: &Path, trial: &Trial) -> Result<()> {
    let folder = path.parent().context("results have a folder")?;
    fs::create_dir_all(folder)?;
    let temp = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&temp, trial)?;
    temp.persist(path)?;
    Ok(())
}

fn all_results(folder: &Path) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for entry in fs::read_dir(folder)? {
        trials.extend(read(&entry?.path())?);
    }
    trials.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(trials)
}
