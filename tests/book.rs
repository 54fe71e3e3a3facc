//! The book in `docs/`: what it says by itself is what the program says, and every link leads
//! somewhere. `UPDATE=1` writes what is made of something else.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Map, Value};
use unpark::{config::SCHEMA, report::guide};
use unpark_codemods::{CATALOGUE, Codemod, refusal::RefusalKind};

use crate::support::{
    folder, kept,
    project::{Project, ran, without_ids},
    snapshot::assert_snapshot,
};

/// What is said at the top of a page that nobody edits.
const MADE: &str = "<!-- Made by a test: `UPDATE=1 cargo test book::` -->\n\n";

fn page(name: &str, text: &str) {
    kept(&format!("docs/src/{name}"), &format!("{MADE}{text}"));
}

#[test]
fn each_codemod_has_its_manual_for_a_page() {
    let mut index =
        "# The codemods\n\n| codemod | finds | its changes are at best |\n| --- | --- | --- |\n"
            .to_owned();
    let mut names = BTreeSet::new();
    for codemod in CATALOGUE {
        let Codemod { name, summary, .. } = codemod;
        page(&format!("codemods/{name}.md"), &manual(codemod));
        names.insert(format!("{name}.md"));
        let only = if codemod.opt_in {
            " (with `--only`)"
        } else {
            ""
        };
        let safety = codemod.safety.name();
        writeln!(
            index,
            "| [`{name}`](codemods/{name}.md){only} | {summary} | {safety} |"
        )
        .unwrap();
    }
    index += "\nWhat is safe compiles and behaves the same, but for the defect that it mends. What is unsafe \
              may change what a\ncaller can see; it is made with `--unsafe-fixes`, and names the effects. What is \
              manual is reported, with the way\nto do it.\n";
    page("codemods.md", &index);
    let there = folder::files(&book().join("codemods"));
    let there = there
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    assert_eq!(there.collect::<BTreeSet<_>>(), names);
}

/// The manual below a heading with the name.
fn manual(codemod: &Codemod) -> String {
    let mut text = format!("# {}\n\n", codemod.name);
    let mut in_code = false;
    for line in codemod.manual().lines() {
        in_code ^= line.starts_with("```");
        if line.starts_with("# ") && !in_code {
            text.push('#');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn the_guide_is_that_of_the_program() {
    page(
        "guide.md",
        &format!("# Which kind of work goes where\n\n{}", guide::markdown()),
    );
}

#[test]
fn the_keys_of_the_configuration_are_those_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut text = "# Keys of unpark.toml\n".to_owned();
    Keys(&schema).table("", &schema, &mut BTreeSet::new(), &mut text);
    page("keys.md", &text);
}

#[test]
fn every_kind_of_refusal_is_explained() {
    let text = fs::read_to_string(book().join("refusals.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    // The first line is the head.
    assert_eq!(rows.len(), RefusalKind::ALL.len() + 2);
    for (kind, row) in RefusalKind::ALL.iter().zip(&rows[2..]) {
        let start = format!("| {} | {} | ", kind.code(), kind.name());
        assert!(row.starts_with(&start), "{row}");
    }
}

/// What a JSON schema says, as tables.
struct Keys<'a>(&'a Value);

impl Keys<'_> {
    fn table(&self, name: &str, node: &Value, seen: &mut BTreeSet<String>, text: &mut String) {
        let list = node["type"] == "array";
        let of = if list { &node["items"] } else { node };
        let required = of["required"].as_array().into_iter().flatten();
        let required: BTreeSet<&str> = required.filter_map(Value::as_str).collect();
        let (mut rows, mut tables) = (String::new(), Vec::new());
        for (key, property) in sorted(&of["properties"]) {
            let (common, property) = self.resolved(property);
            if property["items"]["properties"].is_object() || property["properties"].is_object() {
                tables.push((key, common, property));
                continue;
            }
            let mut what = said(&property["description"]);
            if required.contains(key.as_str()) {
                what += "; required";
            }
            let default = match &property["default"] {
                Value::Null => String::new(),
                default => format!("`{default}`"),
            };
            writeln!(
                rows,
                "| `{key}` | {} | {default} | {what} |",
                self.values(property)
            )
            .unwrap();
        }
        if !rows.is_empty() {
            if !name.is_empty() {
                let heading = if list {
                    format!("[[{name}]]")
                } else {
                    format!("[{name}]")
                };
                write!(text, "\n## `{heading}`\n").unwrap();
            }
            if let Some(description) = node["description"].as_str() {
                write!(text, "\n{description}.\n").unwrap();
            }
            write!(
                text,
                "\n| key | value | default | what it says |\n| --- | --- | --- | --- |\n{rows}"
            )
            .unwrap();
        }
        for (key, common, property) in tables {
            let is_codemod = CATALOGUE.iter().any(|it| it.name == key.as_str());
            let key = if common && is_codemod { "NAME" } else { key };
            let name = format!("{name}.{key}").trim_start_matches('.').to_owned();
            if seen.insert(name.clone()) {
                self.table(&name, property, seen, text);
            }
        }
    }

    fn values(&self, property: &Value) -> String {
        match property["enum"].as_array() {
            Some(values) => {
                let values = values.iter().map(|it| format!("`{it}`"));
                values.collect::<Vec<_>>().join(", ")
            }
            None if property["type"] == "array" => {
                let (_, of) = self.resolved(&property["items"]);
                match of["enum"].is_array() {
                    true => "a list of names".to_owned(),
                    false => format!("a list of {}s", said(&of["type"])),
                }
            }
            None => format!("a {}", said(&property["type"])),
        }
    }

    /// A node that stands elsewhere, and whether it does.
    fn resolved<'a>(&'a self, node: &'a Value) -> (bool, &'a Value) {
        match node["$ref"].as_str() {
            Some(place) => (true, self.0.pointer(&place[1..]).expect("it is there")),
            None => (false, node),
        }
    }
}

fn sorted(object: &Value) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = object
        .as_object()
        .map(Map::iter)
        .into_iter()
        .flatten()
        .collect();
    all.sort_by_key(|(key, _)| *key);
    all
}

