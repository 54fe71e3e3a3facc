//! One call of the program: what was typed, what is done, what is shown, and the exit code.

use std::{
    any::Any,
    env,
    ffi::OsString,
    io::{self, BufWriter, IsTerminal as _, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::{self, ExitCode},
    sync::Mutex,
};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context as _, Result, bail};
use clap::{FromArgMatches as _, error::ErrorKind, parser::ValueSource};
use unpark_codemods::CATALOGUE;

mod review;
mod task;

use self::task::Task;
use crate::{
    cli::{
        self, Cli, Color, Command, RunArgs, Scaffold, ScreenArgs, ServiceArgs, UndoArgs, UndoFormat,
    },
    commit::{self, Recovered},
    config::{Config, SCHEMA, nearest},
    install,
    outcome::{Defect, relative},
    report::{
        self, Palette, failure::Failure, format::Format, guide, invocation::Invocation, json,
        recovery::Recovery,
    },
    run, scaffold, start,
    verify::wrapper,
    why::{self, Place},
};

/// Something was found, or left out.
const FOUND: u8 = 1;
/// The run could not be done.
const FAILED: u8 = 2;
/// A defect of ours was caught.
const DEFECT: u8 = 101;

/// Runs the program under one of its names, `unpark` or `cargo unpark`.
pub fn main(name: &'static str, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(code) = wrapper::compile(&args) {
        return code;
    }
    keep_panics_quiet();
    let code = panic::catch_unwind(AssertUnwindSafe(|| call(name, &args)));
    ExitCode::from(code.unwrap_or_else(|panic| {
        let message = said(panic.as_ref());
        success_if_closed(match wants_json(&args) {
            true => json::defect("", "", &message, &mut io::stdout()),
            false => {
                let error = err_palette().error;
                writeln!(
                    io::stderr(),
                    "{error}error{error:#}: a defect of unpark: {message}"
                )
            }
        });
        DEFECT
    }))
}

fn call(name: &'static str, args: &[OsString]) -> u8 {
    let cli = match parse(name, args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, args),
    };
    choose_colors(cli.screen.color);
    let as_json = cli.as_json();
    match answer(name, &cli) {
        Ok(code) => code,
        Err(error) => {
            let failure = Failure::new(&error);
            success_if_closed(match as_json {
                true => json::error(
                    &failure.message(),
                    failure.help.as_deref(),
                    &mut io::stdout(),
                ),
                false => failure.write(err_palette(), &mut stderr()),
            });
            FAILED
        }
    }
}

