//! What unpark does when cargo calls it in the place of rustc or rustdoc.
//!
//! Cargo calls `RUSTC_WORKSPACE_WRAPPER` for the workspace's own crates only, with the compiler as the
//! first argument. Of the other arguments one is the crate's root file; the file of the same path
//! in the mirror takes its place, and with it all modules.
//! Source: <https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-workspace-wrapper>.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use super::mirror;

/// The folder of the mirror. Where it is set, unpark is called as a compiler.
pub const MIRROR: &str = "UNPARK_MIRROR";
/// The wrapper that the user has already; ours calls it.
pub const INNER: &str = "UNPARK_INNER_WRAPPER";
/// The rustdoc that ours stands for.
pub const RUSTDOC: &str = "UNPARK_RUSTDOC";

/// The file that is told which dep-info files the compiler is about to write.
pub const UNITS: &str = "UNPARK_UNITS";

/// Compiles from the mirror, if this process was started for that.
pub fn compile(args: &[OsString]) -> Option<ExitCode> {
    let mirror = PathBuf::from(env::var_os(MIRROR)?);
    let here = env::current_dir().ok()?;
    let (program, rest) = match args.get(1..)? {
        [first, rest @ ..] if !first.to_string_lossy().starts_with('-') => (Some(first), rest),
        rest => (None, rest),
    };
    let mut command = match program {
        Some(rustc) => called_through(env::var_os(INNER), rustc),
        None => Command::new(env::var_os(RUSTDOC)?),
    };
    let mut swapped = false;
    for arg in rest {
        match in_mirror(&mirror, &here, arg) {
            Some(inside) => {
                swapped = true;
                command.arg(inside);
            }
            None => drop(command.arg(arg)),
        }
    }
    if swapped && program.is_some() {
        announce(rest);
        // `file!()` and panics speak of the paths that they would speak of without us.
        let mut map = OsString::from("--remap-path-prefix=");
        map.push(mirror::inside(&mirror, &here));
        map.push("=");
        command.arg(map);
    }
    // What the compiler starts is none of ours.
    for variable in [MIRROR, INNER, RUSTDOC, UNITS] {
        command.env_remove(variable);
    }
    Some(run(command))
}

/// Of a crate that fails cargo names no file; what the compiler read of it stands in its dep-info,
/// which is written before types are checked. One that is left from before would tell of another
/// text.
fn announce(args: &[OsString]) {
    let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let after = |flag: &str| {
        let mut args = args.iter().skip_while(move |arg| **arg != flag);
        args.nth(1).copied()
    };
    let extra = args
        .iter()
        .find_map(|arg| arg.strip_prefix("extra-filename="));
    if let (Some(units), Some(folder), Some(name)) = (
        env::var_os(UNITS),
        after("--out-dir"),
        after("--crate-name"),
    ) {
        let file = Path::new(folder).join(format!("{name}{}.d", extra.unwrap_or_default()));
        let _ = fs::remove_file(&file);
        let told = fs::OpenOptions::new().append(true).create(true).open(units);
        // Without it, less counts as seen by the compiler.
        let _ =
            told.and_then(|mut told| told.write_all(format!("{}\n", file.display()).as_bytes()));
    }
}

fn called_through(inner: Option<OsString>, rustc: &OsStr) -> Command {
    match inner {
        Some(inner) => {
            let mut command = Command::new(inner);
            command.arg(rustc);
            command
        }
        None => Command::new(rustc),
    }
}

/// The file in the mirror that stands for an argument, if the argument is the root of a crate. What
/// a build script compiles for itself lies in folders that the mirror only has links to.
fn in_mirror(mirror: &Path, here: &Path, arg: &OsStr) -> Option<PathBuf> {
    let path = Path::new(arg);
    if path.extension() != Some(OsStr::new("rs")) {
        return None;
    }
    let inside = mirror::inside(mirror, &std::path::absolute(here.join(path)).ok()?);
    let folder = inside.parent()?.canonicalize().ok()?;
    let is_real = folder.starts_with(mirror.canonicalize().ok()?);
    (is_real && inside.exists()).then_some(inside)
}

#[cfg(unix)]
fn run(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    failed(&command, &error)
}

#[cfg(not(unix))]
fn run(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            ExitCode::from(code.unwrap_or(1))
        }
        Err(error) => failed(&command, &error),
    }
}

fn failed(command: &Command, error: &std::io::Error) -> ExitCode {
    let program = command.get_program().display();
    // Nobody listening is no reason to fail otherwise.
    let _ = writeln!(std::io::stderr(), "error: can't run {program}: {error}");
    ExitCode::FAILURE
}
