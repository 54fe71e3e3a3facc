//! What a commit says of itself: what it does, why, and what may be another thing at run time.

use std::collections::{BTreeMap, BTreeSet};

use textwrap::Options;
use unpark_codemods::CATALOGUE;

use crate::{
    outcome::{Finding, Outcome, State},
    report::{count, notes},
};

/// The longest title.
const TITLE: usize = 72;

/// Where lines of the body are broken.
const WIDTH: usize = 72;

/// The message of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its first line.
    pub title: String,
    /// What follows.
    pub body: String,
}

impl Message {
    /// That of a commit with these changes, and of so many that come later.
    pub fn of(outcome: &Outcome, changes: &BTreeSet<usize>, later: usize) -> Message {
        let of_change = |it: &&Finding| it.change.is_some_and(|id| changes.contains(&id));
        let findings: Vec<&Finding> = outcome.findings.iter().filter(of_change).collect();
        Message {
            title: title(outcome, &findings),
            body: body(outcome, &findings, later),
        }
    }

    /// All of it.
    pub fn text(&self) -> String {
        format!("{}\n\n{}", self.title, self.body)
    }
}

fn title(outcome: &Outcome, findings: &[&Finding]) -> String {
    let codemods: BTreeSet<&str> = findings.iter().map(|it| it.codemod).collect();
    let codemods: Vec<&str> = codemods.into_iter().collect();
    if findings.iter().all(|it| it.state == State::Suppressed) {
        let allowed = format!("Allow {}", count(findings.len(), "finding"));
        let named = format!("{allowed} of {}", codemods.join(" and "));
        return if fits(&named) { named } else { allowed };
    }
    let several = || format!("Make the changes of {}", count(codemods.len(), "codemod"));
    let [codemod] = codemods.as_slice() else {
        let all = format!("Make the changes of {}", codemods.join(" and "));
        return if fits(&all) { all } else { several() };
    };
    let root = match findings {
        [finding] => of_root(finding),
        _ => None,
    };
    let of_codemod = CATALOGUE.iter().find(|it| it.name == *codemod);
    let of_codemod = of_codemod.and_then(|it| it.title).map(str::to_owned);
    let title = root.or(of_codemod).unwrap_or_else(several);
    let mut paths = findings.iter().map(|it| outcome.shown(&it.path));
    let first = paths.next().unwrap_or_default();
    let placed = format!("{title} in {first}");
    let is_one = paths.all(|path| path == first);
    if is_one && fits(&placed) {
        placed
    } else {
        title
    }
}

/// What becomes async, if something does.
fn of_root(finding: &Finding) -> Option<String> {
    let conversion = finding.conversion.as_ref()?;
    let names: Vec<String> = conversion
        .functions
        .iter()
        .filter_map(|it| it.path.rsplit("::").next())
        .map(|name| format!("`{name}`"))
        .collect();
    let what = match names.as_slice() {
        [] => return None,
        [name] => name.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let order = |what: &str| match conversion.cost.kept_signatures {
        0 => format!("Make {what} async instead of blocking"),
        _ => format!("Put async functions beside {what}"),
    };
    let all = order(&what);
    Some(match fits(&all) {
        true => all,
        false => order(&count(names.len(), "function")),
    })
}

fn fits(title: &str) -> bool {
    title.chars().count() <= TITLE
}

fn body(outcome: &Outcome, findings: &[&Finding], later: usize) -> String {
    let mut by_codemod: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_codemod.entry(finding.codemod).or_default().push(finding);
    }
    let mut parts = Vec::new();
    for (name, findings) in by_codemod {
        let mut part = wrapped(name, "", "");
        for finding in findings {
            let place = format!("{}:{}", outcome.shown(&finding.path), finding.start.line);
            part += &wrapped(&format!("{place}: {}", finding.message), "- ", "  ");
            let notes = match finding.state {
                // What would become of it is no part of a commit that leaves it.
                State::Suppressed => notes::verdict(finding),
                _ => notes::all(outcome, finding),
            };
            for (_, note) in notes {
                part += &wrapped(&note, "  - ", "    ");
            }
        }
        parts.push(part);
    }
    parts.push(wrapped(&origin(outcome, later), "", ""));
    parts.join("\n")
}

/// Where it comes from, and how far a reader may rely on it.
fn origin(outcome: &Outcome, later: usize) -> String {
    let by = concat!("Made by unpark ", env!("CARGO_PKG_VERSION"));
    let behind = match later {
        0 => String::new(),
        _ => format!(" together with the {} after it", count(later, "commit")),
    };
    let compiled = match &outcome.verification {
        Some(it) => {
            let configurations: Vec<&str> = it.configurations.iter().map(String::as_str).collect();
            format!("compiled{behind} with {}", configurations.join(", "))
        }
        None => "not compiled".to_owned(),
    };
    format!("{by}; {compiled}. Lines are those of the files before it ran.")
}

