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

/// Two findings in one function, and one in another.
const MANY: &str = "\
async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn start() {
    tokio::spawn(flush());
    tokio::spawn(flush());
}

pub fn stop() {
    tokio::spawn(flush());
}
";

const NEW: &str = "
pub fn new() {
    tokio::spawn(flush());
}
";

fn text(project: &Project, name: &str) -> String {
    String::from_utf8(project.read(name)).unwrap()
}

/// Without the first spawn of a text.
fn one_less(text: &str) -> String {
    text.replacen("    tokio::spawn(flush());\n", "", 1)
}

const BASELINE: &str = "unpark.baseline.json";

#[test]
fn a_baseline_is_lived_with_and_shrinks() {
    let project = Project::new(&[("src/lib.rs", MANY)]);
    let mut all = project.transcript(&["--write-baseline"]);
    all += &text(&project, BASELINE);
    all += "\n";
    all += &project.transcript(&["--check"]);
    let verbose = project.transcript(&["-v", "--message-format", "short"]);
    let timeless = verbose
        .lines()
        .filter(|line| !line.contains("note: discover"));
    all.extend(timeless.map(|line| format!("{line}\n")));
    project.write("src/lib.rs", &format!("//! Moved.\n\n{MANY}{NEW}"));
    all += &project.transcript(&["--check"]);
    assert_eq!(project.unpark(&["--check", "--exit-zero"]).code, 0);
    all += &project.transcript(&["--ignore-baseline", "--check", "--message-format", "short"]);
    // One that is alike is mended by hand, and a new one by unpark.
    project.write("src/lib.rs", &format!("{}{NEW}", one_less(MANY)));
    let args = ["--apply", "--no-verify", "--allow-no-vcs"];
    all += &project.transcript(&args);
    assert_eq!(text(&project, "src/lib.rs").matches("let task").count(), 1);
    all += &project.transcript(&["--update-baseline"]);
    all += &text(&project, BASELINE);
    assert_snapshot("baseline.txt", &all);

    // Whatever is found is not added.
    project.write("src/lib.rs", &format!("{MANY}{NEW}"));
    let before = project.read(BASELINE);
    assert_eq!(project.unpark(&["--update-baseline", "--check"]).code, 1);
    assert_eq!(project.read(BASELINE), before);
    // The very last one goes although there is nothing left to look at.
    project.write("src/lib.rs", "");
    assert_eq!(project.unpark(&["--update-baseline"]).code, 0);
    assert!(text(&project, BASELINE).contains("\"findings\": []"));
}

#[test]
fn what_was_not_looked_at_stays_in_the_baseline() {
    let task = format!("mod b;\n{MANY}");
    let project = Project::new(&[("src/lib.rs", &task), ("src/b.rs", MANY)]);
    assert_eq!(project.unpark(&["--write-baseline", "src"]).code, 0);
    let whole = project.read(BASELINE);
    let stays = |args: &[&str]| {
        let args = [args, &["--update-baseline", "-q"]].concat();
        let ran = project.unpark(&args);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(project.read(BASELINE), whole, "{args:?}");
    };
    project.write("src/b.rs", "");
    for args in [
        &["--only", "fake-async"][..],
        &["--skip", "unobserved-task"],
        &["src/lib.rs"],
    ] {
        stays(args);
    }
    project.write("unpark.toml", "exclude = ['b.rs']");
    stays(&[]);
    project.write(
        "unpark.toml",
        "[[override]]\npaths = ['b.rs']\nskip = ['unobserved-task']",
    );
    stays(&[]);
    project.write("unpark.toml", "");
    project.write("src/b.rs", "fn it( { tokio::spawn(flush());");
    stays(&[]);
    // No crate includes it any more.
    project.write("src/lib.rs", MANY);
    project.write("src/b.rs", &one_less(MANY));
    stays(&[]);
    // A run over a part records that part, and leaves the rest.
    project.write("src/lib.rs", &format!("mod b;\n{MANY}{NEW}"));
    assert_eq!(
        project
            .unpark(&["--write-baseline", "-q", "src/lib.rs"])
            .code,
        0
    );
    let lines = |name: &str| text(&project, BASELINE).matches(name).count();
    assert_eq!((lines("src/lib.rs"), lines("src/b.rs")), (4, 3));
    // What is gone as a file is gone for good.
    project.write("src/lib.rs", &format!("{MANY}{NEW}"));
    std::fs::remove_file(project.path("src/b.rs")).unwrap();
    assert_eq!(project.unpark(&["--update-baseline", "-q"]).code, 0);
    assert_eq!((lines("src/lib.rs"), lines("src/b.rs")), (4, 0));
}

