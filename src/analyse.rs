//! The read phase: one codemod over all files that may match, in parallel.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ra_ap_hir::{Semantics, attach_db};
use ra_ap_ide_db::{FileId, FxHashMap, RootDatabase};
use rayon::prelude::*;
use unpark_codemods::{
    codemod::{Finding, Findings, Pass},
    context::FileContext,
    facts::{PackageFacts, TargetKind},
    knowledge::Resolved,
};

use crate::{
    engine::{Files, OpenFile, Plan},
    identity, limits,
    outcome::Defect,
    watchdog::{Stopped, Watchdog},
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
    /// Defects of ours.
    pub defects: Vec<Defect>,
    /// The files whose look met a limit, with the reason.
    pub stopped: Vec<(FileId, String)>,
}

/// A finding with what identifies its place.
#[derive(Debug)]
pub struct Anchored {
    /// What the codemod said.
    pub finding: Finding,
    /// See [`identity::anchor`].
    pub anchor: String,
}

/// Runs the codemod at `index` of the plan over all open files that may match, but for those where
/// it met a limit before.
pub fn all(
    workspace: &mut Workspace,
    files: &Files,
    plan: &Plan<'_>,
    index: usize,
    known: &Resolved<'_>,
    stopped: &BTreeMap<(FileId, usize), String>,
) -> Looked {
    let mut groups = groups(workspace, files, index);
    let mut all = Looked::default();
    let mut open = |id: &FileId| !stopped.contains_key(&(*id, index));
    groups
        .iter_mut()
        .for_each(|group| group.files.retain(&mut open));
    while groups.iter().any(|group| !group.files.is_empty()) {
        let looked = look_at(workspace, &groups, files, plan, index, known);
        let mut again: BTreeSet<FileId> = BTreeSet::new();
        for (id, looked) in looked {
            match looked {
                Err(Stopped::Interrupted) => drop(again.insert(id)),
                looked => all.add(&files[&id].path, id, plan, index, looked),
            }
        }
        for group in &mut groups {
            group.files.retain(|id| again.contains(id));
        }
    }
    all
}

/// Files of one crate, for one thread.
struct Group {
    package: PackageFacts,
    target: TargetKind,
    files: Vec<FileId>,
}

fn groups(workspace: &Workspace, files: &Files, index: usize) -> Vec<Group> {
    let mut by_crate: FxHashMap<_, Vec<FileId>> = FxHashMap::default();
    for (&id, file) in files {
        let candidates = file.candidates.get(index);
        if candidates.is_some_and(|candidates| !candidates.is_empty())
            && let Some(krate) = workspace.crate_of(id)
        {
            by_crate.entry(krate).or_default().push(id);
        }
    }
    let mut groups: Vec<Group> = by_crate
        .into_iter()
        .filter_map(|(krate, files)| Some((workspace.facts_of(krate)?, files)))
        .flat_map(|((package, target), files)| {
            let group = |files: &[FileId]| Group {
                package: package.clone(),
                target,
                files: files.to_vec(),
            };
            files.chunks(FILES_AT_A_TIME).map(group).collect::<Vec<_>>()
        })
        .collect();
    groups.sort_by_key(|group| group.files.first().copied());
    groups
}

fn look_at(
    workspace: &mut Workspace,
    groups: &[Group],
    files: &Files,
    plan: &Plan<'_>,
    index: usize,
    known: &Resolved<'_>,
) -> Vec<(FileId, Result<Anchors, Stopped>)> {
    let give_up = |id: FileId| {
        if let Some(give_up) = plan.give_up {
            give_up(&Defect {
                path: files[&id].path.clone(),
                codemod: plan.selection[index].name,
                message: "it does not end, and can't be ended".to_owned(),
            });
        }
    };
    let (db, limit) = (&mut workspace.db, plan.max_time);
    let looked: Vec<Vec<_>> = Watchdog::over(db, limit, &give_up, |db, watchdog| {
        groups
            .par_iter()
            .with_max_len(1)
            .map_with(db, |db, group| {
                let look = |&id: &FileId| {
                    let looked = match limits::of_memory(plan.max_memory) {
                        Some(reason) => Err(Stopped::Full(reason)),
                        None => watchdog.look(id, || {
                            Look {
                                db,
                                id,
                                file: &files[&id],
                                group,
                            }
                            .with(plan, index, known)
                        }),
                    };
                    (id, looked)
                };
                group.files.iter().map(look).collect()
            })
            .collect()
    });
    looked.into_iter().flatten().collect()
}

impl Looked {
    fn add(
        &mut self,
        path: &Path,
        id: FileId,
        plan: &Plan<'_>,
        index: usize,
        looked: Result<Anchors, Stopped>,
    ) {
        let codemod = plan.selection[index].name;
        match looked {
            Ok((findings, anchors)) => {
                let anchored = findings.items.into_iter().zip(anchors);
                self.findings
                    .extend(anchored.map(|(finding, anchor)| Anchored { finding, anchor }));
                for (reason, count) in findings.quiet {
                    *self.quiet.entry(reason).or_default() += count;
                }
            }
            Err(Stopped::Late | Stopped::Interrupted) => {
                let limit = plan.max_time.as_secs_f64();
                let reason =
                    format!("{codemod} took longer than {limit} s for it, and was stopped");
                self.stopped.push((id, reason));
            }
            Err(Stopped::Full(reason)) => self.stopped.push((id, reason)),
            Err(Stopped::Panicked(message)) => self.defects.push(Defect {
                path: path.to_owned(),
                codemod,
                message,
            }),
        }
    }
}

/// Findings, and the anchor of each.
type Anchors = (Findings, Vec<String>);

struct Look<'a> {
    db: &'a RootDatabase,
    id: FileId,
    file: &'a OpenFile,
    group: &'a Group,
}

impl Look<'_> {
    fn with(&self, plan: &Plan<'_>, index: usize, known: &Resolved<'_>) -> Anchors {
        attach_db(self.db, || {
            let sema = Semantics::new(self.db);
            let source = sema.parse_guess_edition(self.id);
            let ctx = FileContext {
                db: self.db,
                sema: &sema,
                file: self.id,
                text: &self.file.text,
                source,
                package: &self.group.package,
                target: self.group.target,
                known,
                settings: plan.settings,
            };
            let mut findings = Findings::default();
            let Pass::File(pass) = plan.selection[index].pass;
            pass(&ctx, &mut findings);
            let anchors = findings
                .items
                .iter()
                .map(|finding| identity::anchor(&ctx.source, finding.range))
                .collect();
            (findings, anchors)
        })
    }
}
