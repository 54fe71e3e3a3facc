//! Projects that are laid out, or built, in a way that a mirror has to know of.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{CONFIG, JOBS, POOL};
use crate::support::project::{self, Project, Ran};

/// What becomes of the two tasks in [`JOBS`].
const JUDGED: [&str; 2] = ["reverted", "fixed"];

/// A script that notes how it is called, and calls the rest.
const NOTING: &str = "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/calls\"\nexec \"$@\"\n";

/// As sccache does it: the compiler is called, and the wrapper before it is not.
const CACHING: &str = "\
#!/bin/sh
echo \"$@\" >> \"$(dirname \"$0\")/calls\"
case \"$1\" in */rustc|rustc) ;; *) shift ;; esac
exec \"$@\"
";

fn project(files: &[(&str, &str)]) -> Project {
    let common = [("src/pool.rs", POOL), ("unpark.toml", CONFIG)];
    Project::new(&[&common, files].concat())
}

fn script(project: &Project, name: &str, text: &str) {
    project.write(name, text);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path(name), mode).unwrap();
}

/// The states of the findings, whose words hold no path of the mirror.
fn states(ran: &Ran) -> Vec<String> {
    let all = format!("{}{}", ran.text(), ran.stderr);
    assert!(!all.contains("unpark/mirror"), "{all}");
    let lines = ran.json().into_iter();
    lines
        .filter(|line| line["reason"] == "finding")
        .map(|line| line["state"].as_str().unwrap().to_owned())
        .collect()
}

/// The compiler's words about the first change that it did not accept.
fn words(ran: &Ran) -> String {
    let mut lines = ran.json().into_iter();
    let reverted = lines.find(|line| line["state"] == "reverted");
    let reverted = reverted.unwrap_or_else(|| panic!("{}{}", ran.text(), ran.stderr));
    reverted["compiler"].as_str().unwrap().to_owned()
}

fn verify(project: &Project, args: &[&str]) -> Ran {
    let common = ["--verify", "--message-format", "json"];
    project.unpark(&[&common, args].concat())
}

