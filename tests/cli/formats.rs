//! Formats for other programs, read as those programs read them.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::Path,
};

use cargo_metadata::Message;
use rustfix::{CodeFix, Filter, Suggestion};
use serde_json::Value;

use super::{TASKS, bytes, roots};
use crate::support::{
    project::{Project, Ran},
    snapshot::assert_snapshot,
};

fn json(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

fn format(project: &Project, name: &str) -> Ran {
    project.unpark(&["--message-format", name, "-q"])
}

/// The files with these names as `--apply` leaves them.
fn applied(project: &Project, names: &[&str]) -> Vec<Vec<u8>> {
    let copy = project.copy();
    let ran = copy.unpark(&["--apply", "--no-verify", "--allow-no-vcs", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    names.iter().map(|name| copy.read(name)).collect()
}

#[test]
fn for_forges_and_reviewers() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    for (name, format) in [
        ("run-github.txt", "github"),
        ("run-gitlab.txt", "gitlab"),
        ("run-rdjson.txt", "rdjson"),
        ("run-junit.txt", "junit"),
    ] {
        let args = ["--message-format", format, "-q"];
        assert_snapshot(name, &project.transcript(&args));
    }
}

#[test]
fn paths_are_those_of_the_repository_where_a_forge_reads_them() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let parent = Project::bare(&[]);
    fs::rename(project.path(""), parent.path("sub dir")).unwrap();
    parent.commit_all();
    let run = |format: &str| {
        let mut command = parent.command(&["--message-format", format, "-q"]);
        let output = command.current_dir(parent.path("sub dir")).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert!(run("github").contains("file=sub dir/src/lib.rs,line=8,"));
    assert!(run("gitlab").contains("\"path\": \"sub dir/src/lib.rs\""));
    assert!(run("sarif").contains("\"uri\": \"sub%20dir/src/lib.rs\""));
    // reviewdog is run in the same folder, and rust-analyzer tells the folder to cargo.
    assert!(run("rdjson").contains("\"path\":\"src/lib.rs\""));
    assert!(run("json-diagnostic").contains("\"file_name\":\"src/lib.rs\""));
}

#[test]
fn several_reports_of_one_run() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let ran = project.unpark(&[
        "--message-format=short",
        "--report=sarif=out/deep/it.sarif",
        "--report",
        "diff=it.diff",
        "--report=json=it.json",
        "-q",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().starts_with("src/lib.rs:8:5: fixed["));
    let sarif: Value = serde_json::from_slice(&project.read("out/deep/it.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 4);
    let diff = project.unpark(&["-q"]);
    assert_eq!(project.read("it.diff"), diff.stdout);
    let json = String::from_utf8(project.read("it.json")).unwrap();
    assert!(json.lines().last().unwrap().contains("\"summary\""));

    let refused = |report: &str| {
        let ran = project.unpark(&["--report", report, "-q"]);
        assert_eq!(ran.code, 2, "{report}");
        ran.stderr
    };
    assert!(refused("sarf=it").contains("no format is called `sarf`; did you mean `sarif`?"));
    assert!(refused("sarif").contains("as in sarif=unpark.sarif"));
    let error = refused("sarif=src/lib.rs/it");
    assert!(
        error.contains("can't write the report src/lib.rs/it"),
        "{error}"
    );
}

#[test]
fn the_summary_of_a_step_is_added_to() {
    let project = Project::new(&[("src/lib.rs", TASKS), ("summary.md", "before\n")]);
    let mut command = project.command(&["--message-format=github", "-q"]);
    command.env("GITHUB_STEP_SUMMARY", project.path("summary.md"));
    let variables = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA"];
    for (name, value) in variables
        .iter()
        .zip(["https://forge.example", "o/r", "c0ffee"])
    {
        command.env(name, value);
    }
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    let text = String::from_utf8(project.read("summary.md")).unwrap();
    assert!(
        text.starts_with(
            "before\n### unpark: 1 fixed, 2 refused, 1 suppressed\n\n| state | codemod |"
        ),
        "{text}"
    );
    let row = "| fixed | `unobserved-task` | \
               [`src/lib.rs:8`](https://forge.example/o/r/blob/c0ffee/src/lib.rs#L8) | the error of \
               background task `flush` is seen by nobody: its handle is dropped |\n";
    assert!(text.contains(row), "{text}");
}

#[test]
fn sarif_keeps_to_its_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/sarif-2.1.0.json");
    let text = fs::read_to_string(schema).unwrap();
    // A bracket in two patterns of theirs is one that not every engine reads as itself.
    assert_eq!(text.matches("{2}]?$").count(), 2);
    let schema: Value = serde_json::from_str(&text.replace("{2}]?$", r"{2}\\]?$")).unwrap();
    let schema = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let with_defects = Project::new(&[
        ("src/lib.rs", TASKS),
        ("src/broken.rs", "async fn f( { tokio::spawn(it) }\n"),
    ]);
    for (project, args) in [
        (Project::new(&[("src/lib.rs", TASKS)]), &[][..]),
        (Project::new(&[("src/lib.rs", "")]), &[]),
        (Project::new(roots::FILES), &["--unsafe-fixes"]),
        (bytes::project(), &["--check"]),
        (with_defects, &["--syntax-only"]),
    ] {
        let args = [&["--message-format", "sarif", "-q"], args].concat();
        let log = json(&project.unpark(&args));
        let errors: Vec<String> = schema
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let rules = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(rules[index]["help"]["markdown"].as_str().unwrap().len() > 100);
        }
    }
}

#[test]
fn sarif_says_what_a_comment_allows_and_how_much_each_matters() {
    let log = json(&format(&Project::new(&[("src/lib.rs", TASKS)]), "sarif"));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let states: Vec<_> = results
        .iter()
        .map(|it| {
            (
                it["properties"]["state"].as_str().unwrap(),
                it["level"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("fixed", "error"),
        ("refused", "note"),
        ("refused", "note"),
        ("suppressed", "note"),
    ];
    assert_eq!(states, expected);
    assert_eq!(results[0]["suppressions"], serde_json::json!([]));
    assert_eq!(
        results[3]["suppressions"],
        serde_json::json!([{
            "kind": "inSource", "status": "accepted", "justification": "allowed: the caller retries",
        }])
    );
    assert_eq!(results[1]["properties"]["refusal"], "R5");
    let ids: BTreeSet<&str> = results
        .iter()
        .map(|it| it["partialFingerprints"]["unparkId/v1"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), results.len());
}

#[test]
fn sarif_has_the_call_chain_of_each_function() {
    let project = Project::new(roots::FILES);
    let log = json(&project.unpark(&["--message-format=sarif", "-q", "--root=disk::warm"]));
    let result = &log["runs"][0]["results"][0];
    let steps = |flow: &Value| -> Vec<String> {
        let steps = flow["threadFlows"][0]["locations"].as_array().unwrap();
        steps
            .iter()
            .map(|step| {
                let location = &step["location"];
                let physical = &location["physicalLocation"];
                format!(
                    "{}:{}: {}",
                    physical["artifactLocation"]["uri"].as_str().unwrap(),
                    physical["region"]["startLine"],
                    location["message"]["text"].as_str().unwrap()
                )
            })
            .collect()
    };
    let flows: Vec<Vec<String>> = result["codeFlows"]
        .as_array()
        .unwrap()
        .iter()
        .map(steps)
        .collect();
    assert!(
        flows.contains(&vec![
            "src/disk.rs:11: `warm` becomes async".to_owned(),
            "src/disk.rs:12: it awaits `load`".to_owned(),
            "src/disk.rs:8: which awaits the future".to_owned(),
        ]),
        "{flows:#?}"
    );
}

/// The edits of all fixes of a SARIF log, applied by their bytes.
fn by_sarif(log: &Value, name: &str, text: &[u8]) -> Vec<u8> {
    let uri = name.replace(' ', "%20");
    let mut edits = Vec::new();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        for change in result["fixes"][0]["artifactChanges"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if change["artifactLocation"]["uri"] != *uri {
                continue;
            }
            for edit in change["replacements"].as_array().unwrap() {
                let number = |name: &str| {
                    usize::try_from(edit["deletedRegion"][name].as_u64().unwrap()).unwrap()
                };
                let start = number("byteOffset");
                let text = edit["insertedContent"]["text"].as_str().unwrap();
                edits.push((start, start + number("byteLength"), text.to_owned()));
            }
        }
    }
    with_edits(text, edits)
}

/// The suggestions of a reviewdog file, applied by lines, and columns in bytes.
fn by_rdjson(result: &Value, name: &str, text: &[u8]) -> Vec<u8> {
    let starts: Vec<usize> = [0]
        .into_iter()
        .chain(
            text.iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at + 1),
        )
        .collect();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let offset = |point: &Value| starts[number(&point["line"]) - 1] + number(&point["column"]) - 1;
    let mut edits = Vec::new();
    for diagnostic in result["diagnostics"].as_array().unwrap() {
        if diagnostic["location"]["path"] != *name {
            continue;
        }
        for suggestion in diagnostic["suggestions"].as_array().into_iter().flatten() {
            let range = &suggestion["range"];
            let text = suggestion["text"].as_str().unwrap().to_owned();
            edits.push((offset(&range["start"]), offset(&range["end"]), text));
        }
    }
    with_edits(text, edits)
}

fn with_edits(text: &[u8], mut edits: Vec<(usize, usize, String)>) -> Vec<u8> {
    edits.sort();
    let mut text = text.to_vec();
    for (start, end, replacement) in edits.into_iter().rev() {
        text.splice(start..end, replacement.into_bytes());
    }
    text
}

/// The suggestions in the messages of a run by file, as `cargo fix` collects them.
fn suggestions(ran: &Ran, filter: Filter) -> BTreeMap<String, Vec<Suggestion>> {
    let mut by_file: BTreeMap<String, Vec<Suggestion>> = BTreeMap::new();
    let only = HashSet::new();
    let mut finished = None;
    for (message, line) in Message::parse_stream(&ran.stdout[..]).zip(ran.json()) {
        match message.unwrap() {
            Message::CompilerMessage(message) => {
                assert_eq!(message.target.name, "demo");
                assert!(message.message.code.unwrap().code.starts_with("unpark::"));
                let diagnostic = line["message"].to_string();
                let all = rustfix::get_suggestions_from_json(&diagnostic, &only, filter).unwrap();
                for suggestion in all {
                    let solution = &suggestion.solutions[0].replacements[0];
                    let file = solution.snippet.file_name.clone();
                    by_file.entry(file).or_default().push(suggestion);
                }
            }
            Message::BuildFinished(it) => finished = Some(it.success),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(finished, Some(ran.code == 0));
    by_file
}

fn by_rustfix(suggestions: &[Suggestion], text: Vec<u8>) -> Vec<u8> {
    let mut fix = CodeFix::new(str::from_utf8(&text).unwrap());
    for suggestion in suggestions {
        fix.apply(suggestion).unwrap();
    }
    fix.finish().unwrap().into_bytes()
}

/// Line ends, a byte order mark, and characters of several bytes included.
#[test]
fn what_others_make_of_the_fixes_is_what_is_applied() {
    let project = bytes::project();
    let after = applied(&project, &bytes::FILES);
    let sarif = json(&format(&project, "sarif"));
    let rdjson = json(&format(&project, "rdjson"));
    let ran = format(&project, "json-diagnostic");
    let suggestions = suggestions(&ran, Filter::MachineApplicableOnly);
    for (name, after) in bytes::FILES.iter().zip(after) {
        let before = project.read(name);
        assert_ne!(before, after, "{name}");
        assert_eq!(by_sarif(&sarif, name, &before), after, "SARIF, {name}");
        assert_eq!(by_rdjson(&rdjson, name, &before), after, "rdjson, {name}");
        assert_eq!(
            by_rustfix(&suggestions[*name], before),
            after,
            "rustfix, {name}"
        );
    }
}

/// The second round of the outer call edits what the first one wrote.
#[test]
fn a_fix_brings_what_it_needs() {
    let project = Project::new(&[(
        "src/lib.rs",
        "\
async fn load() -> u32 {
    std::future::ready(1).await
}

pub async fn all() -> u32 {
    tokio::task::spawn_blocking(|| {
        tokio::runtime::Handle::current().block_on(async {
            tokio::runtime::Handle::current().block_on(load())
        })
    })
    .await
    .unwrap()
}
",
    )]);
    let unsafe_too = ["--unsafe-fixes", "--message-format=json-diagnostic", "-q"];
    let ran = project.unpark(&unsafe_too);
    let rounds: BTreeSet<u64> = project
        .unpark(&["--unsafe-fixes", "--message-format=json"])
        .json()
        .iter()
        .filter_map(|line| line["round"].as_u64())
        .collect();
    assert!(rounds.len() > 1, "{rounds:?}");
    let suggestions = suggestions(&ran, Filter::Everything);
    let before = project.read("src/lib.rs");
    let results: Vec<String> = suggestions["src/lib.rs"]
        .iter()
        .map(|it| by_rustfix(std::slice::from_ref(it), before.clone()))
        .map(|text| String::from_utf8(text).unwrap())
        .collect();
    let copy = project.copy();
    copy.unpark(&["--apply", "--unsafe-fixes", "--no-verify", "--allow-no-vcs"]);
    let after = String::from_utf8(copy.read("src/lib.rs")).unwrap();
    // One of them comes to all that there is to do.
    assert!(results.contains(&after), "{results:#?}\n{after}");
}
