//! The types behind a request: what the module needs, and what stands at the sites.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Result, anyhow, bail};
use ra_ap_hir::{Semantics, attach_db};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{TextRange, TextSize};
use unpark_codemods::{
    codemod::{Finding, Verdict},
    context::FileContext,
    knowledge::Resolved,
    refusal::{Refusal, RefusalKind},
    scaffold::{BACKGROUND_SERVICE, Module, Queue, declare, spawns},
    settings::Settings,
};

use super::opened;
use crate::{analyse, source::Lines, source::Source, workspace::Workspace};

/// Files, with their paths and what stands in them.
pub type Files = BTreeMap<FileId, (PathBuf, Source)>;

/// What is looked at with types.
pub struct Look<'a> {
    pub workspace: &'a Workspace,
    pub known: &'a Resolved<'a>,
    pub settings: &'a Settings,
    /// The name of the service.
    pub name: &'a str,
    /// The file that declares its module.
    pub parent: FileId,
}

impl Look<'_> {
    /// The module, as the file above it can have it.
    ///
    /// # Errors
    /// If it can't.
    pub fn module(&self) -> Result<Module> {
        let module = self.at(self.parent, |ctx| declare(ctx, self.name));
        let module = module.ok_or_else(|| anyhow!("its file is a module of no crate"))?;
        module.or_else(|refusal| bail!("{}", refusal.message))
    }

    /// What becomes of the tasks that are spawned on these lines of a file, counted from 1.
    pub fn lines(&self, file: FileId, lines: &[usize], files: &mut Files) -> Vec<Finding> {
        let shut = match files.contains_key(&file) {
            true => None,
            false => match opened(self.workspace, file) {
                Ok(open) => {
                    files.insert(file, open);
                    None
                }
                Err(reason) => {
                    let path = self.workspace.path(file).unwrap_or_default();
                    let text = Arc::from(self.workspace.text(file));
                    files.insert(file, (path, Source { text, bom: false }));
                    Some(Refusal::new(RefusalKind::R8, reason))
                }
            },
        };
        let text = Arc::clone(&files[&file].1.text);
        let text = Lines::new(&text, 0);
        if let Some(refusal) = shut {
            let lines = lines.iter();
            let left = lines.map(|&line| self.left(file, range_of(&text, line), refusal.clone()));
            return left.collect();
        }
        let found = self.at(file, |ctx| self.tasks(ctx, lines, &text));
        found.unwrap_or_else(|| {
            let reason = "no crate of this configuration includes its file";
            let refusal = Refusal::new(RefusalKind::R8, reason);
            let lines = lines.iter();
            let left = lines.map(|&line| self.left(file, range_of(&text, line), refusal.clone()));
            left.collect()
        })
    }

    fn tasks(&self, ctx: &FileContext<'_>, lines: &[usize], text: &Lines<'_>) -> Vec<Finding> {
        let Some(parent) = ctx.sema.file_to_module_def(self.parent) else {
            return Vec::new();
        };
        let queue = Queue {
            name: self.name,
            parent,
        };
        let line_of = |offset: TextSize| text.position(offset.into()).line;
        let spawned = spawns(ctx);
        let stands_on = |line: usize, (call, statement): &(_, TextRange)| {
            let call: &unpark_codemods::context::Call<'_> = call;
            line_of(call.range.start()) == line || line_of(statement.start()) == line
        };
        let named = |task: &_| lines.iter().any(|&line| stands_on(line, task));
        let tasks: Vec<_> = spawned.iter().filter(|task| named(*task)).collect();
        let mut findings = Vec::new();
        for (call, _) in &tasks {
            // A job that waits for room in the queue may be what takes the room.
            let in_job = tasks.iter().any(|(other, _)| {
                other.range != call.range && other.range.contains_range(call.range)
            });
            findings.push(queue.take(ctx, call, !in_job));
        }
        for &line in lines {
            if tasks.iter().any(|task| stands_on(line, task)) {
                continue;
            }
            let others = spawned.iter().map(|(call, _)| line_of(call.range.start()));
            let others: Vec<String> = others.map(|line| line.to_string()).collect();
            let reason = match others.is_empty() {
                true => "no task is spawned in this file".to_owned(),
                false => format!(
                    "no task is spawned on this line; those that are start on {}",
                    others.join(", ")
                ),
            };
            let refusal = Refusal::new(RefusalKind::R5, reason);
            findings.push(self.left(ctx.file, range_of(text, line), refusal));
        }
        findings
    }

    /// Looks at a file with types. `None` if it is no module of a member.
    fn at<T>(&self, file: FileId, look: impl FnOnce(&FileContext<'_>) -> T) -> Option<T> {
        let krate = self.workspace.crate_of(file)?;
        let (package, target) = self.workspace.facts_of(krate)?;
        let db = &self.workspace.db;
        Some(attach_db(db, || {
            let sema = Semantics::new(db);
            look(&analyse::context(
                &sema,
                file,
                (package, target, None),
                self.known,
                self.settings,
            ))
        }))
    }

    /// A line that is left as it is, before anything is known of its types.
    fn left(&self, file: FileId, range: TextRange, refusal: Refusal) -> Finding {
        Finding {
            codemod: BACKGROUND_SERVICE,
            file,
            range,
            message: format!("this line is to go through the queue of `{}`", self.name),
            why: Vec::new(),
            conversion: None,
            verdict: Verdict::Refused(refusal),
        }
    }
}

/// What stands on a line, counted from 1.
fn range_of(lines: &Lines<'_>, line: usize) -> TextRange {
    let size = |at: usize| TextSize::try_from(at).expect("files are smaller than 4 GB");
    let (text, start) = (lines.line(line), lines.start(line));
    let start = start + (text.len() - text.trim_start().len());
    TextRange::at(size(start), size(text.trim().len()))
}
