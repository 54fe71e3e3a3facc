//! What a codemod may ask about a whole workspace.

use std::sync::Mutex;

use ra_ap_ide_db::{FileId, FxHashSet};

use crate::{codemod::Finding, context::FileContext, settings::Settings};

/// A workspace, with types. It makes a [`FileContext`] for any file of a member.
pub struct WorkspaceContext<'a> {
    /// Where the files are.
    pub members: &'a dyn Members,
    /// What the user chose.
    pub settings: &'a Settings,
}

/// The files of a workspace's members, and the threads to look at them with. Whoever loads the
/// project implements it.
pub trait Members {
    /// The files with a candidate of the codemod that asks.
    fn candidates(&self) -> Vec<FileId>;

    /// The Rust files in the members' folders whose text holds one of the words, whatever includes
    /// them, in an order that is always the same.
    fn mentioning(&self, words: &FxHashSet<String>) -> Vec<MemberFile>;

    /// Looks at files, each with its own context, in parallel. Gives those that could not be
    /// looked at: no crate includes them, or they are a defect of ours.
    fn look(&self, files: &[FileId], look: &(dyn Fn(&FileContext<'_>) + Sync)) -> Vec<FileId>;

    /// The text of a file, as far as it is text.
    fn text(&self, file: FileId) -> String;

    /// Why a file must not be edited.
    fn frozen(&self, file: FileId) -> Option<String>;

    /// Whether a comment in the file allows a finding, or the baseline has it.
    fn allows(&self, finding: &Finding) -> bool;

    /// The path of a file below the workspace's folder, and the line of an offset, for people.
    fn place(&self, file: FileId, offset: usize) -> String;
}

/// A file in the folder of a member.
#[derive(Debug, Clone)]
pub struct MemberFile {
    /// The file.
    pub file: FileId,
    /// The name of its package.
    pub package: String,
    /// How many crates include it.
    pub crates: usize,
}

impl WorkspaceContext<'_> {
    /// Looks at files in parallel, and gives what was seen in each, in their order, and the files
    /// that could not be looked at.
    pub fn look<T: Send>(
        &self,
        files: &[FileId],
        look: impl Fn(&FileContext<'_>) -> T + Sync,
    ) -> (Vec<(FileId, T)>, Vec<FileId>) {
        let seen = Mutex::new(Vec::new());
        let failed = self.members.look(files, &|ctx| {
            let saw = look(ctx);
            seen.lock()
                .expect("no panic while held")
                .push((ctx.file, saw));
        });
        let mut seen = seen.into_inner().expect("no panic while held");
        seen.sort_by_key(|(file, _)| *file);
        (seen, failed)
    }
}