/// Text of one or more lines, each of which becomes an item of a list.
fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false);
    textwrap::fill(text, options) + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use unpark_codemods::codemod::{Cost, Effect};

    use crate::{
        outcome::{Conversion, Converted, Reason, Verification},
        report::sample,
    };

    fn finding(change: usize, path: &str, line: usize) -> Finding {
        Finding {
            change: Some(change),
            message: "the error of background task `send` is seen by nobody".to_owned(),
            ..sample::finding(State::Fixed, path, line)
        }
    }

    fn converted(path: &str) -> Converted {
        let becomes = Reason {
            path: PathBuf::from("/w/src/a.rs"),
            line: 3,
            message: "`load` becomes async".to_owned(),
            is_call: false,
        };
        let because = Reason {
            message: "it awaits the future".to_owned(),
            ..becomes.clone()
        };
        Converted {
            path: path.to_owned(),
            becomes,
            because: vec![because],
            remarks: Vec::new(),
        }
    }

    fn message(findings: Vec<Finding>) -> Message {
        let changes = findings.iter().filter_map(|it| it.change).collect();
        let outcome = Outcome {
            root: PathBuf::from("/w"),
            findings,
            verification: Some(Verification {
                configurations: ["default features".to_owned()].into(),
                ..Verification::default()
            }),
            ..Outcome::default()
        };
        Message::of(&outcome, &changes, 2)
    }

    #[test]
    fn says_what_why_and_what_may_differ() {
        let why = Reason {
            path: PathBuf::from("/w/src/b.rs"),
            line: 9,
            message: "the task ends in an error of type `MailError`".to_owned(),
            is_call: false,
        };
        let first = Finding {
            why: vec![why],
            effects: vec![Effect::Panic, Effect::Cancellation],
            ..finding(1, "/w/src/a.rs", 12)
        };
        let message = message(vec![first, finding(2, "/w/src/b.rs", 3)]);
        assert_eq!(
            message.text(),
            concat!(
                "Log the errors of background tasks\n\n\
                 unobserved-task\n\
                 - src/a.rs:12: the error of background task `send` is seen by nobody\n\
                 \u{20} - the task ends in an error of type `MailError` (src/b.rs:9)\n\
                 \u{20} - what may differ at run time: panic, cancellation\n\
                 \u{20} - fixed, the change is safe\n\
                 - src/b.rs:3: the error of background task `send` is seen by nobody\n\
                 \u{20} - fixed, the change is safe\n\n\
                 Made by unpark ",
                env!("CARGO_PKG_VERSION"),
                "; compiled together with the 2 commits after it with\n\
                 default features. Lines are those of the files before it ran.\n"
            )
        );
    }

    #[test]
    fn comments_say_why_it_stays() {
        let allowed = |change, line| Finding {
            state: State::Suppressed,
            help: Some("allowed: the caller retries".to_owned()),
            effects: vec![Effect::Panic],
            ..finding(change, "/w/src/a.rs", line)
        };
        let message = message(vec![allowed(1, 3), allowed(2, 9)]);
        assert_eq!(message.title, "Allow 2 findings of unobserved-task");
        let body = &message.body;
        assert!(body.contains("  - allowed: the caller retries\n"), "{body}");
        assert!(!body.contains("run time"), "{body}");
    }

    #[test]
    fn a_title_names_the_file_or_the_functions() {
        let title = |findings| message(findings).title;
        let one = vec![finding(1, "/w/src/a.rs", 1)];
        assert_eq!(title(one), "Log the errors of background tasks in src/a.rs");
        let deep = format!("/w/{}.rs", "long/".repeat(9));
        assert_eq!(
            title(vec![finding(1, &deep, 1)]),
            "Log the errors of background tasks"
        );
        let root = |functions: &[&str]| {
            let functions: Vec<_> = functions.iter().map(|it| converted(it)).collect();
            let cost = Cost::default();
            let conversion = Some(Conversion { functions, cost });
            let codemod = "block-on-in-async";
            vec![Finding {
                codemod,
                conversion,
                ..finding(1, "/w/src/a.rs", 1)
            }]
        };
        assert_eq!(
            title(root(&[
                "demo::load",
                "demo::disk::warm",
                "demo::Store::read"
            ])),
            "Make `load`, `warm` and `read` async instead of blocking in src/a.rs"
        );
        assert_eq!(
            title(root(&[
                "a_function_with_a_long_name",
                "another_with_a_longer_name"
            ])),
            "Make 2 functions async instead of blocking in src/a.rs"
        );
        let mut both = root(&["demo::load"]);
        both.push(finding(2, "/w/src/a.rs", 3));
        assert_eq!(
            title(both),
            "Make the changes of block-on-in-async and unobserved-task"
        );
    }
}
