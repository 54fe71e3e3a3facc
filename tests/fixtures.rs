//! Plays every fixture, and checks the laws that hold for every codemod on each of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use unpark::{
    options::Accepted,
    outcome::{Outcome, State},
    replay, suppress,
};
use unpark_codemods::CATALOGUE;

use crate::support::{
    fixture::{self, Case},
    laws::{self, law},
    stage::{after, folder, in_pool, line, stage},
    updates,
};

/// Every case of every fixture file, with the codemod whose folder it lies in.
pub fn all() -> Vec<(PathBuf, String, Vec<Case>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut all = Vec::new();
    for folder in fs::read_dir(root).expect("there are fixtures") {
        let folder = folder.expect("a folder").path();
        let codemod = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for file in fs::read_dir(&folder).expect("a folder") {
            let path = file.expect("a file").path();
            let text = fs::read_to_string(&path).expect("a fixture is read");
            let mut cases = fixture::parse(&text);
            for case in &mut cases {
                case.options.own.clone_from(&codemod);
            }
            all.push((path, codemod.clone(), cases));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn fixtures() {
    let mut failures = Vec::new();
    // `ONLY=cpu-bound` plays those whose path has the word.
    let only = std::env::var("ONLY").unwrap_or_default();
    for (path, _, mut cases) in all() {
        if !path.to_string_lossy().contains(&only) {
            continue;
        }
        for case in &mut cases {
            let title = format!("{}: {}", path.display(), case.title());
            let outcome = in_pool(2, || stage().play(case, &case.before, &BTreeMap::new()));
            let actual = after(&case.before, &outcome);
            let changed: BTreeMap<String, String> = actual
                .iter()
                .filter(|(name, text)| case.before.get(*name) != Some(*text))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect();
            let findings: String = outcome
                .findings
                .iter()
                .map(|finding| line(&outcome, finding))
                .collect();
            if updates() {
                (case.after, case.findings) = (changed, findings);
            } else {
                if changed != case.after {
                    failures.push(format!("{title}: another result:\n{changed:#?}"));
                }
                if findings != case.findings {
                    failures.push(format!("{title}: other findings:\n{findings}"));
                }
            }
            if let Err(law) = laws(case, &outcome, &actual) {
                failures.push(format!("{title}: {law}"));
            }
        }
        if updates() {
            fs::write(&path, fixture::print(&cases)).expect("a fixture is written");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn laws(case: &Case, outcome: &Outcome, actual: &BTreeMap<String, String>) -> Result<(), String> {
    law(
        outcome.defects.is_empty(),
        &format!("a defect: {:?}", outcome.defects),
    )?;
    laws::hold(&case.before, outcome)?;
    let own = outcome
        .findings
        .iter()
        .all(|finding| finding.codemod == suppress::NAME || case.options.looks_at(finding.codemod));
    law(own, "another codemod fires")?;
    for threads in [1, 8] {
        let again = in_pool(threads, || {
            stage().play(case, &case.before, &BTreeMap::new())
        });
        let same = after(&case.before, &again) == *actual
            && format!("{:?}", again.findings) == format!("{:?}", outcome.findings);
        law(same, &format!("another result with {threads} threads"))?;
    }
    let second = in_pool(2, || stage().play(case, actual, &BTreeMap::new()));
    law(second.files.is_empty(), "a second run changes something")?;
    law(
        replay_without_the_first(case, outcome),
        "a replay takes a denied change, or loses others",
    )?;
    selections(case, outcome, actual)
}

/// Accepting all is the run itself; accepting the last change and what it needs makes these, and no
/// other, and another one that may stay gets its comment beside them. It is no replay of their edits: an
/// import that the others took away may have a use again.
fn selections(
    case: &Case,
    outcome: &Outcome,
    actual: &BTreeMap<String, String>,
) -> Result<(), String> {
    let ids: BTreeMap<usize, &String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.state == State::Fixed)
        .filter_map(|finding| Some((finding.change?, &finding.id)))
        .collect();
    let Some(&last) = ids.keys().last().filter(|_| ids.len() > 1) else {
        return Ok(());
    };
    let select = |changes: &BTreeSet<usize>, other: Option<&&String>| {
        let accepted = Accepted {
            ids: changes.iter().map(|change| ids[change].clone()).collect(),
            suppressed: other
                .into_iter()
                .map(|&id| (id.clone(), "legacy".parse().expect("it is one line")))
                .collect(),
            file: None,
        };
        in_pool(2, || {
            let mut stage = stage();
            stage.options.accepted = Some(accepted);
            let outcome = stage.play(case, &case.before, &BTreeMap::new());
            stage.options.accepted = None;
            outcome
        })
    };
    let all = select(&ids.keys().copied().collect(), None);
    let needed = replay::with_what_it_needs(outcome, last);
    // What is found in the first look is there whatever was accepted.
    let first = outcome.changes.iter().filter(|it| it.round == 1);
    let first = first.filter(|it| it.codemod != suppress::NAME);
    let other = first.map(|it| it.id).find(|id| !needed.contains(id));
    let other = other.and_then(|id| ids.get(&id));
    let some = select(&needed, other);
    let is_allowed = other.is_none_or(|&id| {
        let mut findings = some.findings.iter();
        findings.any(|it| it.id == *id && matches!(it.state, State::Suppressed | State::Refused))
    });
    let fixed = some.findings.iter();
    let fixed = fixed.filter(|finding| finding.state == State::Fixed);
    let fixed: BTreeSet<&String> = fixed.map(|finding| &finding.id).collect();
    let wanted: BTreeSet<&String> = needed.iter().map(|change| ids[change]).collect();
    let is_all = after(&case.before, &all) == *actual;
    law(is_all, "all was accepted, and something else is made")?;
    law(fixed == wanted, "a selection makes what was not accepted")?;
    law(is_allowed, "what may stay is not suppressed")?;
    laws::hold(&case.before, &some)
}

fn replay_without_the_first(case: &Case, outcome: &Outcome) -> bool {
    let first = outcome
        .findings
        .iter()
        .find(|finding| finding.state == State::Fixed);
    let Some(first) = first else { return true };
    let denied = BTreeMap::from([(first.id.clone(), "denied by a test".to_owned())]);
    let replay = in_pool(2, || stage().play(case, &case.before, &denied));
    let state = |outcome: &Outcome, id: &str| {
        outcome
            .findings
            .iter()
            .find(|finding| finding.id == id)
            .map(|finding| finding.state)
    };
    let mut lost: BTreeSet<usize> = first.change.into_iter().collect();
    for change in &outcome.changes {
        if !change.depends_on.is_disjoint(&lost) {
            lost.insert(change.id);
        }
    }
    state(&replay, &first.id) == Some(State::Reverted)
        && outcome
            .findings
            .iter()
            .filter(|finding| finding.id != first.id && finding.state == State::Fixed)
            .filter(|finding| finding.change.is_none_or(|id| !lost.contains(&id)))
            .all(|finding| state(&replay, &finding.id) == Some(State::Fixed))
}

/// The compiler accepts each case before and after: one example of the stage for each.
#[test]
fn fixtures_compile() {
    let stage = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stage");
    if stage.exists() {
        fs::remove_dir_all(&stage).expect("the old copy goes away");
    }
    copy(&folder(), &stage);
    for (path, codemod, cases) in all() {
        let file = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for (index, case) in cases.iter().enumerate() {
            let in_crate = case.before.keys().all(|name| name.starts_with("src/"));
            if case.options.uncompiled || !in_crate {
                continue;
            }
            let mut after = case.before.clone();
            after.extend(case.after.clone());
            for (when, texts) in [("before", &case.before), ("after", &after)] {
                let example = format!("{codemod}_{file}_{index}_{when}");
                let folder = stage
                    .join(&case.options.package)
                    .join("examples")
                    .join(example);
                fs::create_dir_all(&folder).expect("a folder is made");
                for (name, text) in texts {
                    let (name, text) = match name.as_str() {
                        "src/lib.rs" => (
                            "main.rs",
                            format!("#![allow(warnings)]\n{text}\nfn main() {{}}\n"),
                        ),
                        name => (name.trim_start_matches("src/"), text.clone()),
                    };
                    fs::write(folder.join(name), text).expect("a file is written");
                }
            }
        }
    }
    let output = Command::new(env!("CARGO"))
        .args([
            "check",
            "--examples",
            "--workspace",
            "--offline",
            "--keep-going",
            "--quiet",
        ])
        .current_dir(&stage)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("stage-target"),
        )
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder is made");
    for entry in fs::read_dir(from).expect("a folder is read") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().expect("a type").is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).expect("a file is copied")),
        }
    }
}

#[test]
fn the_catalogue_equals_the_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue: BTreeSet<String> = CATALOGUE
        .iter()
        .map(|codemod| codemod.name.to_owned())
        .collect();
    let fixtures: BTreeSet<String> = all().into_iter().map(|(_, codemod, _)| codemod).collect();
    assert_eq!(
        fixtures, catalogue,
        "tests/fixtures has a folder for each codemod"
    );
    for name in catalogue {
        let file = root
            .join("codemods/src")
            .join(format!("{}.rs", name.replace('-', "_")));
        assert!(file.is_file(), "{} is missing", file.display());
    }
}
