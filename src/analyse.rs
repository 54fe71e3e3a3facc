//! The read phase: one codemod over all files that may match, in parallel.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
};

use ra_ap_hir::{Crate, Semantics, attach_db};
use ra_ap_ide_db::{FileId, FxHashMap, base_db::SourceDatabase};
use rayon::prelude::*;
use unpark_codemods::{
    codemod::{Finding, Findings, Pass},
    context::FileContext,
    knowledge::Resolved,
    workspace::WorkspaceContext,
};

use crate::{
    engine::{Files, Plan},
    identity,
    members::MemberFiles,
    outcome::Defect,
    workspace::Workspace,
};

/// Files of one crate that one thread takes at a time: the solver's cache is per thread.
const FILES_AT_A_TIME: usize = 16;

/// What one look came to.
#[derive(Debug, Default)]
pub struct Looked {
    /// What was found, in no particular order.
    pub findings: Vec<Anchored>,
    /// Places that are fine as they are.
    pub quiet: BTreeMap<&'static str, usize>,
    /// See [`Findings::roots`].
    pub roots: BTreeSet<Vec<String>>,
    /// Defects of ours.
    pub defects: Vec<Defect>,
}

/// A finding with what identifies its place.
#[derive(Debug)]
pub struct Anchored {
    /// What the codemod said.
    pub finding: Finding,
    /// See [`identity::anchor`].
    pub anchor: String,
}

/// What every look of one codemod in one round has in common.
pub struct View<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The open files.
    pub files: &'a Files,
    /// What is the same for every round.
    pub plan: &'a Plan<'a>,
    /// Which codemod of the plan it is.
    pub index: usize,
    /// The tables.
    pub known: &'a Resolved<'a>,
}

/// Runs a codemod over all open files that may match.
pub fn all(view: &View<'_>) -> Looked {
    match view.plan.selection[view.index].pass {
        Pass::File(pass) => by_file(view, pass),
        Pass::Workspace(pass) => {
            let members = MemberFiles::new(view);
            let mut findings = Findings::default();
            let ctx = WorkspaceContext {
                members: &members,
                settings: view.plan.settings,
            };
            let passed = caught(|| pass(&ctx, &mut findings));
            let mut looked = view.anchored(findings);
            looked.defects = members.into_defects();
            if let Err(message) = passed {
                let path = view.workspace.project.root.clone();
                looked.defects.push(view.defect(path, message));
            }
            looked
        }
    }
}

fn by_file(view: &View<'_>, pass: fn(&FileContext<'_>, &mut Findings)) -> Looked {
    let all = Mutex::new(Looked::default());
    let look = |ctx: &FileContext<'_>| {
        let mut findings = Findings::default();
        pass(ctx, &mut findings);
        let anchors: Vec<String> = findings
            .items
            .iter()
            .map(|finding| identity::anchor(&ctx.source, finding.range))
            .collect();
        all.lock()
            .expect("no panic while held")
            .add(findings, anchors);
    };
    let defects = view.look(&view.candidates(), &look);
    let mut all = all.into_inner().expect("no panic while held");
    all.defects = defects.into_iter().map(|(_, defect)| defect).collect();
    all
}

impl Looked {
    fn add(&mut self, findings: Findings, anchors: Vec<String>) {
        let anchored = findings.items.into_iter().zip(anchors);
        self.findings
            .extend(anchored.map(|(finding, anchor)| Anchored { finding, anchor }));
        for (reason, count) in findings.quiet {
            *self.quiet.entry(reason).or_default() += count;
        }
        self.roots.extend(findings.roots);
    }
}

impl View<'_> {
    /// The open files with a candidate of the codemod.
    pub fn candidates(&self) -> Vec<FileId> {
        let has_one = |candidates: &Vec<_>| !candidates.is_empty();
        self.files
            .iter()
            .filter(|(_, file)| file.candidates.get(self.index).is_some_and(has_one))
            .map(|(&id, _)| id)
            .collect()
    }

    /// Looks at files in parallel, each on one thread with a context of its own. Inference panics
    /// on odd code now and then; that costs one file and one codemod, and is a defect of ours.
    pub fn look(
        &self,
        ids: &[FileId],
        look: &(dyn Fn(&FileContext<'_>) + Sync),
    ) -> Vec<(FileId, Defect)> {
        let mut by_crate: FxHashMap<Crate, Vec<FileId>> = FxHashMap::default();
        for &id in ids {
            if let Some(krate) = self.workspace.crate_of(id) {
                by_crate.entry(krate).or_default().push(id);
            }
        }
        let mut groups: Vec<_> = by_crate
            .into_iter()
            .filter_map(|(krate, files)| Some((self.workspace.facts_of(krate)?, files)))
            .flat_map(|(facts, files)| {
                files
                    .chunks(FILES_AT_A_TIME)
                    .map(|files| (facts, files.to_vec()))
                    .collect::<Vec<_>>()
            })
            .collect();
        groups.sort_by_key(|(_, files)| files.first().copied());
        let (known, settings) = (self.known, self.plan.settings);
        let failed: Vec<Vec<(FileId, String)>> = groups
            .par_iter()
            .with_max_len(1)
            .map_with(self.workspace.db.clone(), |db, ((package, target), ids)| {
                let one = |&id: &FileId| {
                    let looked = caught(|| {
                        attach_db(db, || {
                            let sema = Semantics::new(db);
                            look(&FileContext {
                                db,
                                sema: &sema,
                                file: id,
                                text: db.file_text(id).text(db),
                                source: sema.parse_guess_edition(id),
                                package,
                                target: *target,
                                known,
                                settings,
                            });
                        });
                    });
                    looked.err().map(|message| (id, message))
                };
                ids.iter().filter_map(one).collect()
            })
            .collect();
        let defect = |(id, message)| {
            let path = self.workspace.path(id).unwrap_or_default();
            (id, self.defect(path, message))
        };
        failed.into_iter().flatten().map(defect).collect()
    }

    fn defect(&self, path: std::path::PathBuf, message: String) -> Defect {
        let codemod = self.plan.selection[self.index].name;
        Defect {
            path,
            codemod,
            message,
        }
    }

    fn anchored(&self, findings: Findings) -> Looked {
        let db = &self.workspace.db;
        let anchors = attach_db(db, || {
            let sema = Semantics::new(db);
            let anchor = |finding: &Finding| {
                let source = sema.parse_guess_edition(finding.file);
                identity::anchor(&source, finding.range)
            };
            findings.items.iter().map(anchor).collect()
        });
        let mut looked = Looked::default();
        looked.add(findings, anchors);
        looked
    }
}

/// What a panic said, if there was one.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| {
                panic
                    .downcast_ref::<&str>()
                    .map(|&message| message.to_owned())
            })
            .unwrap_or_else(|| "it panicked".to_owned())
    })
}
