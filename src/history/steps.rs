//! Which changes go into which commit, and what the files are after each.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use petgraph::{algo::tarjan_scc, graph::DiGraph};

use crate::{
    format::Rustfmt,
    outcome::{Change, ChangedFile, Finding, Outcome, State},
    replay,
};

/// What one commit is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its changes.
    pub changes: BTreeSet<usize>,
    /// The bytes of the files that it changes.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

/// The commits of a result, in an order in which each can do without those behind it.
pub fn of(outcome: &Outcome) -> Vec<Step> {
    let rustfmt = Rustfmt::default();
    let mut kept = BTreeSet::new();
    let mut texts: BTreeMap<PathBuf, Vec<u8>> = outcome
        .files
        .iter()
        .map(|file| (file.path.clone(), file.before.encode(&file.before.text)))
        .collect();
    let mut steps: Vec<Step> = Vec::new();
    let mut step = Step::default();
    for group in ordered(outcome) {
        kept.extend(&group);
        let touched = |file: &&ChangedFile| {
            let edits = |change: &Change| edits(change, &file.path);
            outcome
                .changes
                .iter()
                .any(|it| group.contains(&it.id) && edits(it))
        };
        for file in outcome.files.iter().filter(touched) {
            let bytes = text(outcome, file, &kept, &rustfmt);
            let was = texts.insert(file.path.clone(), bytes.clone());
            if was.as_ref() != Some(&bytes) {
                step.files.insert(file.path.clone(), bytes);
            }
        }
        step.changes.extend(group);
        // What changes nothing, because others asked for the same, has no commit of its own.
        if !step.files.is_empty() {
            steps.push(std::mem::take(&mut step));
        }
    }
    if let Some(last) = steps.last_mut() {
        last.changes.append(&mut step.changes);
    }
    steps
}

fn edits(change: &Change, path: &Path) -> bool {
    change.edits.iter().any(|(edited, _)| edited == path)
}

/// A file with these changes alone, laid out as the result is.
fn text(
    outcome: &Outcome,
    file: &ChangedFile,
    kept: &BTreeSet<usize>,
    rustfmt: &Rustfmt,
) -> Vec<u8> {
    let mut selected = outcome.changes.iter().filter(|change| change.selected);
    let whole = selected.all(|it| kept.contains(&it.id) || !edits(it, &file.path));
    match replay::with(outcome, &file.path, kept) {
        Some(overlay) if !whole => {
            let mut file = file.clone();
            file.becomes(overlay.text());
            // Where rustfmt fails, the file keeps our layout, and the outcome has said so.
            let _ = rustfmt.lay_out(&mut file);
            file.before.encode(&file.after)
        }
        // What was compiled, and written.
        _ => file.before.encode(&file.after),
    }
}