#[test]
fn a_baseline_that_can_t_be_read_says_what_to_do() {
    let project = Project::new(&[("src/lib.rs", MANY)]);
    let mut all = String::new();
    for (text, args) in [
        ("", &["--update-baseline"][..]),
        ("<<<<<<< ours\n", &["--check"]),
        ("{\"schema\": 7}", &["--update-baseline"]),
        ("{\"schema\": 7}", &["--write-baseline", "-q"]),
        ("", &["--syntax-only", "--write-baseline"]),
        ("", &["--write-baseline", "--apply"]),
        ("", &["--add-allow", " "]),
        ("", &["--add-allow", "two\nlines"]),
    ] {
        if !text.is_empty() {
            project.write(BASELINE, text);
        }
        all += &project.transcript(args);
    }
    assert_snapshot("baseline-errors.txt", &all);
    // What was written in its place is good.
    assert_eq!(project.unpark(&["--check", "-q"]).code, 0);
}

#[test]
fn every_format_knows_the_baseline() {
    let project = Project::new(&[("src/lib.rs", MANY)]);
    project.unpark(&["--write-baseline", "-q"]);
    project.write("src/lib.rs", &format!("{MANY}{NEW}"));
    let json = project.unpark(&["--message-format", "json"]).json();
    let of = |reason: &str| json.iter().filter(|it| it["reason"] == reason).count();
    assert_eq!((of("finding"), of("change"), of("file")), (4, 1, 1));
    let states = json.iter().filter_map(|it| it["state"].as_str());
    assert_eq!(states.filter(|&state| state == "baseline").count(), 3);
    let summary = json.last().expect("a summary");
    assert_eq!(summary["findings"]["baseline"], 3);
    assert_eq!(
        summary["baselines"],
        serde_json::json!([{"path": BASELINE, "recorded": 3, "gone": 0}])
    );

    let said = |format: &str| project.unpark(&["--message-format", format, "-q"]).text();
    let sarif: serde_json::Value = serde_json::from_str(&said("sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let states: Vec<&str> = results
        .iter()
        .filter_map(|it| it["baselineState"].as_str())
        .collect();
    assert_eq!(states, ["unchanged", "unchanged", "unchanged", "new"]);
    for (format, one) in [
        ("human", "warning[unobserved-task]"),
        ("short", "[unobserved-task]"),
        ("github", "::error "),
        ("gitlab", "\"check_name\""),
        ("rdjson", "\"message\""),
        ("junit", "<testcase "),
        ("json-diagnostic", "\"reason\":\"compiler-message\""),
    ] {
        let text = said(format);
        assert_eq!(text.matches(one).count(), 1, "{format}: {text}");
    }
    let verbose = project.unpark(&["--message-format", "human", "-v"]).text();
    assert_eq!(verbose.matches("it is in unpark.baseline.json").count(), 3);
}

#[test]
fn findings_are_allowed_by_comments() {
    let text_of = format!("{MANY}{NEW}")
        .replace("\n    tokio", "\n\ttokio")
        .replace('\n', "\r\n");
    let project = Project::new(&[("src/lib.rs", &text_of)]);
    let mut all = project.transcript(&["--add-allow", "legacy; see #7"]);
    assert_eq!(text(&project, "src/lib.rs"), text_of);
    let args = [
        "--add-allow",
        "legacy",
        "--apply",
        "--allow-no-vcs",
        "--no-verify",
    ];
    all += &project.transcript(&args);
    all += &project.transcript(&["--check=strict"]);
    assert_snapshot("add-allow.txt", &all);
    let commented = text(&project, "src/lib.rs");
    let comment = "\t// unpark: allow(unobserved-task) legacy\r\n";
    assert_eq!(commented.replace(comment, ""), text_of);
    assert_eq!(commented.matches(comment).count(), 4);
    assert_eq!(project.unpark(&["undo", "-q"]).code, 0);
    assert_eq!(text(&project, "src/lib.rs"), text_of);
}

#[test]
fn only_what_changed_is_allowed() {
    let project = Project::new(&[("src/lib.rs", MANY), (".gitignore", "Cargo.lock\ntarget\n")]);
    project.commit_all();
    project.write("src/lib.rs", &format!("{MANY}{NEW}"));
    let args = [
        "--add-allow",
        "legacy",
        "--since",
        "HEAD",
        "--apply",
        "--no-verify",
        "--allow-dirty",
    ];
    assert_eq!(project.unpark(&args).code, 0);
    let new = NEW.replace(
        "    tokio",
        "    // unpark: allow(unobserved-task) legacy\n    tokio",
    );
    assert_eq!(text(&project, "src/lib.rs"), format!("{MANY}{new}"));
}

#[test]
fn a_comment_that_allows_nothing_goes() {
    let unused = "// unpark: allow(unobserved-task) it is only a warm-up";
    let all_of_them = format!(
        "\
pub fn start() {{
    {unused}
    let one = 1;
    let two = one; {unused}

    drop(two);
}}
{unused}"
    );
    let project = Project::new(&[("src/lib.rs", &all_of_them)]);
    let mut all = project.transcript(&["--check"]);
    all += &project.transcript(&["--apply", "--no-verify", "--allow-no-vcs"]);
    all += &project.transcript(&["--check=strict"]);
    assert_snapshot("unused-allow.txt", &all);
    assert_eq!(
        text(&project, "src/lib.rs"),
        "pub fn start() {\n    let one = 1;\n    let two = one;\n\n    drop(two);\n}\n"
    );
}

