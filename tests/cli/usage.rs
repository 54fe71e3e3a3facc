//! What is typed wrong, and what needs no project.

use std::{collections::BTreeSet, fs, io::pipe, path::Path};

use unpark::report::guide;
use unpark::{config::Config, options::Options, run};
use unpark_codemods::{CATALOGUE, Codemod, guide::GUIDE};

use crate::support::{
    project::{Project, ran, unpark},
    snapshot::assert_snapshot,
    updates,
};

#[test]
fn usage() {
    let empty = Project::bare(&[("notes.txt", "")]);
    let mut all = String::new();
    for args in [
        &["list"][..],
        &["explain", "unobserved-tsk"],
        &["--aply"],
        &["--only", "unobserved-tsk"],
        &["lst"],
        &["nowhere"],
        &["--apply"],
        &["--allow-dirty"],
        &["--check=stric"],
        &["--exclude", "demo"],
        &["--apply", "list"],
        &["why", "notes.txt"],
        &["why", "nowhere.rs:3"],
        &["why", "notes.txt:3"],
        &["--message-format", "json", "--aply"],
        &["--message-format=json", "--only", "unobserved-tsk"],
        &["--message-format=json"],
        &[],
        &["-q"],
    ] {
        let args: Vec<&str> = args.to_vec();
        let ran = empty.unpark(&args);
        // Times differ.
        all.push_str(&without_seconds(&empty.shown(&args, &ran)));
    }
    assert_snapshot("usage.txt", &all);
}

fn without_seconds(text: &str) -> String {
    let Some(start) = text.find("\"seconds\":{") else {
        return text.to_owned();
    };
    let end = start + text[start..].find('}').unwrap();
    format!("{}\"seconds\":{{}}{}", &text[..start], &text[end + 1..])
}

#[test]
fn the_manual_is_the_header_of_the_file() {
    let empty = Project::bare(&[]);
    let manual = empty.unpark(&["explain", "unobserved-task"]).text();
    assert!(
        manual.starts_with("Logs the error of a spawned task"),
        "{manual}"
    );
    assert!(manual.contains("\n# Why is this bad\n"), "{manual}");
    assert!(manual.contains("\n# Before\n```rust\n"), "{manual}");
    assert!(
        !manual.contains("//!") && !manual.contains("pub const"),
        "{manual}"
    );
}

#[test]
fn the_guide_is_the_table_of_the_readme() {
    let empty = Project::bare(&[]);
    let guide = empty.unpark(&["guide"]);
    assert_eq!((guide.code, guide.stderr.as_str()), (0, ""));
    assert_snapshot("guide.txt", &guide.text());

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let start = readme.find("| what kind of work |").expect("the table");
    let end = readme[start..].find("\n\n").expect("text after it");
    let table = guide::markdown();
    if updates() {
        let (before, after) = (&readme[..start], &readme[start + end + 1..]);
        fs::write(&path, format!("{before}{table}{after}")).unwrap();
    } else {
        assert_eq!(&readme[start..=start + end], table);
    }
}

#[test]
fn the_guide_names_every_codemod_and_no_other() {
    let named: BTreeSet<&str> = GUIDE.iter().flat_map(|row| row.seen_to_by()).collect();
    let all: BTreeSet<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
    assert_eq!(named, all);
}

#[test]
fn what_is_opt_in_runs_only_where_it_is_named() {
    let chosen = |only: &[&str], skip: &[&str]| -> Vec<&str> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let options = Options {
            only: named(only),
            skip: named(skip),
            ..Options::default()
        };
        let selection = run::select(&options, &Config::default()).unwrap();
        selection.iter().map(|codemod| codemod.name).collect()
    };
    let (named, others): (Vec<&Codemod>, _) = CATALOGUE.iter().partition(|it| it.opt_in);
    let names = |codemods: &[&'static Codemod]| -> Vec<&str> {
        codemods.iter().map(|codemod| codemod.name).collect()
    };
    assert_eq!(names(&named), ["sequential-awaits"]);
    assert_eq!(chosen(&[], &[]), names(&others));
    assert_eq!(chosen(&["sequential-awaits"], &[]), ["sequential-awaits"]);
    let skipped = ["sequential-awaits"];
    assert_eq!(chosen(&skipped, &skipped), [""; 0]);
}

#[test]
fn help_is_on_standard_output() {
    let empty = Project::bare(&[]);
    let help = empty.unpark(&["-h"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    assert_snapshot("help.txt", &help.text());
}

#[test]
fn cargo_unpark_is_the_same_program() {
    let list = |name: &str, args: &[&str]| ran(unpark(name).args(args).output().unwrap());
    let by_cargo = list("cargo-unpark", &["unpark", "list"]);
    assert_eq!(by_cargo.code, 0);
    assert_eq!(by_cargo.text(), list("unpark", &["list"]).text());
    let help = list("cargo-unpark", &["unpark", "--help"]).text();
    assert!(help.contains("Usage: cargo unpark "), "{help}");
}

#[test]
fn colors_follow_the_flag_and_the_variables() {
    let colored = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = unpark("unpark");
        command
            .arg("list")
            .args(args)
            .envs(variables.iter().copied());
        ran(command.output().unwrap()).text().contains('\u{1b}')
    };
    assert!(!colored(&[], &[]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CARGO_TERM_COLOR", "always")]));
    assert!(!colored(
        &["--color=never"],
        &[("CARGO_TERM_COLOR", "always")]
    ));
    assert!(!colored(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_closed_pipe_is_success() {
    let project = Project::bare(&[("main.rs", "fn main() { tokio::spawn(a()); }")]);
    for args in [
        &["list"][..],
        &["explain", "unobserved-task"],
        &["--help"],
        &["--syntax-only"],
        &["--syntax-only", "--message-format", "json"],
    ] {
        let (reader, writer) = pipe().unwrap();
        let (other_reader, other_writer) = pipe().unwrap();
        drop((reader, other_reader));
        let mut command = project.command(args);
        command.stdout(writer).stderr(other_writer);
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(0), "{args:?}");
    }
}
