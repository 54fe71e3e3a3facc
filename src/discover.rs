//! Which files are worth a closer look: bytes first, then trees, never types.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::{Context as _, Result};
use ignore::{DirEntry, WalkBuilder, WalkState};
use ra_ap_ide_db::{FxHashSet, span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{Parse, SourceFile, SyntaxKind};
use rayon::prelude::*;
use unpark_codemods::{
    Codemod,
    codemod::Candidate,
    knowledge::{BlockingKind, Knowledge},
    outline::{Outline, Tokens},
};

use crate::{
    limits,
    source::Source,
    suppress,
    tree::{self, Tree},
};

/// What a walk found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Every Rust file.
    pub files: HashSet<PathBuf>,
    /// The files that may match, sorted by path.
    pub candidates: Vec<CandidateFile>,
    /// The files that could not be looked at, with the reason.
    pub skipped: Vec<Skipped>,
}

/// A file with at least one candidate or suppression comment.
#[derive(Debug)]
pub struct CandidateFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// What stands in it.
    pub source: Source,
    /// The candidates of each codemod, in the order of the selection.
    pub candidates: Vec<Vec<Candidate>>,
}

/// A file that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its absolute path.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Walks the paths, in parallel, honouring ignore files. Parses on the threads of the pool that it
/// is called in, which have the stack for it.
///
/// # Errors
/// If a path does not exist.
pub fn discover(
    paths: &[PathBuf],
    selection: &[&Codemod],
    knowledge: &Knowledge,
    threads: usize,
) -> Result<Discovered> {
    let words = Words::new(selection, knowledge)?;
    let mut builder = WalkBuilder::new(&paths[0]);
    for path in paths {
        fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?;
    }
    for path in &paths[1..] {
        builder.add(path);
    }
    builder
        .threads(threads)
        .filter_entry(|entry| !is_cache(entry));
    let files = Mutex::new(HashSet::new());
    let found = Mutex::new(Discovered::default());
    let mentioning = Mutex::new(Vec::new());
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) if is_rust(&entry) => {
                    let mut files = files.lock().expect("no panic while held");
                    files.insert(entry.path().to_owned());
                    drop(files);
                    match read(&entry, &words) {
                        Ok(None) => {}
                        Ok(Some(source)) => {
                            let path = entry.into_path();
                            mentioning
                                .lock()
                                .expect("no panic while held")
                                .push((path, source));
                        }
                        Err(reason) => {
                            let path = entry.into_path();
                            let skipped = Skipped { path, reason };
                            found
                                .lock()
                                .expect("no panic while held")
                                .skipped
                                .push(skipped);
                        }
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error_path(&error).unwrap_or_else(|| paths[0].clone());
                    let skipped = Skipped {
                        path,
                        reason: error.to_string(),
                    };
                    found
                        .lock()
                        .expect("no panic while held")
                        .skipped
                        .push(skipped);
                }
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().expect("no panic while held");
    found.files = files.into_inner().expect("no panic while held");
    let wanted = Wanted {
        selection,
        knowledge,
        apis: knowledge.names(|_| true).into_iter().collect(),
        blocking: blocking_names(knowledge, |kind| kind.work().is_none()),
        computing: blocking_names(knowledge, |kind| kind.work().is_some()),
    };
    // Not on the threads of the walk: trees need a larger stack than those have.
    let looked: Vec<_> = mentioning
        .into_inner()
        .expect("no panic while held")
        .into_par_iter()
        .map(|(path, source)| {
            let looked = wanted.look(&path, source);
            looked.map_err(|reason| Skipped { path, reason })
        })
        .collect();
    for looked in looked {
        match looked {
            Ok(file) => found.candidates.extend(file),
            Err(skipped) => found.skipped.push(skipped),
        }
    }
    found.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    found.candidates.dedup_by(|a, b| a.path == b.path);
    found.skipped.sort();
    found.skipped.dedup();
    Ok(found)
}

fn error_path(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            error_path(err)
        }
        ignore::Error::Loop { child, .. } => Some(child.clone()),
        _ => None,
    }
}

fn is_rust(entry: &DirEntry) -> bool {
    entry
        .path()
        .extension()
        .is_some_and(|extension| extension == "rs")
        && entry.file_type().is_some_and(|kind| !kind.is_dir())
}

/// Whether a program tagged a folder as its cache, as cargo does with its target folder.
/// Source: <https://bford.info/cachedir/>.
pub fn is_cache(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|it| it.is_dir());
    entry.depth() > 0 && is_folder && entry.path().join(CACHE_TAG).exists()
}

/// The file that tags a folder as a cache.
pub const CACHE_TAG: &str = "CACHEDIR.TAG";

/// The words that a file has to hold one of.
struct Words {
    words: AhoCorasick,
}

impl Words {
    fn new(selection: &[&Codemod], knowledge: &Knowledge) -> Result<Words> {
        let mut words: Vec<String> = selection
            .iter()
            .flat_map(|codemod| (codemod.triggers)(knowledge))
            .collect();
        words.push(suppress::MARKER.to_owned());
        words.sort();
        words.dedup();
        let words = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(words)?;
        Ok(Words { words })
    }

    /// Whether one of the words stands in the bytes as a word.
    fn stand_in(&self, bytes: &[u8]) -> bool {
        let is_word =
            |at: Option<&u8>| at.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        self.words.find_iter(bytes).any(|found| {
            let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
            !is_word(before) && !is_word(bytes.get(found.end()))
        })
    }
}