fn parse(name: &'static str, args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = cli::command().bin_name(name);
    let mut matches = command.try_get_matches_from_mut(args)?;
    let given =
        |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    if let Some(subcommand) = matches.subcommand_name()
        && matches
            .ids()
            .filter(given)
            .any(|id| !cli::EVERYWHERE.contains(&id.as_str()))
    {
        let message = format!(
            "what stands before `{subcommand}` belongs to a run, and can't go with it; name the \
             flags of `{subcommand}` behind it"
        );
        return Err(command.error(ErrorKind::ArgumentConflict, message));
    }
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// What clap has to say: the help, the version, or what is wrong with what was typed.
fn usage(error: &clap::Error, args: &[OsString]) -> u8 {
    if error.use_stderr() && wants_json(args) {
        let text = error.render().to_string();
        let text = text.trim().trim_start_matches("error: ");
        let mut paragraphs = text.split("\n\n").map(str::trim);
        let message = paragraphs.next().unwrap_or_default();
        let help: Vec<&str> = paragraphs
            .filter(|paragraph| !paragraph.starts_with("Usage:"))
            .collect();
        let help = help.join("\n");
        let help = (!help.is_empty()).then_some(help.as_str());
        success_if_closed(json::error(message, help, &mut io::stdout()));
    } else {
        success_if_closed(error.print());
    }
    u8::try_from(error.exit_code()).unwrap_or(FAILED)
}

/// Whether errors are to be JSON, told before the arguments are known to be right.
fn wants_json(args: &[OsString]) -> bool {
    let after_flag = args
        .windows(2)
        .any(|pair| pair[0] == "--message-format" && pair[1] == "json");
    after_flag || args.iter().any(|arg| arg == "--message-format=json")
}

fn answer(name: &'static str, cli: &Cli) -> Result<u8> {
    let progress = shows_progress(&cli.screen);
    match &cli.command {
        None => start_run(name, &cli.run, &cli.screen, progress),
        Some(Command::List) => {
            print(|out, palette| {
                let width = CATALOGUE.iter().map(|it| it.name.len()).max().unwrap_or(0);
                let strong = palette.strong;
                for codemod in CATALOGUE {
                    let (name, safety) = (codemod.name, codemod.safety.name());
                    let summary = codemod.summary;
                    let when = if codemod.opt_in { " (with --only)" } else { "" };
                    writeln!(
                        out,
                        "{strong}{name:width$}{strong:#}  {safety:6}  {summary}{when}"
                    )?;
                }
                Ok(())
            })?;
            Ok(0)
        }
        Some(Command::Explain { name }) => {
            let codemod = run::codemod(name)?;
            print(|out, _| out.write_all(codemod.manual().as_bytes()))?;
            Ok(0)
        }
        Some(Command::Guide) => {
            print(|out, palette| guide::write(palette, out))?;
            Ok(0)
        }
        Some(Command::Why {
            place,
            selection,
            cargo,
        }) => {
            let place = Place::parse(place)?;
            let mut options = selection.options(&[], cargo, progress);
            options.give_up = Some(give_up);
            let answer = why::ask(place, &options)?;
            print(|out, palette| answer.write(palette, out))?;
            Ok(0)
        }
        Some(Command::Undo(args)) => undo(args, &cli.screen),
        Some(Command::Review(args)) => review::start_review(name, args, &cli.screen, progress),
        Some(Command::Scaffold(Scaffold::BackgroundService(args))) => {
            start_scaffold(name, args, &cli.screen, progress)
        }
        Some(Command::Config { schema: true, .. }) => {
            print(|out, _| out.write_all(SCHEMA.as_bytes()))?;
            Ok(0)
        }
        Some(Command::Config {
            path,
            selection,
            cargo,
            ..
        }) => {
            let paths: Vec<PathBuf> = path.iter().cloned().collect();
            let options = selection.options(&paths, cargo, progress);
            let root = start::root(&options)?;
            let config = Config::load(&start::config_folder(&root))?;
            run::select(&options, &config)?;
            print(|out, palette| report::config::write(&config, &options, palette, out))?;
            Ok(0)
        }
        Some(Command::Completions { shell }) => {
            print(|out, _| install::completions(*shell, out))?;
            Ok(0)
        }
        Some(Command::Man { command }) => {
            let page = install::man(command.as_deref())?;
            print(|out, _| page.render(out))?;
            Ok(0)
        }
    }
}

/// Takes the last apply back.
fn undo(args: &UndoArgs, screen: &ScreenArgs) -> Result<u8> {
    let homes = start::homes(&args.options())?;
    let home = homes.first().context("there is no workspace")?;
    let undone = commit::undo(home)?;
    if args.message_format == Some(UndoFormat::Json) {
        print(|out, _| json::undone(&undone, home.root(), out))?;
    } else if !screen.quiet {
        success_if_closed(recovery(&here()?, screen).undone(&undone, &mut stderr()));
    }
    Ok(match undone.left.is_empty() {
        true => 0,
        false => FOUND,
    })
}

fn here() -> Result<PathBuf> {
    env::current_dir()
        .and_then(|here| here.canonicalize())
        .context("can't tell the current folder")
}

fn recovery<'a>(here: &'a Path, screen: &ScreenArgs) -> Recovery<'a> {
    Recovery {
        here,
        verbose: screen.verbose,
        palette: err_palette(),
    }
}

/// Says what was ended that had been interrupted.
fn say_recovered(
    recovered: &[Recovered],
    invocation: &Invocation,
    as_json: bool,
    screen: &ScreenArgs,
) -> Result<()> {
    for it in recovered {
        if as_json {
            let root = start::root(&invocation.options)?;
            print(|out, _| json::recovered(it, &root, out))?;
        } else if !screen.quiet {
            let recovery = recovery(&invocation.here, screen);
            success_if_closed(recovery.recovered(it, &mut stderr()));
        }
    }
    Ok(())
}

/// A run over files.
fn start_run(
    program: &'static str,
    args: &RunArgs,
    screen: &ScreenArgs,
    progress: bool,
) -> Result<u8> {
    if args.statistics
        && args
            .result
            .message_format
            .is_some_and(|format| format != Format::Json)
    {
        bail!(
            "`--statistics` is a table, or `--message-format json`\nhelp: `--report FMT=FILE` \
             writes the findings beside it"
        );
    }
    let mut options = args.options(progress)?;
    options.adopt = args.adoption.adopt();
    options.ignore_baseline = args.adoption.ignore_baseline;
    let wrapper = env::current_exe().context("can't tell where unpark itself is")?;
    options.verify = args.result.verify.options(args.apply, wrapper);
    let as_json = args.result.message_format == Some(Format::Json);
    options.give_up = Some(if as_json { give_up_in_json } else { give_up });
    let invocation = Invocation {
        program,
        command: Vec::new(),
        options,
        here: here()?,
    };
    let task = Task {
        apply: args.apply,
        commit: args.commit,
        check: args.check,
        exit_zero: args.result.exit_zero,
        format: args.result.message_format,
        reports: &args.result.report,
        guard: args.guard.guard(),
        folders: folders(&invocation),
        // What can't be told here is told by the run.
        homes: match args.apply {
            true => start::homes(&invocation.options).unwrap_or_default(),
            false => Vec::new(),
        },
        scaffold: None,
        statistics: args.statistics,
        invocation,
    };
    task.carry_out(screen, |options| {
        for path in &options.paths {
            check_no_subcommand(program, path)?;
        }
        run(options)
    })
}