/// What a changed line leads to is judged by what was found, and not by what is found once a part of it is allowed.
#[test]
fn what_is_allowed_touches_a_changed_line() {
    let text = "\
use tokio::runtime::Handle;

async fn number() -> u32 {
    std::future::ready(1).await
}

fn load() -> u32 {
    Handle::current().block_on(number())
}

fn warm() -> u32 {
    load() + Handle::current().block_on(number())
}

pub async fn serve() -> u32 {
    warm()
}
";
    let project = Project::new(&[("src/lib.rs", text), (".gitignore", "Cargo.lock\ntarget\n")]);
    project.commit_all();
    let allow = ["--add-allow", "legacy", "--since", "HEAD"];
    for (old, new) in [
        ("fn warm()", "fn  warm()"),
        ("    warm()\n", "    warm( )\n"),
    ] {
        project.write("src/lib.rs", &text.replacen(old, new, 1));
        let found = project.unpark(&["--since", "HEAD", "--message-format", "short", "-q"]);
        let is_found = !found.text().is_empty();
        let diff = project.unpark(&allow).text();
        assert_eq!(
            diff.contains("allow(block-on-in-async)"),
            is_found,
            "{diff}"
        );
    }
}

/// Of code that was not looked at nobody knows what it would come to.
#[test]
fn a_comment_stays_where_nobody_looked() {
    let comment = "// unpark: allow(unobserved-task) it is only a warm-up";
    let project = Project::new(&[(
        "src/lib.rs",
        &format!(
            "\
#[cfg(windows)]
pub fn other() {{
    {comment}
    start();
}}
{comment}
#[cfg(windows)]
pub fn third() {{}}
#[cfg(test)]
mod tests {{
    {comment}
    fn it() {{}}
}}
{comment}
/// Documented.
pub fn start() {{}}
"
        ),
    )]);
    let lines = |args: &[&str]| -> Vec<usize> {
        let args = [args, &["--message-format", "json"]].concat();
        let json = project.unpark(&args).json();
        let findings = json.iter().filter(|it| it["reason"] == "finding");
        let lines = findings.filter_map(|it| it["range"]["start"]["line"].as_u64());
        lines.map(|line| line as usize).collect()
    };
    assert_eq!(lines(&[]), [14]);
    assert_eq!(lines(&["--include-tests"]), [11, 14]);
    for args in [
        &["--only", "fake-async"][..],
        &["--skip", "unobserved-task"],
    ] {
        assert_eq!(lines(args), [0; 0], "{args:?}");
    }
    project.write("unpark.toml", "codemod.unobserved-task.level = 'off'");
    assert_eq!(lines(&[]), [0; 0]);
    project.write(
        "unpark.toml",
        "[[override]]\npaths = ['lib.rs']\nskip = ['unobserved-task']",
    );
    assert_eq!(lines(&[]), [0; 0]);
}
