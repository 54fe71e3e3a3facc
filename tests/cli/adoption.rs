//! What a team says of its code, and what it lives with for now.

use crate::support::{project::Project, snapshot::assert_snapshot};

use super::TASKS;

#[test]
fn what_the_configuration_leaves_out() {
    let project = Project::new(&[
        (
            "src/lib.rs",
            &format!("mod generated;\nmod legacy;\n{TASKS}"),
        ),
        ("src/generated.rs", TASKS),
        ("src/legacy.rs", TASKS),
        ("src/broken/one.rs", "fn it( { tokio::spawn(it()) }"),
        (
            "unpark.toml",
            "\
exclude = ['generated.rs', 'src/broken/']

[[override]]
paths = ['src/legacy.rs']
codemod.unobserved-task.level = 'report'
",
        ),
    ]);
    let mut all = String::new();
    for args in [
        &["--message-format", "short"][..],
        &["-v", "--skip", "unobserved-task"],
        &["--syntax-only", "--message-format", "short"],
        &["why", "src/generated.rs:8"],
        &["config", "--only", "unobserved-task"],
    ] {
        let ran = project.unpark(args);
        let shown = project.shown(args, &ran);
        let timeless = shown
            .lines()
            .filter(|line| !line.contains("note: discover"));
        all.extend(timeless.map(|line| format!("{line}\n")));
    }
    assert_snapshot("left-out.txt", &all);
    let json = project.unpark(&["--message-format", "json"]).json();
    let summary = json.last().expect("a summary");
    assert_eq!(summary["excluded"], serde_json::json!(["src/generated.rs"]));
}

#[test]
fn the_configuration_chooses_codemods_and_safety() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let states = |args: &[&str]| -> Vec<String> {
        let args = [args, &["--message-format", "short", "-q"]].concat();
        let text = project.unpark(&args).text();
        let states = text.lines().filter_map(|line| line.split(' ').nth(1));
        states.map(str::to_owned).collect()
    };
    let fixed = "fixed[unobserved-task]";
    assert_eq!(states(&[])[0], fixed);
    project.write("unpark.toml", "only = ['fake-async']\n");
    assert!(
        states(&[])
            .iter()
            .all(|state| state.contains("[fake-async]"))
    );
    assert_eq!(states(&["--only", "unobserved-task"])[0], fixed);
    project.write("unpark.toml", "skip = ['unobserved-task', 'fake-async']\n");
    assert_eq!(states(&[]), [""; 0]);
    project.write("unpark.toml", "skip = ['fake-async']\n");
    assert_eq!(states(&["--skip", "unobserved-task"]), [""; 0]);
    // What is the workspace's holds where a run starts in a folder of it.
    project.write("src/inner/a.rs", "");
    project.write("unpark.toml", "skip = ['unobserved-task']\n");
    let inner = states(&["src"]);
    assert!(
        !inner.iter().any(|state| state.contains("unobserved-task")),
        "{inner:?}"
    );
}

#[test]
fn an_opt_in_codemod_runs_where_the_configuration_names_it() {
    let text = "\
async fn one() -> u32 {
    std::future::ready(1).await
}

pub async fn both() -> u32 {
    let first = one().await;
    let second = one().await;
    first + second
}
";
    let project = Project::new(&[("src/lib.rs", text)]);
    let found = || {
        let text = project.unpark(&["--message-format", "short", "-q"]).text();
        text.contains("[sequential-awaits]")
    };
    assert!(!found());
    project.write("unpark.toml", "only = ['sequential-awaits']\n");
    assert!(found());
}
