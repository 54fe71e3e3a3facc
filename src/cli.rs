//! What a person types. No logic: what was typed becomes [`Options`] and plain fields.

mod adoption;
mod review;
mod reviewed;
mod scaffold;

use std::{
    num::{NonZeroUsize, ParseIntError},
    path::PathBuf,
};

use anstyle::{AnsiColor, Style};
use bytesize::ByteSize;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, builder::Styles};
use clap_complete::Shell;
use unpark_codemods::{scaffold::BACKGROUND_SERVICE, settings};

pub use self::{
    adoption::AdoptionArgs,
    review::ReviewArgs,
    scaffold::{Scaffold, ServiceArgs},
};
use crate::{
    changed::Changes,
    options::{self, CargoOptions, Options, VerifyOptions},
    report::format::{Format, ReportFile},
    vcs::Guard,
};

/// The colours of cargo's own help.
const STYLES: Styles = Styles::styled()
    .header(bold(AnsiColor::BrightGreen))
    .usage(bold(AnsiColor::BrightGreen))
    .literal(bold(AnsiColor::BrightCyan))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(bold(AnsiColor::BrightRed))
    .valid(bold(AnsiColor::BrightCyan))
    .invalid(bold(AnsiColor::BrightYellow));

const fn bold(color: AnsiColor) -> Style {
    color.on_default().bold()
}

const EXAMPLES: &str = "\
Exit codes:
  0    nothing to do, or the changes were shown or written
  1    --check found something to change, --apply had to leave a change out, or undo a file
  2    it could not run
  101  a defect of unpark itself was caught";

/// What `--version` says: the version of the rust-analyzer crates decides what is understood.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (rust-analyzer 0.0.348)");

/// Finds where async Rust parks a thread or drops a task, and rewrites it.
///
/// Prints the changes as a diff and a summary; writes nothing without --apply.
#[derive(Debug, Parser)]
#[command(
    name = "unpark",
    version = VERSION,
    styles = STYLES,
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub struct Cli {
    /// A run over files, where no subcommand is named.
    #[command(flatten)]
    pub run: RunArgs,
    /// How it is shown.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Something else than a run.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The arguments that go with every subcommand.
pub const EVERYWHERE: &[&str] = &["ScreenArgs", "verbose", "quiet", "color", "no_progress"];

/// Something else than a run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the codemods
    List,
    /// Prints the manual page of a codemod
    Explain {
        /// The name of the codemod
        name: String,
    },
    /// Says what to use for which kind of work, and which codemod sees to it
    Guide,
    /// Says everything that is known about one place
    Why {
        /// The place
        #[arg(value_name = "FILE:LINE")]
        place: String,
        /// What to look for.
        #[command(flatten)]
        selection: Box<SelectionArgs>,
        /// What cargo is told.
        #[command(flatten)]
        cargo: Box<CargoArgs>,
    },
    /// Takes the last --apply back, done or interrupted
    Undo(UndoArgs),
    /// Asks about each change on the terminal, and makes what is accepted
    Review(Box<ReviewArgs>),
    /// Prints the configuration that holds, and where each value comes from
    Config {
        /// The workspace, or a place in it [default: the current folder]
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
        /// Print the JSON schema of unpark.toml instead, for editors
        #[arg(long, conflicts_with = "path")]
        schema: bool,
        /// What to look for.
        #[command(flatten)]
        selection: Box<SelectionArgs>,
        /// What cargo is told.
        #[command(flatten)]
        cargo: Box<CargoArgs>,
    },
    /// Prints what completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the man page, or that of a subcommand
    Man {
        /// The subcommand
        #[arg(value_name = "SUBCOMMAND")]
        command: Option<String>,
    },
    /// Writes a module anew, and the places that use it
    #[command(subcommand)]
    Scaffold(Scaffold),
}

/// Cargo's own flags, for a package that is known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cargo")]
pub struct ProjectArgs {
    /// Features to activate, with spaces or commas between them
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    pub all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    pub no_default_features: bool,
    /// Analyse for this target triple
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Assert that Cargo.lock stays unchanged
    #[arg(long)]
    pub locked: bool,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Both --locked and --offline
    #[arg(long)]
    pub frozen: bool,
}

