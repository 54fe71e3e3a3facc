//! Completions, man pages and the version, as a system and its shells take them.

use std::{env, fs, path::Path, process::Command};

use crate::support::project::Project;

/// Runs a script in a shell, with the path of its completions as the last argument. A shell that is
/// not there is said; where CI runs it has to be.
fn complete(shell: &str, flags: &[&str], script: &str) -> Option<String> {
    let project = Project::bare(&[]);
    let completions = project.unpark(&["completions", shell]);
    assert_eq!((completions.code, completions.stderr.as_str()), (0, ""));
    let file = project.path("completions");
    fs::write(&file, completions.stdout).unwrap();
    let output = Command::new(shell)
        .args(flags)
        .arg("-c")
        .arg(script)
        .env("HOME", project.path(""))
        .env("COMPLETIONS", &file)
        .output();
    let Ok(output) = output else {
        assert!(env::var_os("CI").is_none(), "{shell} has to be there");
        eprintln!("skipped: there is no {shell}");
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && error.is_empty(),
        "{shell}: {error}"
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bash_completes() {
    let script = "\
source \"$COMPLETIONS\"
complete -p unpark
COMP_WORDS=(unpark --message-format sar); COMP_CWORD=2
_unpark unpark sar --message-format
printf '%s\\n' \"${COMPREPLY[@]}\"
";
    if let Some(out) = complete("bash", &["--norc"], script) {
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[0].contains("-F _unpark"), "{out}");
        assert_eq!(lines[1..], ["sarif"]);
    }
}

#[test]
fn zsh_completes() {
    let script = "\
autoload -Uz compinit && compinit -D
source \"$COMPLETIONS\"
print -r -- ${_comps[unpark]}
";
    if let Some(out) = complete("zsh", &["-f"], script) {
        assert_eq!(out, "_unpark\n");
    }
}

#[test]
fn fish_completes() {
    let script = "\
source $COMPLETIONS
complete --do-complete 'unpark --message-format=sar'
complete --do-complete 'unpark expl'
";
    if let Some(out) = complete("fish", &["--no-config"], script) {
        assert!(out.starts_with("--message-format=sarif\t"), "{out}");
        assert!(out.contains("\nexplain\t"), "{out}");
    }
}

#[test]
fn other_shells_have_completions() {
    let project = Project::bare(&[]);
    for (shell, sign) in [
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion"),
    ] {
        let ran = project.unpark(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.text().contains(sign), "{}", ran.text());
    }
}

#[test]
fn man_pages() {
    let project = Project::bare(&[]);
    let page = |args: &[&str]| {
        let ran = project.unpark(args);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        ran.text()
    };
    let main = page(&["man"]);
    assert!(main.contains(".TH unpark 1"), "{main}");
    for part in ["\\-\\-unsafe\\-fixes", "unpark\\-why(1)", "Exit codes:"] {
        assert!(main.contains(part), "{part}: {main}");
    }
    let why = page(&["man", "why"]);
    assert!(why.contains(".TH unpark-why 1"), "{why}");
    assert!(why.contains("FILE:LINE"), "{why}");
    let ran = project.unpark(&["man", "wy"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("there is no subcommand `wy`; did you mean `why`?")
    );
}

#[test]
fn the_version_names_that_of_rust_analyzer() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let workspace = &manifest["workspace"];
    let pinned = workspace["dependencies"]["ra_ap_hir"].as_str().unwrap();
    let version = workspace["package"]["version"].as_str().unwrap();
    let said = Project::bare(&[]).unpark(&["--version"]).text();
    let pinned = pinned.trim_start_matches('=');
    assert_eq!(said, format!("unpark {version} (rust-analyzer {pinned})\n"));
}
