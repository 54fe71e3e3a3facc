//! A background service in a real project: what is written compiles, passes its tests, and goes again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use unpark::cargo::cargo;

use crate::support::{
    folder,
    project::{Project, Ran, ran},
    snapshot::assert_snapshot,
};

/// Every line of the project that spawns a task, and one that does not.
const SITES: [&str; 14] = [
    "src/main.rs:24",
    "src/main.rs:28",
    "src/main.rs:31",
    "src/main.rs:34",
    "src/main.rs:46",
    "src/main.rs:49",
    "src/main.rs:50",
    "src/main.rs:51",
    "src/main.rs:54",
    "src/main.rs:58",
    "src/main.rs:59",
    "src/main.rs:68",
    "src/outbox.rs:8",
    "src/archive.rs:7",
];

/// A copy of `tests/projects/letters`.
struct Letters {
    project: Project,
}

impl Letters {
    fn new() -> Letters {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/letters");
        let project = Project::bare(&[]);
        for file in folder::files(&source) {
            let name = file.strip_prefix(&source).unwrap().to_str().unwrap();
            let text = fs::read_to_string(&file).unwrap();
            project.write(name, &text);
        }
        Letters { project }
    }

    fn with_target(mut command: Command) -> Command {
        // The same for every copy, so that dependencies are built once.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects-target");
        command.env("CARGO_TARGET_DIR", target);
        command
    }

    fn unpark(&self, args: &[&str]) -> Ran {
        ran(Letters::with_target(self.project.command(args))
            .output()
            .unwrap())
    }

    fn transcript(&self, args: &[&str]) -> String {
        self.project.shown(args, &self.unpark(args))
    }

    fn cargo(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(cargo());
        command.current_dir(self.project.path("")).args(args);
        ran(Letters::with_target(command).output().unwrap())
    }

