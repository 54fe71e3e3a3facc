//! The places of a file that may match, without types. Only what stands around certain words is
//! looked at: walking whole trees is most of the time of a run over a large project.

use std::cmp::Reverse;

use ra_ap_ide_db::{FxHashMap, FxHashSet, syntax_helpers::LexedStr};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasArgList},
};

use crate::{
    codemod::Candidate,
    knowledge::{BlockingKind, BlockingWord, Knowledge, Role, last_segment},
    syntax::{Imports, names_in},
};

/// A file, with the places that have a name from the tables.
pub struct Outline<'a> {
    /// The tree.
    pub file: &'a SourceFile,
    imports: Imports,
    mentions: Vec<(&'a str, TextRange)>,
    has_async: bool,
}

impl<'a> Outline<'a> {
    /// Reads a file; `tokens` are those of the tree.
    pub fn of(tokens: &'a LexedStr<'a>, file: &'a SourceFile, knowledge: &Knowledge) -> Self {
        let uses = (0..tokens.len())
            .filter(|&at| tokens.kind(at) == T![use])
            .filter_map(|at| ast::Use::cast(token_at(file, range(tokens, at))?.parent()?));
        let imports = Imports::of_items(uses);
        let mut names = names_in(&imports, knowledge, |_| true);
        for word in &knowledge.blocking_words {
            names.extend([word.name().to_owned(), word.hint().to_owned()]);
        }
        names.extend(imports.aliases(&names.clone()).cloned());
        let mentions = mentions(tokens, &names).collect();
        Outline {
            file,
            imports,
            mentions,
            has_async: (0..tokens.len()).any(|at| tokens.text(at) == "async"),
        }
    }

    /// The calls that may block: those that are `wanted` everywhere, and the others in files with
    /// async code.
    pub fn blocking_calls(
        &self,
        knowledge: &Knowledge,
        wanted: impl Fn(BlockingKind) -> bool,
    ) -> Vec<Candidate> {
        let mentioned: FxHashSet<&str> = self.mentions.iter().map(|(name, _)| *name).collect();
        let mut by_name: FxHashMap<&str, Vec<&BlockingWord>> = FxHashMap::default();
        for word in &knowledge.blocking_words {
            if mentioned.contains(word.hint()) && (self.has_async || wanted(word.kind)) {
                by_name.entry(word.name()).or_default().push(word);
            }
        }
        if by_name.is_empty() {
            return Vec::new();
        }
        let mut candidates: Vec<Candidate> = self
            .mentions
            .iter()
            .filter_map(|(name, range)| {
                let imported = self.imports.path_of(name).map(last_segment);
                let words = by_name.get(name).or_else(|| by_name.get(imported?))?;
                let token = token_at(self.file, *range)?;
                let followed = words.iter().any(|word| wanted(word.kind));
                self.blocking_candidate(&token, words, followed)
            })
            .collect();
        candidates.sort_by_key(|it| (it.range.start(), Reverse(it.range.end())));
        candidates.dedup();
        candidates
    }

    fn blocking_candidate(
        &self,
        token: &SyntaxToken,
        words: &[&BlockingWord],
        followed: bool,
    ) -> Option<Candidate> {
        let parent = token.parent()?;
        let unnamed = |range| Some(Candidate { range, path: None });
        if let Some(arguments) = parent.ancestors().map_while(ast::TokenTree::cast).last() {
            return unnamed(arguments.syntax().text_range());
        }
        if words.iter().any(|word| word.is_type()) {
            return unnamed(token.text_range());
        }
        let around = ast::NameRef::cast(parent)?.syntax().parent()?;
        if let Some(call) = ast::MethodCallExpr::cast(around.clone()) {
            let range = call.syntax().text_range();
            return words
                .iter()
                .any(|word| word.is_method())
                .then_some(Candidate { range, path: None });
        }
        let path = ast::PathSegment::cast(around)?.parent_path();
        let callee = ast::PathExpr::cast(path.syntax().parent()?)?;
        let call = ast::CallExpr::cast(callee.syntax().parent()?)?;
        let spelled = self.imports.spell_out(&path);
        let word = words.iter().find(|word| {
            let short = &word.path[word.path.len() - word.name().len() - word.owner().len() - 2..];
            word.path == spelled || spelled == short || spelled.ends_with(&format!("::{short}"))
        })?;
        // Of files, most calls in async code are left as they are.
        let named = followed && word.path == spelled && is_in_async(call.syntax());
        Some(Candidate {
            range: call.syntax().text_range(),
            path: named.then_some(spelled),
        })
    }

