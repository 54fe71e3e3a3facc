//! What runs on other people's machines: the scripts of the action and of the release.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    cli::TASKS,
    support::project::{Project, Ran, ran},
};

/// A script of `.github/scripts`, with our programs on the path.
fn script(name: &str, folder: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = snapbox::cmd::cargo_bin("unpark");
    let mut path = vec![programs.parent().unwrap().to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let mut command = Command::new("bash");
    command
        .arg(root.join(".github/scripts").join(name))
        .current_dir(folder)
        .env("PATH", env::join_paths(path).unwrap())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// What a step of the action came to.
struct Step {
    ran: Ran,
    outputs: BTreeMap<String, String>,
    /// Where it left its files.
    _temporary: TempDir,
}

impl Step {
    fn answer(&self) -> (i32, Option<&str>) {
        (
            self.ran.code,
            self.outputs.get("changed").map(String::as_str),
        )
    }
}

fn step(name: &str, folder: &Path, inputs: &[(&str, &str)]) -> Step {
    let temporary = tempfile::tempdir().unwrap();
    let output = temporary.path().join("output");
    fs::write(&output, "").unwrap();
    let mut command = script(name, folder);
    command
        .env("RUNNER_TEMP", temporary.path())
        .env("GITHUB_OUTPUT", &output);
    command.envs(inputs.iter().copied());
    let ran = ran(command.output().unwrap());
    let outputs = fs::read_to_string(&output).unwrap();
    let outputs = outputs.lines().filter_map(|line| line.split_once('='));
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Step {
        ran,
        outputs: outputs.collect(),
        _temporary: temporary,
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn project() -> Project {
    let project = Project::new(&[
        ("src/lib.rs", TASKS),
        (".gitignore", "Cargo.lock\ntarget\n"),
    ]);
    project.commit_all();
    project
}

/// What a workflow checks out.
fn clone(of: &Project) -> (Project, PathBuf) {
    let clone = Project::bare(&[]);
    let folder = clone.path("it");
    let source = of.path("").display().to_string();
    git(&clone.path(""), &["clone", "--quiet", &source, "it"]);
    (clone, folder)
}

#[test]
fn the_check_says_what_it_found_and_fails() {
    let project = project();
    let folder = project.path("");
    let found = step("check.sh", &folder, &[]);
    assert_eq!(found.answer(), (1, Some("true")), "{}", found.ran.stderr);
    let text = found.ran.text();
    assert!(text.contains("::error "), "{text}");
    let sarif = fs::read_to_string(&found.outputs["sarif"]).unwrap();
    assert!(sarif.contains("unobserved-task"), "{sarif}");

    let args = [("UNPARK_ARGS", "--only fake-async\n src")];
    assert_eq!(
        step("check.sh", &folder, &args).answer(),
        (0, Some("false"))
    );

    // What can't run leaves no report behind to be uploaded.
    for input in [
        (
            "UNPARK_ARGS",
            "$(touch stolen) `touch stolen`; touch stolen",
        ),
        ("UNPARK_MODE", "mend"),
    ] {
        let failed = step("check.sh", &folder, &[input]);
        assert_eq!((failed.ran.code, failed.outputs.len()), (2, 0));
    }
    assert!(!folder.join("stolen").exists());
}

#[test]
fn the_fix_leaves_patches() {
    let project = project();
    let (_kept, folder) = clone(&project);
    let args = [("UNPARK_ARGS", "--no-verify")];
    let fixed = step("fix.sh", &folder, &args);
    assert_eq!(fixed.answer(), (0, Some("true")), "{}", fixed.ran.stderr);
    let patches = Path::new(&fixed.outputs["patches"]);
    let patch = patches.join("0001-Log-the-errors-of-background-tasks-in-src-lib.rs.patch");
    let (_other, other) = clone(&project);
    let name = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
    git(
        &other,
        &[&name[..], &["am", "--quiet", patch.to_str().unwrap()]].concat(),
    );
    let tree = ["rev-parse", "HEAD^{tree}"];
    assert_eq!(git(&other, &tree), git(&folder, &tree));
    let author = git(&other, &["log", "-1", "--format=%an"]);
    assert_eq!(author, "github-actions[bot]\n");

    let again = step("fix.sh", &folder, &args);
    assert_eq!(again.answer(), (0, Some("false")));
    assert!(!again.outputs.contains_key("patches"));
}

#[test]
fn the_fix_pushes_a_branch_of_its_own_once() {
    let project = project();
    let inputs = [
        ("UNPARK_ARGS", "--no-verify"),
        ("UNPARK_BRANCH", "unpark/fixes"),
    ];
    let mut pushed = Vec::new();
    for _ in 0..2 {
        let (_kept, folder) = clone(&project);
        // Another time, another id.
        let date = format!("2026-01-0{} 00:00:00", pushed.len() + 1);
        let inputs = [&inputs[..], &[("GIT_COMMITTER_DATE", &date)]].concat();
        let fixed = step("fix.sh", &folder, &inputs);
        assert_eq!(fixed.answer(), (0, Some("true")), "{}", fixed.ran.stderr);
        pushed.push(git(&project.path(""), &["rev-parse", "unpark/fixes"]));
    }
    assert_eq!(pushed[0], pushed[1]);

    // What was fixed meanwhile is made anew, on what there is now.
    project.write("src/other.rs", "");
    git(&project.path(""), &["add", "src/other.rs"]);
    let name = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
    git(
        &project.path(""),
        &[&name[..], &["commit", "--quiet", "-m", "other"]].concat(),
    );
    let (_kept, folder) = clone(&project);
    assert_eq!(step("fix.sh", &folder, &inputs).ran.code, 0);
    assert_ne!(
        git(&project.path(""), &["rev-parse", "unpark/fixes"]),
        pushed[0]
    );
    let base = git(&project.path(""), &["merge-base", "HEAD", "unpark/fixes"]);
    assert_eq!(base, git(&project.path(""), &["rev-parse", "HEAD"]));
}

#[test]
fn the_fix_does_not_push_to_the_branch_of_others() {
    let project = project();
    let (_kept, folder) = clone(&project);
    let branch = git(&folder, &["branch", "--show-current"]);
    let inputs = [
        ("UNPARK_BRANCH", branch.trim()),
        ("GITHUB_REF_NAME", branch.trim()),
    ];
    let before = git(&folder, &["rev-parse", "HEAD"]);
    let refused = step("fix.sh", &folder, &inputs);
    assert_eq!((refused.ran.code, refused.outputs.len()), (2, 0));
    assert_eq!(git(&folder, &["rev-parse", "HEAD"]), before);
}

/// What the step that installs has cargo do, where there are these programs.
fn installs(programs: &[&str], version: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    fs::write(&log, "").unwrap();
    let program = |name: &str, script: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let binstall = if programs.contains(&"binstall") {
        0
    } else {
        101
    };
    let unpark = folder.path().join("unpark").display().to_string();
    program(
        "cargo",
        &format!(
            "[ \"$*\" = 'binstall --version' ] && exit {binstall}\n\
             echo \"$@\" >> '{}'; echo '#!/bin/sh' > '{unpark}'; chmod +x '{unpark}'",
            log.display()
        ),
    );
    if programs.contains(&"unpark") {
        program("unpark", "");
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut install = script("install.sh", folder.path());
    install.env("PATH", path).env("UNPARK_VERSION", version);
    let ran = ran(install.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let done = fs::read_to_string(&log).unwrap();
    done.trim_end()
        .replace(env!("CARGO_MANIFEST_DIR"), "[action]")
}

#[test]
fn the_action_installs_what_it_is_of_unless_told() {
    let own = env!("CARGO_PKG_VERSION");
    assert_eq!(installs(&["unpark"], ""), "");
    assert_eq!(installs(&[], ""), "install --locked --path [action]");
    assert_eq!(
        installs(&["unpark"], "1.2.3"),
        "install --locked unpark@1.2.3"
    );
    let binstall = "binstall --no-confirm --locked unpark@";
    assert_eq!(installs(&["binstall"], ""), format!("{binstall}{own}"));
    assert_eq!(installs(&["binstall"], "1.2.3"), format!("{binstall}1.2.3"));
}

/// The archives of a release lie where cargo-binstall looks for them.
#[test]
fn the_release_is_named_as_the_manifest_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest: toml::Value =
        toml::from_str(&fs::read_to_string(root.join("Cargo.toml")).unwrap()).unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let workflow = fs::read_to_string(root.join(".github/workflows/release.yml")).unwrap();
    let targets = workflow.split("target: ").skip(1);
    let targets: Vec<&str> = targets.filter_map(|it| it.split(',').next()).collect();
    assert!(targets.len() > 4, "{targets:?}");

    // What is packed, without the size of what is built for tests.
    let built = tempfile::tempdir().unwrap();
    let program = snapbox::cmd::cargo_bin("unpark");
    for name in ["unpark", "cargo-unpark", "unpark.exe", "cargo-unpark.exe"] {
        let path = built.path().join(name);
        fs::write(
            &path,
            format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display()),
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for target in targets.iter().filter(|target| target.contains('-')) {
        let windows = target.contains("windows");
        let of_target = binstall["overrides"].get(target);
        let format = of_target.unwrap_or(binstall)["pkg-fmt"].as_str().unwrap();
        assert_eq!(format, if windows { "zip" } else { "tgz" }, "{target}");
        let spelled = |template: &str, program: &str| {
            let values = [
                ("repo", env!("CARGO_PKG_REPOSITORY")),
                ("name", env!("CARGO_PKG_NAME")),
                ("version", env!("CARGO_PKG_VERSION")),
                ("target", *target),
                ("archive-suffix", &format!(".{format}")),
                ("bin", program),
                ("binary-ext", if windows { ".exe" } else { "" }),
            ];
            let mut text = binstall[template].as_str().unwrap().to_owned();
            for (name, value) in values {
                text = text.replace(&format!("{{ {name} }}"), value);
            }
            assert!(!text.contains('{'), "{text}");
            text
        };
        if windows {
            // It is packed with a program that Windows' runners have.
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let mut pack = script("package.sh", root);
        pack.arg(target).arg(built.path()).env("DIST", out.path());
        let ran = ran(pack.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let url = spelled("pkg-url", "unpark");
        let archive = url.rsplit('/').next().unwrap();
        let sums = fs::read_to_string(out.path().join(format!("{archive}.sha256"))).unwrap();
        assert!(sums.ends_with(&format!("  {archive}\n")), "{sums}");
        let list = Command::new("tar")
            .arg("-tzf")
            .arg(out.path().join(archive))
            .output()
            .unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        for program in ["unpark", "cargo-unpark"] {
            let path = spelled("bin-dir", program);
            assert!(list.lines().any(|line| line == path), "{path} in {list}");
        }
    }
}