    /// Every file outside of the target folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = folder::files(&self.project.path("")).into_iter();
        files
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

/// The arguments that ask for the service `mailer`.
fn mailer<'a>(file: &'a str, sites: &[&'a str], flags: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["scaffold", "background-service", "mailer", "--in", file];
    args.extend(sites.iter().flat_map(|site| ["--site", site]));
    args.extend(flags);
    args.push("--locked");
    args
}

#[test]
fn a_service_is_written_and_taken_back() {
    let letters = Letters::new();
    let before = letters.files();
    let dry = mailer("src/main.rs", &SITES, &[]);
    let shown = letters.unpark(&dry);
    assert_eq!(letters.files(), before);
    let mut all = letters.project.shown(&dry, &shown);

    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), &shown.stdout).unwrap();
    for tool in [
        &["git", "apply", "--check", "-"][..],
        &["patch", "-p1", "--dry-run"],
    ] {
        letters.project.other(tool[0], &tool[1..], patch.path());
    }

    let apply = mailer("src/main.rs", &SITES, &["--apply", "--allow-no-vcs"]);
    let applied = letters.unpark(&apply);
    assert_eq!(applied.code, 1, "{}", applied.stderr);
    all.push_str(&letters.project.shown(&apply, &applied));

    let checked = letters.cargo(&["check", "--all-targets", "--locked"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(!checked.stderr.contains("warning"), "{}", checked.stderr);
    let tested = letters.cargo(&["test", "--locked"]);
    assert_eq!(tested.code, 0, "{}{}", tested.text(), tested.stderr);
    let passed = tested.text().matches("test mailer::tests::").count();
    assert_eq!(passed, 7, "{}", tested.text());
    let ended = letters.cargo(&["run", "--locked"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);

    // What is written leaves nothing to mend.
    let again = letters.unpark(&["--message-format", "short", "--unsafe-fixes", "--locked"]);
    assert!(!again.text().contains("mailer.rs"), "{}", again.text());
    all.push_str(&letters.transcript(&dry));

    all.push_str(&letters.transcript(&["undo"]));
    assert_eq!(letters.files(), before);
    assert_snapshot("scaffold.txt", &all);
}

#[test]
fn a_module_below_another_has_a_folder_that_goes_with_it() {
    let letters = Letters::new();
    let before = letters.files();
    let flags = ["--apply", "--no-verify", "--allow-no-vcs"];
    let sites = ["src/outbox.rs:8", "src/main.rs:46"];
    let applied = letters.unpark(&mailer("src/outbox.rs", &sites, &flags));
    assert!(
        applied.stderr.contains(
            "src/main.rs:46 was left as it is: R5, consumer's shape: it stands outside of the module"
        ),
        "{}",
        applied.stderr
    );
    let outbox = String::from_utf8(letters.project.read("src/outbox.rs")).unwrap();
    assert!(outbox.contains("mailer::enqueue("), "{outbox}");
    assert!(letters.project.path("src/outbox/mailer.rs").is_file());
    let checked = letters.cargo(&["check", "--all-targets", "--locked"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert_eq!(letters.unpark(&["undo"]).code, 0);
    assert_eq!(letters.files(), before);
    assert!(!letters.project.path("src/outbox").exists());
}

#[test]
fn its_own_file_may_be_named_and_programs_are_told() {
    let letters = Letters::new();
    let flags = ["--message-format", "json"];
    let ran = letters.unpark(&mailer("src/mailer.rs", &SITES[12..13], &flags));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.json();
    let of = |reason: &str| -> Vec<&Value> {
        lines
            .iter()
            .filter(|line| line["reason"] == reason)
            .collect()
    };
    let changes = of("change");
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (&changes[0]["safety"], &changes[0]["depends_on"]),
        (&json!("safe"), &json!([]))
    );
    assert_eq!(
        (&changes[1]["safety"], &changes[1]["depends_on"]),
        (&json!("unsafe"), &json!(["c1"]))
    );
    let files = of("file");
    let new: Vec<bool> = files
        .iter()
        .map(|it| it["before_sha256"].is_null())
        .collect();
    let paths: Vec<&str> = files.iter().filter_map(|it| it["path"].as_str()).collect();
    assert_eq!(paths, ["src/mailer.rs", "src/main.rs", "src/outbox.rs"]);
    assert_eq!(new, [true, false, false]);
    let states: Vec<&Value> = of("finding").iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["fixed", "fixed"]);
}

#[test]
fn without_its_module_nothing_is_written() {
    let letters = Letters::new();
    let main = String::from_utf8(letters.project.read("src/main.rs")).unwrap();
    // The module allows what the crate forbids to allow.
    let main = format!("#![forbid(dead_code)]\n{main}");
    letters.project.write("src/main.rs", &main);
    let before = letters.files();
    let flags = ["--apply", "--allow-no-vcs"];
    let ran = letters.unpark(&mailer("src/main.rs", &SITES[12..13], &flags));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let said = "warning: `mailer` was not scaffolded: error[E0453]: allow(dead_code) incompatible";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let site = "src/outbox.rs:8 was left as it is: taken back: its module was taken back";
    assert!(ran.stderr.contains(site), "{}", ran.stderr);
    assert_eq!(letters.files(), before);
}

#[test]
fn it_can_be_compiled_in_place() {
    let letters = Letters::new();
    let before = letters.files();
    let shown = letters.unpark(&mailer("src/main.rs", &SITES[4..5], &["--verify=in-place"]));
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stderr.starts_with("verified: "), "{}", shown.stderr);
    assert_eq!(letters.files(), before);
}

#[test]
fn what_can_not_be_is_said() {
    let letters = Letters::new();
    letters.project.write("notes.txt", "");
    letters.project.write("src/lib.rs", "pub mod kept;\n");
    letters
        .project
        .write("src/kept.rs", "pub use std::time as clock;\n");
    letters.project.write("src/loose.rs", "");
    let service = |name: &'static str, file: &'static str| {
        vec![
            "scaffold",
            "background-service",
            name,
            "--in",
            file,
            "--locked",
        ]
    };
    let mut all = String::new();
    for args in [
        vec!["scaffold"],
        vec!["scaffold", "background-service", "mailer"],
        service("Mailer", "src/main.rs"),
        service("async", "src/main.rs"),
        service("2nd", "src/main.rs"),
        service("mailer", "src/mian.rs"),
        service("mailer", "src/mailer.rs"),
        service("mailer", "src/deep/er/mailer.rs"),
        service("mailer", "notes.txt"),
        service("mailer", "src/loose.rs"),
        service("outbox", "src/outbox.rs"),
        service("outbox", "src/main.rs"),
        service("tracing", "src/main.rs"),
        service("clock", "src/kept.rs"),
        service("mailer", "/nowhere/main.rs"),
        mailer("src/main.rs", &["src/main.rs:99"], &[]),
        mailer("src/main.rs", &["src/main.rs"], &[]),
        mailer(
            "src/main.rs",
            &["notes.txt:1"],
            &["--message-format", "json"],
        ),
        mailer("src/main.rs", &[], &["--allow-dirty"]),
        mailer("src/main.rs", &[], &["--apply"]),
    ] {
        all.push_str(&letters.transcript(&args));
    }
    assert_snapshot("scaffold-refused.txt", &all);
}

#[test]
fn a_package_without_what_it_takes_is_told_how_to_have_it() {
    let project = Project::new(&[("src/lib.rs", "")]);
    let args = [
        "scaffold",
        "background-service",
        "mailer",
        "--in",
        "src/lib.rs",
    ];
    let said = project.transcript(&args);
    assert!(
        said.contains(
            "error: the service takes what the package does not declare\n\
             help: `cargo add tokio --features macros,rt,sync,time -p demo`\n\
             help: `cargo add tokio-util --features rt -p demo`\n\
             [exit code 2]"
        ),
        "{said}"
    );
    // It has all of that in its manifest, and is of a version without.
    let standins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins");
    let (tokio, util) = (standins.join("tokio"), standins.join("tokio-util"));
    project.write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"demo\"\nedition = \"2024\"\n\n[dependencies]\n\
             tokio = {{ path = {tokio:?}, features = [\"full\"] }}\n\
             tokio-util = {{ path = {util:?}, features = [\"rt\"] }}\n\n[workspace]\n"
        ),
    );
    let said = project.transcript(&args);
    assert!(
        said.contains("which `tokio` has from 1.49 on\nhelp: `cargo update -p tokio`"),
        "{said}"
    );
}