/// Where something is to be taken back.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The workspace, or a place in it [default: the current folder]
    #[arg(value_name = "PATH", conflicts_with = "manifest_path")]
    pub path: Option<PathBuf>,
    /// The Cargo.toml to start from
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// How the result is shown [default: human]
    #[arg(long, value_name = "FMT", help_heading = "Output")]
    pub message_format: Option<UndoFormat>,
}

/// How it is shown what was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UndoFormat {
    /// A few lines
    Human,
    /// One JSON object
    Json,
}

/// A run over files.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// A workspace, package, folder or file [default: the package or workspace of the current
    /// folder]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write the changes
    #[arg(long, conflicts_with = "check")]
    pub apply: bool,
    /// Exit 1 if something would be changed; with =strict, also if something needs a
    /// person, or was refused
    #[arg(
        long,
        value_name = "strict",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "changes",
        hide_possible_values = true
    )]
    pub check: Option<Check>,
    /// What becomes of the result.
    #[command(flatten)]
    pub result: ResultArgs,
    /// Only count the findings, by codemod and state
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// What to look for.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Make the changes that a review accepted, and no other; what is looked for stands in the file
    #[arg(
        long = "selection",
        id = "accepted",
        value_name = "FILE",
        help_heading = "Selection",
        conflicts_with_all = [
            "only", "skip", "unsafe_fixes", "no_unsafe_fixes", "include_tests", "keep_sync_api", "fix_manifests",
            "root", "max_functions", "fs", "syntax_only", "package", "workspace", "exclude",
            "features", "all_features", "no_default_features", "target", "since", "staged",
            "add_allow", "write_baseline", "update_baseline",
        ]
    )]
    pub accepted: Option<PathBuf>,
    /// Where to look.
    #[command(flatten)]
    pub changes: ChangesArgs,
    /// Have git commit what is written, in one commit for each codemod, and for each change that
    /// makes functions async
    #[arg(
        long,
        requires = "apply",
        conflicts_with_all = ["allow_staged", "allow_no_vcs", "staged"],
        help_heading = "Version control, with --apply"
    )]
    pub commit: bool,
    /// What is done about all findings.
    #[command(flatten)]
    pub adoption: AdoptionArgs,
    /// What may be overwritten.
    #[command(flatten)]
    pub guard: GuardArgs,
    /// What cargo is told.
    #[command(flatten)]
    pub cargo: CargoArgs,
}

/// What becomes of a result.
#[derive(Debug, Args)]
pub struct ResultArgs {
    /// Exit 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
    /// What is compiled.
    #[command(flatten)]
    pub verify: VerifyArgs,
    /// How the result is shown [default: diff]
    #[arg(long, value_name = "FMT", help_heading = "Output", value_parser = Format::on_screen())]
    pub message_format: Option<Format>,
    /// Write the result to a file too, in a format of --message-format, or as a page to review it in
    /// with html=FILE; repeatable
    #[arg(long, value_name = "FMT=FILE", help_heading = "Output")]
    pub report: Vec<ReportFile>,
}

/// How the changes are compiled.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
pub struct VerifyArgs {
    /// Compile the changes before they are shown, in a mirror of the workspace or =in-place; the
    /// default with --apply
    #[arg(
        long,
        value_name = "in-place",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "mirror",
        hide_possible_values = true
    )]
    pub verify: Option<Verify>,
    /// Do not compile the changes before they are written
    #[arg(long, conflicts_with_all = ["verify", "verify_features", "verify_tests"])]
    pub no_verify: bool,
    /// The features to compile with: those that cargo is asked for, also all of them, or also each
    /// alone [default: default]
    #[arg(long, value_name = "each|all|default", hide_possible_values = true)]
    pub verify_features: Option<VerifyFeatures>,
    /// Run the tests too: one that passed has to pass still
    #[arg(long)]
    pub verify_tests: bool,
}

/// Where the changes are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    /// In a mirror of the workspace.
    #[value(hide = true)]
    Mirror,
    /// In the workspace itself, under the journal.
    InPlace,
}

/// What to do with calls of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fs {
    /// Await one or two, leave more of them to a person, and cheap ones as they are.
    Auto,
    /// Await each of them.
    Tokio,
    /// Ask for one offload around them.
    Offload,
    /// Leave them.
    Keep,
}