    /// The calls that may be of a function whose role is asked for, in the order of the file.
    pub fn calls(&self, knowledge: &Knowledge, wanted: impl Fn(&Role) -> bool) -> Vec<Candidate> {
        let names = names_in(&self.imports, knowledge, &wanted);
        let known = |path: &str| {
            knowledge
                .apis
                .iter()
                .find(|api| api.path == path && wanted(&api.role))
                .map(|api| api.path.clone())
        };
        let mut candidates: Vec<Candidate> = self
            .mentions
            .iter()
            .filter(|(name, _)| names.contains(*name))
            .filter_map(|(_, range)| token_at(self.file, *range))
            .filter_map(|token| self.candidate(&token, &names, &known))
            .collect();
        candidates.sort_by_key(|it| (it.range.start(), Reverse(it.range.end())));
        // The arguments of one macro may hold several of the names.
        candidates.dedup();
        candidates
    }

    fn candidate(
        &self,
        token: &SyntaxToken,
        names: &FxHashSet<String>,
        known: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Candidate> {
        let parent = token.parent()?;
        if let Some(arguments) = parent.ancestors().map_while(ast::TokenTree::cast).last() {
            let range = arguments.syntax().text_range();
            return Some(Candidate { range, path: None });
        }
        let around = ast::NameRef::cast(parent)?.syntax().parent()?;
        if let Some(call) = ast::MethodCallExpr::cast(around.clone()) {
            // `Command::spawn()` and `Thread::spawn()` take nothing; a postfix `block_on()` too.
            let takes = call.arg_list()?.args().next().is_some();
            let range = call.syntax().text_range();
            return (takes || token.text() != "spawn").then_some(Candidate { range, path: None });
        }
        let path = ast::PathSegment::cast(around)?.parent_path();
        let callee = ast::PathExpr::cast(path.syntax().parent()?)?;
        let call = ast::CallExpr::cast(callee.syntax().parent()?)?;
        let spelled = self.imports.spell_out(&path);
        let possible = names.contains(last_segment(&spelled)) && !spelled.starts_with("std::");
        possible.then(|| Candidate {
            range: call.syntax().text_range(),
            path: known(&spelled),
        })
    }
}

/// Whether the innermost body around a node is async, for all that its tree shows.
fn is_in_async(node: &SyntaxNode) -> bool {
    let bodies = node.ancestors().find_map(|node| {
        if let Some(function) = ast::Fn::cast(node.clone()) {
            return Some(function.async_token().is_some());
        }
        if let Some(closure) = ast::ClosureExpr::cast(node.clone()) {
            return Some(closure.async_token().is_some());
        }
        let block = ast::BlockExpr::cast(node)?;
        block.async_token().map(|_| true)
    });
    bodies.unwrap_or(false)
}

/// Whether a file has any of these names as a word of its code.
pub fn mentions_any(tokens: &LexedStr<'_>, names: &FxHashSet<String>) -> bool {
    mentions(tokens, names).next().is_some()
}

fn mentions<'a>(
    tokens: &'a LexedStr<'a>,
    names: &FxHashSet<String>,
) -> impl Iterator<Item = (&'a str, TextRange)> {
    (0..tokens.len())
        .filter(|&at| tokens.kind(at) == SyntaxKind::IDENT)
        .map(|at| (tokens.text(at).trim_start_matches("r#"), at))
        .filter(|(name, _)| names.contains(*name))
        .map(|(name, at)| (name, range(tokens, at)))
}

fn range(tokens: &LexedStr<'_>, at: usize) -> TextRange {
    let range = tokens.text_range(at);
    let size = |offset| TextSize::try_from(offset).expect("files are smaller than 4 GiB");
    TextRange::new(size(range.start), size(range.end))
}

fn token_at(file: &SourceFile, range: TextRange) -> Option<SyntaxToken> {
    file.syntax().covering_element(range).into_token()
}