/// The changes of each commit: those of a codemod, one that makes functions async, or the comments that
/// allow something. What needs each other goes together.
fn ordered(outcome: &Outcome) -> Vec<BTreeSet<usize>> {
    let of = |wanted: fn(&Finding) -> bool| -> BTreeSet<usize> {
        let findings = outcome.findings.iter().filter(|it| wanted(it));
        findings.filter_map(|finding| finding.change).collect()
    };
    let comments = of(|finding| finding.state == State::Suppressed);
    let roots = of(|finding| {
        let conversion = finding.conversion.as_ref();
        conversion.is_some_and(|it| !it.functions.is_empty())
    });
    let selected: Vec<&Change> = outcome.changes.iter().filter(|it| it.selected).collect();
    let mut graph = DiGraph::<BTreeSet<usize>, ()>::new();
    let mut by_name = BTreeMap::new();
    let mut groups = Vec::new();
    for change in &selected {
        let is_comment = comments.contains(&change.id);
        let group = if roots.contains(&change.id) && !is_comment {
            graph.add_node(BTreeSet::new())
        } else {
            let name = (!is_comment).then_some(change.codemod);
            let of_name = by_name.entry(name);
            *of_name.or_insert_with(|| graph.add_node(BTreeSet::new()))
        };
        graph[group].insert(change.id);
        groups.push(group);
    }
    for (change, &group) in selected.iter().zip(&groups) {
        for (other, &needed) in selected.iter().zip(&groups) {
            if group != needed && replay::builds_on(change, other) {
                graph.update_edge(group, needed, ());
            }
        }
    }
    // Those that others need come first.
    let together = tarjan_scc(&graph).into_iter();
    together
        .map(|groups| {
            groups
                .into_iter()
                .flat_map(|it| graph[it].clone())
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ra_ap_ide_db::span::Edition;
    use unpark_codemods::codemod::Safety;

    use super::*;
    use crate::{overlay::Replacement, source::Source};

    /// The letters that a change replaces, by file.
    type Letters<'a> = &'a [(&'a str, char)];

    /// A result whose changes each replace one letter of some files by `+`.
    fn result(files: &[(&str, &str)], changes: &[(&'static str, usize, Letters<'_>)]) -> Outcome {
        let mut outcome = Outcome::default();
        for (name, text) in files {
            let source = Source::decode(text.as_bytes().to_vec()).unwrap();
            outcome.sources.insert(PathBuf::from(name), source);
        }
        for (index, (codemod, round, words)) in changes.iter().enumerate() {
            let edits = words.iter().map(|(name, letter)| {
                let overlay = replay::before(&outcome, Path::new(name), *round).unwrap();
                let start = overlay.text().find(*letter).unwrap();
                let replacement = Replacement {
                    start,
                    end: start + 1,
                    replacement: "+".to_owned(),
                };
                (PathBuf::from(name), replacement)
            });
            let edits = edits.collect();
            outcome.changes.push(Change {
                id: index + 1,
                codemod,
                safety: Safety::Safe,
                round: *round,
                depends_on: BTreeSet::new(),
                selected: true,
                edits,
            });
        }
        for (path, source) in &outcome.sources {
            let overlay = replay::before(&outcome, path, usize::MAX).unwrap();
            outcome.files.push(ChangedFile {
                path: path.clone(),
                edition: Edition::CURRENT,
                is_new: false,
                before: source.clone(),
                after: overlay.text(),
                edits: overlay.edits(),
            });
        }
        outcome
    }

    fn shown(steps: &[Step]) -> Vec<String> {
        let step = |step: &Step| {
            let files = step.files.iter().map(|(path, bytes)| {
                let text = String::from_utf8_lossy(bytes);
                format!(" {}={text}", path.display())
            });
            format!("{:?}{}", step.changes, files.collect::<String>())
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn what_a_later_one_builds_on_comes_first() {
        let changes = [
            ("b", 1, &[("x", '1')][..]),
            ("a", 2, &[("x", '2'), ("y", '1')]),
            ("b", 1, &[("y", '2')]),
        ];
        let outcome = result(&[("x", "123"), ("y", "123")], &changes);
        let steps = of(&outcome);
        assert_eq!(shown(&steps), ["{1, 3} x=+23 y=1+3", "{2} x=++3 y=++3"]);
    }

    #[test]
    fn what_builds_on_each_other_goes_together() {
        let changes = [
            ("a", 1, &[("x", '1')][..]),
            ("b", 2, &[("x", '2')]),
            ("a", 3, &[("x", '3')]),
            ("c", 1, &[("y", '1')]),
        ];
        let outcome = result(&[("x", "123"), ("y", "123")], &changes);
        assert_eq!(shown(&of(&outcome)), ["{1, 2, 3} x=+++", "{4} y=+23"]);
    }

    #[test]
    fn what_changes_nothing_has_no_commit() {
        let changes = [("a", 1, &[("x", '1')][..]), ("b", 1, &[("x", '1')])];
        let outcome = result(&[("x", "1")], &changes);
        assert_eq!(shown(&of(&outcome)), ["{1, 2} x=+"]);
    }

    #[test]
    fn a_file_is_what_was_written_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("x.rs");
        fs::write(&name, "12").unwrap();
        let name = name.to_str().unwrap();
        let changes = [("a", 1, &[(name, '1')][..]), ("b", 1, &[(name, '2')])];
        let mut outcome = result(&[(name, "12")], &changes);
        outcome.files[0].becomes("mended".to_owned());
        let steps = of(&outcome);
        let texts = steps.iter().map(|step| &step.files[Path::new(name)][..]);
        assert_eq!(texts.collect::<Vec<_>>(), [&b"+2"[..], b"mended"]);
    }
}