impl Fs {
    fn setting(self) -> settings::Fs {
        match self {
            Fs::Auto => settings::Fs::Auto,
            Fs::Tokio => settings::Fs::Tokio,
            Fs::Offload => settings::Fs::Offload,
            Fs::Keep => settings::Fs::Keep,
        }
    }
}

/// The features to compile with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyFeatures {
    /// Those that cargo is asked for, none, each alone, and all.
    Each,
    /// Those that cargo is asked for, and all.
    All,
    /// Those that cargo is asked for.
    Default,
}

impl VerifyArgs {
    /// How to verify, for a run that writes or not.
    pub fn options(&self, applies: bool, wrapper: PathBuf) -> Option<VerifyOptions> {
        let asked = self.verify.is_some() || self.verify_features.is_some() || self.verify_tests;
        (!self.no_verify && (applies || asked)).then(|| VerifyOptions {
            wrapper,
            features: match self.verify_features {
                None | Some(VerifyFeatures::Default) => options::VerifyFeatures::Default,
                Some(VerifyFeatures::All) => options::VerifyFeatures::All,
                Some(VerifyFeatures::Each) => options::VerifyFeatures::Each,
            },
            tests: self.verify_tests,
            in_place: self.verify == Some(Verify::InPlace),
        })
    }
}

/// What makes `--check` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Something would be changed.
    #[value(hide = true)]
    Changes,
    /// Something would be changed, or needs a person.
    Strict,
}

/// Which lines findings have to touch.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct ChangesArgs {
    /// Only findings on lines that changed since this revision, or whose call chain has one
    #[arg(long, value_name = "REV", conflicts_with = "staged")]
    pub since: Option<String>,
    /// The same for the lines that the next commit changes
    #[arg(long)]
    pub staged: bool,
}

/// What to look for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Run these codemods, and no others
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave these codemods out
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Also make the changes that may alter what a caller can see
    #[arg(long, overrides_with = "no_unsafe_fixes")]
    pub unsafe_fixes: bool,
    /// Make none of them, whatever unpark.toml says
    #[arg(long, overrides_with = "unsafe_fixes")]
    pub no_unsafe_fixes: bool,
    /// Also look at tests, benches and examples
    #[arg(long)]
    pub include_tests: bool,
    /// Keep public functions as they are seen, each over a new NAME_async that async code uses
    #[arg(long)]
    pub keep_sync_api: bool,
    /// Add a feature to a dependency in Cargo.toml where a change needs it
    #[arg(long, conflicts_with = "syntax_only")]
    pub fix_manifests: bool,
    /// Only make async this function, and what changes together with it, named by its path, such as
    /// `store::Store::load`
    #[arg(long, value_name = "PATH", conflicts_with = "syntax_only")]
    pub root: Option<String>,
    /// Refuse a change that makes more functions async than this
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub max_functions: Option<NonZeroUsize>,
    /// What to do with calls of std::fs on async threads [default: auto]
    #[arg(long, value_name = "HOW")]
    pub fs: Option<Fs>,
    /// Use neither cargo nor types: only report what the syntax shows
    #[arg(long, conflicts_with_all = ["package", "exclude"])]
    pub syntax_only: bool,
    /// Never add the rust-src component
    #[arg(long)]
    pub no_rust_src_install: bool,
    /// Load nothing more once this much memory is used, as in 2GiB or 500M
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<ByteSize>,
    /// How many threads [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
}

fn at_least_one(number: &str) -> Result<NonZeroUsize, String> {
    let number: usize = number
        .parse()
        .map_err(|error: ParseIntError| error.to_string())?;
    NonZeroUsize::new(number).ok_or_else(|| "it has to be at least 1".to_owned())
}

/// What may be overwritten, in cargo fix's words.
#[derive(Debug, Args)]
#[command(next_help_heading = "Version control")]
pub struct GuardArgs {
    /// Write even if the working directory is dirty or has staged changes
    #[arg(long)]
    pub allow_dirty: bool,
    /// Write even if the working directory has staged changes
    #[arg(long)]
    pub allow_staged: bool,
    /// Write even if a VCS was not detected
    #[arg(long)]
    pub allow_no_vcs: bool,
}