/// The text of a file, if it holds one of the words.
fn read(entry: &DirEntry, words: &Words) -> Result<Option<Source>, String> {
    if entry.path_is_symlink() && entry.depth() > 0 {
        return Err(
            "it is a symbolic link; the file it leads to is looked at where it is".to_owned(),
        );
    }
    let bytes = fs::read(entry.path()).map_err(|error| error.to_string())?;
    if !words.stand_in(&bytes) {
        return Ok(None);
    }
    match Source::decode(bytes) {
        Some(source) => Ok(Some(source)),
        None => Err("it is not UTF-8".to_owned()),
    }
}

/// What every file is looked at for.
struct Wanted<'a> {
    selection: &'a [&'a Codemod],
    knowledge: &'a Knowledge,
    /// The names in the tables of runtimes.
    apis: FxHashSet<String>,
    /// Those in the tables of what blocks.
    blocking: FxHashSet<String>,
    /// Those in the tables of what computes for long.
    computing: FxHashSet<String>,
}

/// The names of what blocks, of these kinds.
fn blocking_names(
    knowledge: &Knowledge,
    kinds: impl Fn(BlockingKind) -> bool,
) -> FxHashSet<String> {
    let words = knowledge.blocking_words.iter();
    let words = words.filter(|word| kinds(word.kind));
    words.map(|word| word.name().to_owned()).collect()
}

impl Wanted<'_> {
    fn look(&self, path: &Path, source: Source) -> Result<Option<CandidateFile>, String> {
        let text = &source.text;
        if let Some(reason) = limits::of_bytes(text) {
            return Err(reason);
        }
        let tokens = LexedStr::new(Edition::CURRENT, text);
        if let Some(reason) = limits::of_tokens(&tokens) {
            return Err(reason);
        }
        let suppresses = (0..tokens.len()).any(|at| {
            tokens.kind(at) == SyntaxKind::COMMENT && tokens.text(at).contains(suppress::MARKER)
        });
        let known = Tokens::of(&tokens, &self.apis, &self.blocking, &self.computing);
        let mut selection = self.selection.iter();
        if !suppresses && !selection.any(|codemod| (codemod.tokens)(&known)) {
            return Ok(None);
        }
        let mut looked = self.candidates(&tokens, Edition::CURRENT)?;
        if looked.has_errors {
            // The edition is not known yet; the newest one without an error it is.
            for edition in [Edition::Edition2021, Edition::Edition2015] {
                let older = self.candidates(&LexedStr::new(edition, text), edition)?;
                if !older.has_errors {
                    looked = older;
                    break;
                }
            }
        }
        if looked.candidates.iter().all(Vec::is_empty) && !suppresses {
            return Ok(None);
        }
        if let Some(reason) = reason_of_tree(text, &looked.parse) {
            return Err(reason);
        }
        Ok(Some(CandidateFile {
            path: path.to_owned(),
            candidates: looked.candidates,
            source,
        }))
    }

    fn candidates(&self, tokens: &LexedStr<'_>, edition: Edition) -> Result<Looked, String> {
        let Tree { parse, has_errors } = tree::of_tokens(tokens, edition)?;
        let file = parse.tree();
        let outline = Outline::of(tokens, &file, self.knowledge);
        let candidates = self.selection.iter();
        Ok(Looked {
            candidates: candidates
                .map(|codemod| (codemod.candidates)(&outline, self.knowledge))
                .collect(),
            parse,
            has_errors,
        })
    }
}

/// A file in one edition.
struct Looked {
    parse: Parse<SourceFile>,
    has_errors: bool,
    candidates: Vec<Vec<Candidate>>,
}

/// Whether each codemod has a candidate in a text.
pub fn may_match(
    text: &str,
    edition: Edition,
    selection: &[&Codemod],
    knowledge: &Knowledge,
) -> Vec<bool> {
    let tokens = LexedStr::new(edition, text);
    let Ok(tree) = tree::of_tokens(&tokens, edition) else {
        return vec![false; selection.len()];
    };
    let file = tree.parse.tree();
    let outline = Outline::of(&tokens, &file, knowledge);
    let matches = |codemod: &&Codemod| !(codemod.candidates)(&outline, knowledge).is_empty();
    selection.iter().map(matches).collect()
}

/// Why a file must not be edited, whatever is found elsewhere.
pub fn reason_to_leave_alone(text: &str, edition: Edition) -> Option<String> {
    if let Some(reason) = limits::of_bytes(text) {
        return Some(reason);
    }
    let tokens = LexedStr::new(edition, text);
    if let Some(reason) = limits::of_tokens(&tokens) {
        return Some(reason);
    }
    match tree::of_tokens(&tokens, edition) {
        Ok(tree) => reason_of_tree(text, &tree.parse),
        Err(reason) => Some(reason),
    }
}

fn reason_of_tree(text: &str, parse: &Parse<SourceFile>) -> Option<String> {
    if let Some(error) = parse.errors().first() {
        let before = &text[..usize::from(error.range().start())];
        let line = before.matches('\n').count() + 1;
        return Some(format!("it does not parse: line {line}: {error}"));
    }
    is_generated(text).then(|| "it is generated".to_owned())
}

/// Whether the head of a file says that a program wrote it.
fn is_generated(text: &str) -> bool {
    text.lines()
        .take(10)
        .filter(|line| line.trim_start().starts_with("//") || line.trim_start().starts_with("/*"))
        .any(|line| {
            let line = line.to_ascii_lowercase();
            line.contains("@generated")
                || line.contains("automatically generated")
                || line.contains("auto-generated")
                || (line.contains("generated by") && line.contains("do not edit"))
        })
}
