//! The files of a workspace's members, as a codemod asks for them.

use aho_corasick::AhoCorasick;
use ra_ap_ide_db::{FileId, FxHashSet, span::Edition};
use unpark_codemods::{
    codemod::Finding,
    context::FileContext,
    workspace::{MemberFile, Members},
};

use crate::{analyse::View, discover::reason_to_leave_alone, source::Lines};

/// See [`Members`].
pub struct MemberFiles<'a> {
    /// How one codemod sees the workspace.
    pub view: &'a View<'a>,
}

impl Members for MemberFiles<'_> {
    fn candidates(&self) -> Vec<FileId> {
        self.view.candidates()
    }

    fn mentioning(&self, words: &FxHashSet<String>) -> Vec<MemberFile> {
        let words = AhoCorasick::new(words).expect("names are short");
        let workspace = self.view.workspace;
        let mut found: Vec<MemberFile> = workspace
            .member_files()
            .iter()
            .filter(|it| words.is_match(&*workspace.bytes(it.file)))
            .map(|it| MemberFile {
                file: it.file,
                package: workspace.project.packages[it.package].facts.name.clone(),
                crates: 0,
            })
            .collect();
        let files: Vec<FileId> = found.iter().map(|it| it.file).collect();
        workspace.read_names(&files);
        for it in &mut found {
            it.crates = workspace.crates_including(it.file);
        }
        found
    }

    fn look(&self, files: &[FileId], look: &(dyn Fn(&FileContext<'_>) + Sync)) -> Vec<FileId> {
        self.view.look(files, look)
    }

    fn text(&self, file: FileId) -> String {
        String::from_utf8_lossy(&self.view.workspace.bytes(file)).into_owned()
    }

    fn frozen(&self, file: FileId) -> Option<String> {
        let workspace = self.view.workspace;
        if workspace.is_shared(file) {
            return Some("crates of several packages include it".to_owned());
        }
        if self.view.files.contains_key(&file) {
            return None;
        }
        let bytes = workspace.bytes(file);
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Some("it is not UTF-8".to_owned());
        };
        if workspace.text(file) != text {
            return Some("it could not be read whole".to_owned());
        }
        let path = workspace.path(file).unwrap_or_default();
        let package = workspace.project.package_of(&path);
        let edition = package.map_or(Edition::CURRENT, |package| package.facts.edition);
        reason_to_leave_alone(text, edition)
    }

    fn allows(&self, finding: &Finding) -> bool {
        let file = self.view.files.get(&finding.file);
        file.is_some_and(|file| {
            let start = file.overlay.to_original(finding.range.start().into());
            (self.view.plan.allowed)(file, finding, start)
        })
    }

    fn place(&self, file: FileId, offset: usize) -> String {
        let workspace = self.view.workspace;
        let (text, offset) = match self.view.files.get(&file) {
            Some(open) => (&*open.source.text, open.overlay.to_original(offset)),
            None => (workspace.text(file), offset),
        };
        let path = workspace.path(file).unwrap_or_default();
        let shown = path.strip_prefix(&workspace.project.root).unwrap_or(&path);
        let line = Lines::new(text, 0).position(offset).line;
        format!("{}:{line}", shown.to_string_lossy().replace('\\', "/"))
    }
}