fn said(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src")
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() {
    let (mut linked, mut pages) = (BTreeSet::new(), BTreeSet::new());
    for path in folder::files(&book()) {
        let text = fs::read_to_string(&path).unwrap();
        let above = path.parent().unwrap();
        for target in links(&text).chain(included(&text)) {
            let target = above.join(target);
            assert!(target.exists(), "{}: {}", path.display(), target.display());
            if path.ends_with("SUMMARY.md") {
                linked.insert(target.canonicalize().unwrap());
            }
        }
        if !path.ends_with("SUMMARY.md") {
            pages.insert(path.canonicalize().unwrap());
        }
    }
    assert_eq!(linked, pages);
}

/// The relative targets of links, without what stands behind `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The files that parts of a page come from, which have the part that is named.
fn included(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{#include ").skip(1).filter_map(|rest| {
        let (what, _) = rest.split_once("}}")?;
        let (file, anchor) = what.split_once(':').unwrap_or((what, ""));
        if !anchor.is_empty() {
            let source = fs::read_to_string(book().join(file)).unwrap();
            for end in ["ANCHOR", "ANCHOR_END"] {
                assert!(
                    source.contains(&format!("<!-- {end}: {anchor} -->")),
                    "{what}"
                );
            }
        }
        Some(file)
    })
}

/// The address stands in Cargo.toml; what has to spell it out follows.
#[test]
fn the_address_is_that_of_the_manifest() {
    let (_, place) = env!("CARGO_PKG_REPOSITORY").split_once("//").unwrap();
    let (_, place) = place.split_once('/').unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let text = fs::read_to_string(book().join("ci.md")).unwrap();
    assert!(
        text.contains(&format!("uses: {place}@v{version}\n")),
        "the action"
    );
    let hooks = format!(
        "repo: {}\n    rev: v{version}\n",
        env!("CARGO_PKG_REPOSITORY")
    );
    assert!(text.contains(&hooks), "the hooks");
}

/// What the tutorial shows is what its reader sees.
#[test]
fn the_tutorial_is_true() {
    let project = Project::bare(&[]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/orders");
    folder::copy(&source, &project.path(""));
    project.commit_all();
    for (name, args) in [
        ("1-statistics", &["--statistics"][..]),
        ("2-short", &["--message-format", "short", "--quiet"]),
        ("3-one", &["--only", "unobserved-task"]),
        ("4-why", &["why", "src/orders.rs:95"]),
        ("5-commit", &["--apply", "--commit"]),
        ("7-check", &["--check", "--message-format", "short"]),
    ] {
        let mut command = project.command(args);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects-target");
        command.env("CARGO_TARGET_DIR", target);
        for (name, value) in [("NAME", "Ann"), ("EMAIL", "ann@example.org")] {
            command.env(format!("GIT_AUTHOR_{name}"), value);
            command.env(format!("GIT_COMMITTER_{name}"), value);
        }
        let ran = ran(command.output().unwrap());
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let shown = format!("$ unpark {}\n{}{}", args.join(" "), ran.text(), ran.stderr);
        let folder = project.path("").canonicalize().unwrap();
        let shown = shown.replace(&*folder.to_string_lossy(), "/orders");
        assert_snapshot(&format!("tutorial/{name}.txt"), &without_ids(&shown));
        if name == "5-commit" {
            let log = Command::new("git")
                .current_dir(&folder)
                .args(["log", "-1", "--format=%B"])
                .output()
                .unwrap();
            let shown = String::from_utf8(log.stdout).unwrap();
            let shown = format!("$ git log -1 --format=%B\n{}\n", shown.trim_end());
            assert_snapshot("tutorial/6-message.txt", &shown);
        }
    }
}