/// A module that is written anew.
fn start_scaffold(
    program: &'static str,
    args: &ServiceArgs,
    screen: &ScreenArgs,
    progress: bool,
) -> Result<u8> {
    let request = args.request()?;
    let mut options = args.options(progress);
    let wrapper = env::current_exe().context("can't tell where unpark itself is")?;
    options.verify = args.result.verify.options(args.apply, wrapper);
    let home = scaffold::home(&request, &options)?;
    let task = Task {
        apply: args.apply,
        commit: false,
        check: None,
        exit_zero: args.result.exit_zero,
        format: args.result.message_format,
        reports: &args.result.report,
        guard: args.guard.guard(),
        folders: vec![home.root().to_owned()],
        homes: vec![home],
        scaffold: Some(&request),
        statistics: false,
        invocation: Invocation {
            program,
            command: args.words(),
            options,
            here: here()?,
        },
    };
    task.carry_out(screen, |options| {
        scaffold::background_service(&request, options)
    })
}

/// Ends the process in the middle of a run, which has written nothing then.
fn give_up(defect: &Defect) -> ! {
    let path = relative(&defect.path, &here().unwrap_or_default());
    let (error, help) = (err_palette().error, err_palette().help);
    success_if_closed(writeln!(
        stderr(),
        "\n{error}error{error:#}: a defect of unpark in {}, looking at {path}: {}\n\
         {help}help{help:#}: `--skip {}` leaves it out; please report it",
        defect.codemod,
        defect.message,
        defect.codemod
    ));
    process::exit(DEFECT.into())
}

/// The same, for programs.
fn give_up_in_json(defect: &Defect) -> ! {
    let path = relative(&defect.path, &here().unwrap_or_default());
    success_if_closed(json::defect(
        &path,
        defect.codemod,
        &defect.message,
        &mut io::stdout(),
    ));
    process::exit(DEFECT.into())
}

/// Whether a path that is not there was meant as a subcommand.
fn check_no_subcommand(program: &str, path: &Path) -> Result<()> {
    let command = cli::command();
    let names: Vec<&str> = command.get_subcommands().map(|it| it.get_name()).collect();
    if let Some(word) = path.to_str()
        && !path.exists()
        && let Some(name) = nearest(word, &names)
    {
        bail!(
            "there is no file and no subcommand `{word}`\nhelp: did you mean `{program} {name}`?"
        );
    }
    Ok(())
}

/// The folders that a run may write to.
fn folders(invocation: &Invocation) -> Vec<PathBuf> {
    let options = &invocation.options;
    let manifest = options.cargo.manifest_path.iter();
    let mut paths: Vec<PathBuf> = match options.paths.is_empty() {
        true => manifest.cloned().collect(),
        false => options.paths.clone(),
    };
    if paths.is_empty() {
        paths.push(invocation.here.clone());
    }
    let folder = |path: PathBuf| {
        let path = path.canonicalize().unwrap_or(path);
        match path.parent() {
            Some(parent) if path.is_file() => parent.to_owned(),
            _ => path,
        }
    };
    paths.into_iter().map(folder).collect()
}

fn shows_progress(screen: &ScreenArgs) -> bool {
    !screen.quiet && !screen.no_progress && io::stderr().is_terminal()
}

/// The flag comes first, then cargo's variable; else each stream decides for itself.
fn choose_colors(flag: Option<Color>) {
    let variable = env::var("CARGO_TERM_COLOR").ok();
    let choice = match (flag, variable.as_deref()) {
        (Some(Color::Always), _) | (None, Some("always")) => ColorChoice::Always,
        (Some(Color::Never), _) | (None, Some("never")) => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    choice.write_global();
}

/// Writes to standard output, as it is or with colours.
fn print(write: impl FnOnce(&mut dyn Write, Palette) -> io::Result<()>) -> Result<()> {
    let colored = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    // Where there are no colours the stream is not looked into: it would lose the control
    // characters of the user's own text.
    let mut out: Box<dyn Write> = match colored {
        true => Box::new(BufWriter::new(anstream::stdout().lock())),
        false => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let palette = Palette {
        is_screen: io::stdout().is_terminal(),
        links: colored && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
        ..Palette::new(colored)
    };
    let written = write(&mut out, palette).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("can't write the report"),
    }
}

fn stderr() -> impl Write {
    anstream::stderr()
}

fn err_palette() -> Palette {
    Palette::new(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
}

/// Nobody listening is no reason to fail, and there is nobody to tell of another one.
fn success_if_closed(written: io::Result<()>) {
    drop(written);
}

/// Where the last panic was, for the report.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Panics are caught and reported; the noise is for those who ask for a backtrace.
fn keep_panics_quiet() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Ok(mut place) = PANIC.lock() {
            *place = info.location().map(ToString::to_string);
        }
        if env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            loud(info);
        }
    }));
}

fn said(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked");
    match PANIC.lock().ok().and_then(|mut place| place.take()) {
        Some(place) => format!("{message} ({place})"),
        None => message.to_owned(),
    }
}
