//! Which changes a problem speaks of: by the text that it points at, then by the functions that a
//! change touches and those that call them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{
    AstNode, AstToken, SourceFile, TextRange, TextSize,
    ast::{self, HasName},
};

use super::{
    check::{Place, Problem},
    mirror::Texts,
};
use crate::{
    outcome::Outcome,
    overlay::Overlay,
    replay,
    source::{Alignment, Source},
};

/// What is suspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspects {
    /// The problem stands in text that this one wrote, and nobody else.
    Wrote(usize),
    /// It speaks of text that these wrote, or of functions that they touch.
    Touch(BTreeSet<usize>),
}

impl Suspects {
    /// All of them.
    pub fn all(self) -> BTreeSet<usize> {
        match self {
            Suspects::Wrote(one) => BTreeSet::from([one]),
            Suspects::Touch(all) => all,
        }
    }
}

/// The files of a result, or of some of its changes, and who wrote what in them.
pub struct Authors<'a> {
    outcome: &'a Outcome,
    files: BTreeMap<PathBuf, File>,
    /// The functions that each change writes in.
    functions: BTreeMap<String, BTreeSet<usize>>,
}

struct File {
    overlay: Overlay,
    /// From the compiled text to the overlay's, before it was formatted and mended.
    to_overlay: Alignment,
    shift: usize,
}

impl<'a> Authors<'a> {
    /// Reads who wrote what in these texts, which are what the changes that are `kept` come to.
    pub fn new(outcome: &'a Outcome, kept: &BTreeSet<usize>, texts: &Texts) -> Authors<'a> {
        let mut files = BTreeMap::new();
        let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (path, bytes) in texts {
            let compiled = Source::decode(bytes.clone());
            let (Some(overlay), Some(compiled)) = (replay::with(outcome, path, kept), compiled)
            else {
                continue;
            };
            let text = overlay.text();
            let tree = SourceFile::parse(&text, Edition::CURRENT).tree();
            for (range, by) in overlay.insertions() {
                for function in functions_at(&tree, &range) {
                    functions.entry(function).or_default().insert(by);
                }
            }
            let file = File {
                overlay,
                to_overlay: Alignment::new(&compiled.text, &text),
                shift: compiled.shift(),
            };
            files.insert(path.clone(), file);
        }
        Authors {
            outcome,
            files,
            functions,
        }
    }

    /// Where a range of the compiled bytes stands in the user's own file.
    pub fn origin(&self, path: &Path, range: Range<usize>) -> Range<usize> {
        let Some(file) = self.files.get(path) else {
            return range;
        };
        let plain = file.plain(&range);
        let original = |at: usize| file.overlay.to_original(at) + file.shift;
        original(plain.start)..original(plain.end)
    }

    /// Whom a problem speaks of; nobody, if nothing tells.
    pub fn suspects(&self, problem: &Problem) -> Suspects {
        let places = || problem.places.iter();
        let primary = places().filter(|place| place.primary);
        let wrote: BTreeSet<usize> = primary.flat_map(|place| self.writers(place)).collect();
        if let (1, Some(one)) = (wrote.len(), wrote.first()) {
            return Suspects::Wrote(*one);
        }
        if !wrote.is_empty() {
            return Suspects::Touch(wrote);
        }
        let spoken_of: BTreeSet<usize> = places().flat_map(|it| self.writers(it)).collect();
        if !spoken_of.is_empty() {
            return Suspects::Touch(spoken_of);
        }
        Suspects::Touch(places().flat_map(|place| self.touching(place)).collect())
    }

    fn writers(&self, place: &Place) -> BTreeSet<usize> {
        self.files
            .get(&place.path)
            .map_or_else(BTreeSet::new, |file| {
                file.overlay.writers(file.plain(&place.range))
            })
    }

    /// The changes that write in the function of a place, or in one that it names.
    fn touching(&self, place: &Place) -> BTreeSet<usize> {
        let (text, range) = match self.files.get(&place.path) {
            Some(file) => (Arc::from(file.overlay.text()), file.plain(&place.range)),
            None => match self.text(&place.path) {
                Some(source) => {
                    let shift = source.shift();
                    let range = place.range.start.saturating_sub(shift)
                        ..place.range.end.saturating_sub(shift);
                    (source.text, range)
                }
                None => return BTreeSet::new(),
            },
        };
        let tree = SourceFile::parse(&text, Edition::CURRENT).tree();
        let Some(function) = function_at(&tree, &range) else {
            return BTreeSet::new();
        };
        let tokens = function.syntax().descendants_with_tokens();
        tokens
            .filter_map(|element| ast::Ident::cast(element.into_token()?))
            .filter_map(|name| self.functions.get(name.text()))
            .flatten()
            .copied()
            .collect()
    }

    fn text(&self, path: &Path) -> Option<Source> {
        let known = self.outcome.sources.get(path).cloned();
        known.or_else(|| Source::decode(fs::read(path).ok()?))
    }
}

impl File {
    /// A range of the compiled bytes, in the text before it was formatted.
    fn plain(&self, range: &Range<usize>) -> Range<usize> {
        let shift = |at: usize| at.saturating_sub(self.shift);
        self.to_overlay.map(shift(range.start)..shift(range.end))
    }
}

/// The names of the functions around a range, the innermost first.
fn functions_at(tree: &SourceFile, range: &Range<usize>) -> Vec<String> {
    let mut names = Vec::new();
    let mut function = function_at(tree, range);
    while let Some(it) = function {
        names.extend(it.name().map(|name| name.text().to_string()));
        function = it.syntax().ancestors().skip(1).find_map(ast::Fn::cast);
    }
    names
}

fn function_at(tree: &SourceFile, range: &Range<usize>) -> Option<ast::Fn> {
    let all = tree.syntax().text_range();
    let at = |offset: usize| TextSize::try_from(offset).ok();
    let range = TextRange::new(at(range.start)?, at(range.end.max(range.start))?);
    let range = range.intersect(all)?;
    let element = tree.syntax().covering_element(range);
    element.ancestors().find_map(ast::Fn::cast)
}
