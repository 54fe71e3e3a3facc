//! What unpark does when cargo calls it in the place of rustc or rustdoc.
//!
//! Cargo calls `RUSTC_WORKSPACE_WRAPPER` for the workspace's own crates only, with the compiler as the
//! first argument. Of the other arguments one is the crate's root file; the file of the same path
//! in the mirror takes its place, and with it all modules.
//!
//! A `RUSTC_WRAPPER` of the user's stands outside of that, and one that caches what was compiled
//! (sccache) looks at the arguments as they are there, and calls the compiler by itself. So unpark
//! stands in its place too, and calls it with the arguments that name the mirror.
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
/// The workspace wrapper that the user has already; ours calls it.
pub const INNER: &str = "UNPARK_INNER_WRAPPER";
/// The wrapper of all compilers that the user has already.
pub const OUTER: &str = "UNPARK_OUTER_WRAPPER";
/// The rustdoc that ours stands for.
pub const RUSTDOC: &str = "UNPARK_RUSTDOC";
/// The file that is told which dep-info files the compiler is about to write.
pub const UNITS: &str = "UNPARK_UNITS";

/// A call whose future nobody awaits only warns, and where the crate allows that, not even this.
const UNUSED: &str = "--force-warn=unused_must_use";

/// Compiles from the mirror, if this process was started for that.
pub fn compile(args: &[OsString]) -> Option<ExitCode> {
    let mirror = PathBuf::from(env::var_os(MIRROR)?);
    let here = env::current_dir().ok()?;
    let (ours, args) = args.split_first()?;
    let outer = env::var_os(OUTER);
    let is_rustdoc = args.first()?.to_string_lossy().starts_with('-');
    // Both wrappers are ours where there is an outer one, and the inner stands for members only.
    let (is_member, args) = match args {
        args if is_rustdoc || outer.is_none() => (true, args),
        [first, args @ ..] if first == ours => (true, args),
        args => (false, args),
    };
    let (programs, args) = match args {
        args if is_rustdoc => (vec![env::var_os(RUSTDOC)?], args),
        [rustc, args @ ..] => {
            let inner = env::var_os(INNER).filter(|_| is_member);
            let rustc = [outer, inner, Some(rustc.clone())];
            (rustc.into_iter().flatten().collect(), args)
        }
        [] => return None,
    };
    let (first, programs) = programs.split_first()?;
    let mut command = Command::new(first);
    command.args(programs);
    let mut root = None;
    for arg in args {
        match in_mirror(&mirror, &here, arg).filter(|_| is_member) {
            Some(inside) => {
                command.arg(inside);
                root = Some(Path::new(arg));
            }
            None => drop(command.arg(arg)),
        }
    }
    if let Some(root) = root.filter(|_| !is_rustdoc) {
        announce(args);
        command.args(remapped(&mirror, &here, root));
        command.arg(UNUSED);
    }
    // What the compiler starts is none of ours.
    for variable in [MIRROR, INNER, OUTER, RUSTDOC, UNITS] {
        command.env_remove(variable);
    }
    Some(run(command))
}

/// Has `file!()`, panics and messages speak of the paths that they would speak of without us:
/// relative ones where cargo names the root file so, as it does below the workspace.
fn remapped(mirror: &Path, here: &Path, root: &Path) -> impl Iterator<Item = OsString> {
    let top = root.ancestors().last().filter(|_| root.is_absolute());
    let (from, to) = match top {
        Some(top) => (mirror::inside(mirror, top), top),
        None => (mirror::inside(mirror, here), Path::new("")),
    };
    let map = [from.as_os_str(), OsStr::new("="), to.as_os_str()];
    ["--remap-path-prefix".into(), map.into_iter().collect()].into_iter()
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
