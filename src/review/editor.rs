//! The user's editor, at a line.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::{Context as _, Result, bail};

/// Opens a file at a line, and waits until it is closed. The editor is that of `VISUAL` or `EDITOR`,
/// as for git, and may have arguments.
///
/// # Errors
/// If there is none, or it fails.
pub fn open(path: &Path, line: usize) -> Result<()> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
        let value = env::var(name).ok()?;
        (!value.trim().is_empty()).then_some(value)
    });
    let named = named.unwrap_or_else(|| {
        let usual = if cfg!(windows) { "notepad" } else { "vi" };
        usual.to_owned()
    });
    let words = shell_words::split(&named).context("VISUAL or EDITOR can't be read")?;
    let Some((program, arguments)) = words.split_first() else {
        bail!("VISUAL or EDITOR names no program");
    };
    let status: ExitStatus = Command::new(program)
        .args(arguments)
        .args(place(program, path, line))
        .status()
        .with_context(|| format!("can't run the editor `{program}`"))?;
    if !status.success() {
        bail!("the editor `{program}` ended with {status}");
    }
    Ok(())
}

/// How an editor is told the line; one that is not known is only told the file.
fn place(program: &str, path: &Path, line: usize) -> Vec<String> {
    let name = Path::new(program).file_stem().and_then(OsStr::to_str);
    let path = path.to_string_lossy().into_owned();
    match name.unwrap_or_default() {
        "vi" | "vim" | "nvim" | "gvim" | "nano" | "emacs" | "emacsclient" | "kak" | "micro"
        | "joe" => {
            vec![format!("+{line}"), path]
        }
        "code" | "codium" | "cursor" => {
            vec![
                "--wait".to_owned(),
                "--goto".to_owned(),
                format!("{path}:{line}"),
            ]
        }
        "hx" | "helix" | "zed" | "subl" => vec![format!("{path}:{line}")],
        _ => vec![path],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_editors_the_line() {
        let place = |program| place(program, Path::new("a.rs"), 7).join(" ");
        assert_eq!(place("/usr/bin/nvim"), "+7 a.rs");
        assert_eq!(place("code"), "--wait --goto a.rs:7");
        assert_eq!(place("hx"), "a.rs:7");
        assert_eq!(place("ed"), "a.rs");
    }
}