/// Cargo's own flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cargo")]
pub struct CargoArgs {
    /// Look at this package
    #[arg(short, long, value_name = "SPEC")]
    pub package: Vec<String>,
    /// Look at every member of the workspace
    #[arg(long)]
    pub workspace: bool,
    /// Leave this package out
    #[arg(long, value_name = "SPEC", requires = "workspace")]
    pub exclude: Vec<String>,
    /// The Cargo.toml to start from
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// What it is told of any project.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How it is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct ScreenArgs {
    /// Say more: every file that was left out, and where the time went
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// No summary and no progress, only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", global = true)]
    pub color: Option<Color>,
    /// Do not show progress on a terminal
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// What may be typed.
pub fn command() -> clap::Command {
    // A subcommand has the one without the other.
    let mut command =
        Cli::command().mut_arg("verify", |verify| verify.conflicts_with("syntax_only"));
    command = with_apply(command);
    command.mut_subcommand("scaffold", |scaffold| {
        scaffold.mut_subcommand(BACKGROUND_SERVICE, with_apply)
    })
}

/// What may be overwritten matters only where something is written.
fn with_apply(command: clap::Command) -> clap::Command {
    let guards = ["allow_dirty", "allow_staged", "allow_no_vcs"];
    command.mut_args(|arg| match guards.contains(&arg.get_id().as_str()) {
        true => arg
            .requires("apply")
            .help_heading("Version control, with --apply"),
        false => arg,
    })
}

impl Cli {
    /// Whether the answer is JSON, and an error too.
    pub fn as_json(&self) -> bool {
        match &self.command {
            Some(Command::Undo(args)) => args.message_format == Some(UndoFormat::Json),
            Some(Command::Scaffold(Scaffold::BackgroundService(args))) => {
                args.result.message_format == Some(Format::Json)
            }
            _ => self.run.result.message_format == Some(Format::Json),
        }
    }
}

impl UndoArgs {
    /// The options that name the workspace.
    pub fn options(&self) -> Options {
        Options {
            paths: self.path.iter().cloned().collect(),
            cargo: CargoOptions {
                manifest_path: self.manifest_path.clone(),
                ..CargoOptions::default()
            },
            ..Options::default()
        }
    }
}

impl SelectionArgs {
    /// The options of a run.
    pub fn options(&self, paths: &[PathBuf], cargo: &CargoArgs, progress: bool) -> Options {
        Options {
            paths: paths.to_vec(),
            about: None,
            accepted: None,
            only: self.only.clone(),
            skip: self.skip.clone(),
            unsafe_fixes: match self.no_unsafe_fixes {
                true => Some(false),
                false => self.unsafe_fixes.then_some(true),
            },
            include_tests: self.include_tests,
            keep_sync_api: self.keep_sync_api,
            fix_manifests: self.fix_manifests,
            root: self.root.clone(),
            max_functions: self.max_functions,
            fs: self.fs.map(Fs::setting),
            adopt: None,
            ignore_baseline: false,
            changes: None,
            syntax_only: self.syntax_only,
            no_rust_src_install: self.no_rust_src_install,
            cargo: cargo.options(),
            max_memory: self.max_memory,
            max_time: None,
            give_up: None,
            jobs: self.jobs.map_or(0, NonZeroUsize::get),
            progress,
            verify: None,
        }
    }
}

impl ChangesArgs {
    /// The changes that are asked about.
    pub fn changes(&self) -> Option<Changes> {
        match &self.since {
            Some(revision) => Some(Changes::Since(revision.clone())),
            None => self.staged.then_some(Changes::Staged),
        }
    }
}

impl CargoArgs {
    fn options(&self) -> CargoOptions {
        CargoOptions {
            manifest_path: self.manifest_path.clone(),
            packages: self.package.clone(),
            workspace: self.workspace,
            exclude: self.exclude.clone(),
            ..self.project.options()
        }
    }
}

impl ProjectArgs {
    fn options(&self) -> CargoOptions {
        let features = self.features.iter().flat_map(|list| list.split([',', ' ']));
        CargoOptions {
            features: features
                .filter(|feature| !feature.is_empty())
                .map(str::to_owned)
                .collect(),
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            target: self.target.clone(),
            locked: self.locked,
            offline: self.offline,
            frozen: self.frozen,
            ..CargoOptions::default()
        }
    }
}

impl GuardArgs {
    /// What may be overwritten.
    pub fn guard(&self) -> Guard {
        Guard {
            allow_dirty: self.allow_dirty,
            allow_staged: self.allow_staged,
            allow_no_vcs: self.allow_no_vcs,
        }
    }
}
