//! What is to be written, as changes: the module is the first, and each site is one that depends on it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{SourceFile, TextRange};
use unpark_codemods::{
    analysis::removals::removals,
    change,
    codemod::{self, Safety, Verdict},
    scaffold::{BACKGROUND_SERVICE, Module},
};

use super::{place::NewModule, sites::Files};
use crate::{
    cargo::Project,
    identity,
    outcome::{Change, ChangedFile, Finding, Outcome, Reason, State},
    overlay::Replacement,
    replay,
    source::{Lines, Source, with_line_ends_of},
};

/// What is to be written, before anything is compiled.
pub struct Draft<'a> {
    pub project: &'a Project,
    /// The name of the service.
    pub name: &'a str,
    pub place: NewModule,
    pub module: Module,
    /// Those of the sites, in the files as they are.
    pub findings: Vec<codemod::Finding>,
    /// The files that are looked at.
    pub files: Files,
}

impl Draft<'_> {
    /// Puts all of it into an outcome, but for the findings that are denied, with the reason.
    pub fn write(&self, denied: &BTreeMap<String, String>, outcome: &mut Outcome) {
        let empty = Source {
            text: Arc::from(""),
            bom: false,
        };
        outcome.sources.extend(self.files.values().cloned());
        outcome.sources.insert(self.place.file.clone(), empty);
        let mut taken = self.take(denied, outcome);
        self.take_leftovers(&mut taken);
        let changes = taken.iter().enumerate();
        let changes = changes.map(|(index, change)| self.change(index, change));
        outcome.changes = changes.collect();
        outcome.files = self.files(outcome);
        outcome
            .findings
            .sort_by(|a, b| (&a.path, a.start, a.end).cmp(&(&b.path, b.start, b.end)));
    }

    /// Adds the findings, and gives the changes of those that are taken; the one of the module first.
    fn take(
        &self,
        denied: &BTreeMap<String, String>,
        outcome: &mut Outcome,
    ) -> Vec<change::Change> {
        let module = self.of_module(outcome);
        let mut taken: Vec<change::Change> = Vec::new();
        let mut alike = HashMap::new();
        for (index, it) in [&module].into_iter().chain(&self.findings).enumerate() {
            let mut finding = self.finding(outcome, it, &mut alike);
            // Without the module there is nothing for a site to name.
            let lost = index > 0 && taken.is_empty();
            match &it.verdict {
                Verdict::Rewrite { change, .. } if !denied.contains_key(&finding.id) && !lost => {
                    taken.push(change.clone());
                    finding.change = Some(taken.len());
                    finding.state = State::Fixed;
                }
                Verdict::Rewrite { .. } => {
                    finding.state = State::Reverted;
                    finding.effects.clear();
                    let words = denied.get(&finding.id).cloned();
                    finding.compiler = words.or_else(|| Some("its module was taken back".into()));
                }
                Verdict::Refused(refusal) => finding.refusal = Some(refusal.clone()),
                Verdict::Manual(help) => finding.help = Some(help.clone()),
            }
            outcome.findings.push(finding);
        }
        taken
    }

    fn of_module(&self, outcome: &Outcome) -> codemod::Finding {
        let declaration = &self.module.declaration;
        let mut change = change::Change::default();
        change.insert(self.place.parent, declaration.at, &*declaration.text);
        let file = outcome.shown(&self.place.file);
        codemod::Finding {
            codemod: BACKGROUND_SERVICE,
            file: self.place.parent,
            range: TextRange::empty(declaration.at),
            message: format!("`{}` is to run in the background: {file}", self.name),
            why: Vec::new(),
            conversion: None,
            verdict: Verdict::Rewrite {
                safety: Safety::Safe,
                change,
                effects: Vec::new(),
            },
        }
    }

    /// Names that no code uses any more go with the last change that used them.
    fn take_leftovers(&self, taken: &mut [change::Change]) {
        for &file in self.files.keys() {
            let Some(tree) = self.tree(file) else {
                continue;
            };
            let changes: Vec<&change::Change> = taken.iter().collect();
            for (index, edit) in removals(&tree, file, &changes) {
                let mut beside = taken.iter().flat_map(|change| &change.edits);
                if beside.all(|other| edit.fits_beside(other)) {
                    taken[index].edits.push(edit);
                }
            }
        }
    }

    fn tree(&self, file: FileId) -> Option<SourceFile> {
        let (path, source) = &self.files[&file];
        let edition = self.project.package_of(path)?.facts.edition;
        Some(SourceFile::parse(&source.text, edition).tree())
    }

    /// A change as it is shown, and with the first one the new file.
    fn change(&self, index: usize, change: &change::Change) -> Change {
        let edit = |edit: &change::Edit| {
            let (path, source) = &self.files[&edit.file];
            let (start, end) = (edit.range.start().into(), edit.range.end().into());
            let replacement = with_line_ends_of(&source.text, start, &edit.text);
            let edit = Replacement {
                start,
                end,
                replacement,
            };
            (path.clone(), edit)
        };
        let mut edits: Vec<(PathBuf, Replacement)> = change.edits.iter().map(edit).collect();
        if index == 0 {
            let (_, parent) = &self.files[&self.place.parent];
            let text = Replacement {
                start: 0,
                end: 0,
                replacement: with_line_ends_of(&parent.text, 0, &self.module.text),
            };
            edits.push((self.place.file.clone(), text));
        }
        edits.sort_by_key(|(path, edit)| (path.clone(), edit.start, edit.end));
        Change {
            id: index + 1,
            codemod: BACKGROUND_SERVICE,
            safety: match index {
                0 => Safety::Safe,
                _ => Safety::Unsafe,
            },
            round: 1,
            depends_on: (index > 0).then_some(1).into_iter().collect(),
            selected: true,
            edits,
        }
    }

    /// The files that the changes edit or make.
    fn files(&self, outcome: &Outcome) -> Vec<ChangedFile> {
        let edited = outcome.changes.iter().flat_map(|change| &change.edits);
        let edited: BTreeSet<&PathBuf> = edited.map(|(path, _)| path).collect();
        let files = edited.into_iter().filter_map(|path| {
            let overlay = replay::before(outcome, path, usize::MAX)?;
            Some(ChangedFile {
                path: path.clone(),
                edition: self.project.package_of(path)?.facts.edition,
                is_new: *path == self.place.file,
                before: outcome.sources.get(path)?.clone(),
                after: overlay.text(),
                edits: overlay.edits(),
            })
        });
        files.collect()
    }

    /// A finding as it is shown, refused until it is known what becomes of it.
    fn finding(
        &self,
        outcome: &Outcome,
        it: &codemod::Finding,
        alike: &mut HashMap<(FileId, String), usize>,
    ) -> Finding {
        let (path, source) = &self.files[&it.file];
        let lines = Lines::new(&source.text, source.shift());
        let start = lines.position(it.range.start().into());
        let tree = self.tree(it.file);
        let anchor = tree.map_or_else(String::new, |tree| identity::anchor(&tree, it.range));
        let ordinal = alike.entry((it.file, anchor.clone())).or_default();
        let relative = path.strip_prefix(&outcome.root).unwrap_or(path);
        let id = identity::of(it.codemod, relative, &anchor, *ordinal);
        *ordinal += 1;
        let (safety, effects) = match &it.verdict {
            Verdict::Rewrite {
                safety, effects, ..
            } => (*safety, effects.clone()),
            Verdict::Manual(_) | Verdict::Refused(_) => (Safety::Manual, Vec::new()),
        };
        let why = it.why.iter().map(|note| Reason {
            path: path.clone(),
            line: start.line,
            message: note.message.clone(),
            is_call: note.is_call,
        });
        Finding {
            id,
            codemod: it.codemod,
            state: State::Refused,
            safety,
            path: path.clone(),
            start,
            end: lines.position(it.range.end().into()),
            message: it.message.clone(),
            why: why.collect(),
            conversion: None,
            refusal: None,
            help: None,
            compiler: None,
            change: None,
            effects,
        }
    }
}