#[test]
fn files_are_found_through_folders_above() {
    let lib = "\
pub mod pool;
#[path = \"../shared/jobs.rs\"]
pub mod jobs;
pub const NOTES: &str = include_str!(\"../../notes.txt\");
include!(\"../shared/limit.in\");
";
    let project = Project::bare(&[
        ("notes.txt", ""),
        ("it/src/lib.rs", lib),
        ("it/src/pool.rs", POOL),
        ("it/shared/jobs.rs", JOBS),
        (
            "it/shared/limit.in",
            "pub const LIMIT: usize = NOTES.len();",
        ),
        ("it/unpark.toml", CONFIG),
    ]);
    let manifest = self::project(&[]).read("Cargo.toml");
    project.write("it/Cargo.toml", &String::from_utf8(manifest).unwrap());
    let ran = verify(&project, &["it"]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    assert!(
        words(&ran).contains("--> src/../shared/jobs.rs:9:33"),
        "{}",
        words(&ran)
    );
}

/// The file of one package is a module of another, which is not built on it.
#[test]
fn a_changed_file_is_compiled_wherever_a_link_leads_to_it() {
    let other = project(&[]);
    let manifest = String::from_utf8(other.read("Cargo.toml")).unwrap();
    let member = |name: &str| {
        let manifest = manifest.replace("demo", name);
        manifest.replace("[workspace]\n", "")
    };
    let easy = "\
pub fn spawn_fallible<F: Future + Send + 'static>(future: F) {
    tokio::spawn(async move { drop(future.await) });
}
";
    let lib = "pub mod pool;\npub mod shared;\n";
    let project = Project::bare(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"demo\", \"strict\"]\nresolver = \"3\"\n",
        ),
        ("unpark.toml", CONFIG),
        ("demo/Cargo.toml", &member("demo")),
        ("demo/src/lib.rs", lib),
        ("demo/src/pool.rs", easy),
        ("demo/src/shared/mod.rs", "pub mod jobs;\n"),
        ("demo/src/shared/jobs.rs", JOBS),
        ("strict/Cargo.toml", &member("strict")),
        ("strict/src/lib.rs", lib),
        ("strict/src/pool.rs", POOL),
    ]);
    let link = project.path("strict/src/shared");
    std::os::unix::fs::symlink("../../demo/src/shared", link).unwrap();
    let ran = verify(&project, &[]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    let said = words(&ran);
    assert!(
        said.contains("--> strict/src/shared/jobs.rs:9:33"),
        "{said}"
    );
}

#[test]
fn a_member_may_lie_outside_of_the_workspace() {
    let manifest = String::from_utf8(project(&[]).read("Cargo.toml")).unwrap();
    let manifest = manifest.replace("[workspace]\n", "");
    let manifest = manifest.replace("publish", "workspace = \"../ws\"\npublish");
    let project = Project::bare(&[
        (
            "ws/Cargo.toml",
            "[workspace]\nmembers = [\"../demo\"]\nresolver = \"3\"\n",
        ),
        ("ws/unpark.toml", CONFIG),
        ("demo/Cargo.toml", &manifest),
        ("demo/src/lib.rs", "pub mod jobs;\npub mod pool;\n"),
        ("demo/src/pool.rs", POOL),
        ("demo/src/jobs.rs", JOBS),
    ]);
    project.write("unpark.toml", CONFIG);
    let ran = verify(&project, &["demo"]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    assert!(
        words(&ran).contains("demo/src/jobs.rs:9:33"),
        "{}",
        words(&ran)
    );
}

#[test]
fn a_wrapper_that_is_there_already_is_called() {
    let lib = ("src/lib.rs", "pub mod jobs;\npub mod pool;\n");
    let config = "[build]\nrustc-workspace-wrapper = \"tools/wrapper\"\n";
    let project = project(&[lib, ("src/jobs.rs", JOBS), (".cargo/config.toml", config)]);
    script(&project, "tools/wrapper", NOTING);
    let ran = verify(&project, &[]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    let calls = String::from_utf8(project.read("tools/calls")).unwrap();
    let own = |line: &&str| line.contains("--crate-name demo ");
    assert!(calls.lines().filter(own).count() > 1, "{calls}");
    // Where a crate allows it, a future that nobody awaits would go unnoticed.
    let warned = |line: &str| line.contains("--force-warn=unused_must_use");
    assert!(calls.lines().filter(own).all(warned), "{calls}");

    // The environment goes before the configuration.
    fs::remove_file(project.path("tools/calls")).unwrap();
    let mut command = project.command(&["--verify", "--message-format", "json"]);
    command.env("RUSTC_WORKSPACE_WRAPPER", "");
    let ran = project::ran(command.output().unwrap());
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    assert!(!project.path("tools/calls").exists());
}

#[test]
fn a_cache_of_what_was_compiled_sees_the_changes() {
    let lib = ("src/lib.rs", "pub mod jobs;\npub mod pool;\n");
    let config = "[build]\nrustc-wrapper = \"tools/cache\"\n";
    let project = project(&[lib, ("src/jobs.rs", JOBS), (".cargo/config.toml", config)]);
    script(&project, "tools/cache", CACHING);
    let ran = verify(&project, &[]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    let calls = String::from_utf8(project.read("tools/calls")).unwrap();
    for name in ["demo", "tokio"] {
        let name = format!("--crate-name {name} ");
        assert!(calls.lines().any(|line| line.contains(&name)), "{calls}");
    }
}

#[test]
fn a_target_folder_that_cant_be_written_is_done_without() {
    let lib = ("src/lib.rs", "pub mod jobs;\npub mod pool;\n");
    let project = project(&[lib, ("src/jobs.rs", JOBS), ("target", "a file")]);
    let ran = verify(&project, &[]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.stderr);
    let said = "compiling in a temporary folder";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(project.read("target"), b"a file");
}

/// What is read by its absolute path is the user's own, whatever the mirror shows.
#[test]
fn a_change_that_the_compiler_does_not_see_is_taken_back() {
    let lib = "\
pub mod pool;
pub mod jobs;
pub mod again {
    include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/jobs.rs\"));
}
";
    let project = project(&[("src/lib.rs", lib), ("src/jobs.rs", JOBS)]);
    let ran = verify(&project, &[]);
    assert_eq!(states(&ran), ["reverted", "reverted"], "{}", ran.text());
    let said = words(&ran);
    assert!(said.contains("src/jobs.rs"), "{said}");
    assert!(said.contains("--verify=in-place"), "{said}");
    // In place it does.
    let ran = project.unpark(&["--verify=in-place", "--message-format", "json"]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.text());
}

#[test]
fn what_only_fails_in_the_mirror_is_no_problem_that_was_there_before() {
    let lib = "\
pub mod pool;
pub mod jobs;
const _: () = assert!(option_env!(\"RUSTC_WORKSPACE_WRAPPER\").is_none(), \"no wrappers here\");
";
    let project = project(&[("src/lib.rs", lib), ("src/jobs.rs", JOBS)]);
    let ran = project.unpark(&["--verify"]);
    assert_eq!(ran.code, 2, "{}", ran.text());
    assert!(ran.stderr.contains("no wrappers here"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--verify=in-place"), "{}", ran.stderr);
    let ran = project.unpark(&["--verify=in-place", "--message-format", "json"]);
    assert_eq!(states(&ran), JUDGED, "{}", ran.text());
}
