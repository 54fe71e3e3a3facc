//! The places of a file that may match, without types. Only what stands around certain words is
//! looked at: walking whole trees is most of the time of a run over a large project.

use std::cmp::Reverse;

use ra_ap_ide_db::{FxHashMap, FxHashSet, syntax_helpers::LexedStr};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasArgList, HasName},
};

use crate::{
    codemod::Candidate,
    knowledge::{BlockingFilter, BlockingWord, Knowledge, Role, last_segment},
    syntax::{Imports, names_in},
};

/// The tokens of a file, before it is parsed.
pub struct Tokens<'a> {
    tokens: &'a LexedStr<'a>,
    names_an_api: bool,
    names_what_blocks: bool,
    names_what_computes: bool,
}

impl<'a> Tokens<'a> {
    /// Reads the tokens of a file; `apis`, `blocking` and `computing` are the names of the tables.
    pub fn of(
        tokens: &'a LexedStr<'a>,
        apis: &FxHashSet<String>,
        blocking: &FxHashSet<String>,
        computing: &FxHashSet<String>,
    ) -> Tokens<'a> {
        Tokens {
            tokens,
            names_an_api: mentions(tokens, apis).next().is_some(),
            names_what_blocks: mentions(tokens, blocking).next().is_some(),
            names_what_computes: mentions(tokens, computing).next().is_some(),
        }
    }

    /// Whether the name of something that computes for long stands in the code.
    pub fn name_what_computes(&self) -> bool {
        self.names_what_computes
    }

    /// Whether the name of something that blocks stands in the code.
    pub fn name_what_blocks(&self) -> bool {
        self.names_what_blocks
    }

    /// Whether a name from the tables stands in the code.
    pub fn name_an_api(&self) -> bool {
        self.names_an_api
    }

    /// Whether one of these words stands in the code.
    pub fn mention(&self, words: &FxHashSet<String>) -> bool {
        mentions(self.tokens, words).next().is_some()
    }

    /// Whether `async` stands before what may be a block or a closure.
    pub fn have_async_block(&self) -> bool {
        let tokens = self.tokens;
        let code = (0..tokens.len()).filter(|&at| !tokens.kind(at).is_trivia());
        let mut before = None;
        for kind in code.map(|at| tokens.kind(at)) {
            if before == Some(T![async]) && matches!(kind, T!['{'] | T![move] | T![|]) {
                return true;
            }
            before = Some(kind);
        }
        false
    }

    /// Whether something is awaited.
    pub fn have_await(&self) -> bool {
        (0..self.tokens.len()).any(|at| self.tokens.kind(at) == T![await])
    }

    /// Whether a function may be async, or may give back a future of one of these types.
    pub fn may_give_futures(&self, types: &[&str]) -> bool {
        let mut all = 0..self.tokens.len();
        all.any(|at| self.tokens.kind(at) == T![async] || types.contains(&self.tokens.text(at)))
    }

    /// Whether something may drop a value that nobody has looked at.
    pub fn may_discard(&self) -> bool {
        discards(self.tokens).next().is_some()
    }
}

/// A file, with the places that have a name from the tables.
pub struct Outline<'a> {
    /// The tree.
    pub file: &'a SourceFile,
    tokens: &'a LexedStr<'a>,
    imports: Imports,
    mentions: Vec<(&'a str, TextRange)>,
    awaits: Vec<TextSize>,
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
        names.extend(knowledge.words());
        let hints = knowledge.blocking_words.iter();
        let hints: FxHashSet<String> = hints.map(|word| word.hint().to_owned()).collect();
        let hinted: FxHashSet<&str> = mentions(tokens, &hints).map(|(name, _)| name).collect();
        for word in &knowledge.blocking_words {
            // Most of the names are common words.
            if hinted.contains(word.hint()) {
                names.extend([word.name().to_owned(), word.hint().to_owned()]);
            }
        }
        names.extend(imports.aliases(&names.clone()).cloned());
        let mentions = mentions(tokens, &names).collect();
        let awaits = (0..tokens.len()).filter(|&at| tokens.kind(at) == T![await]);
        Outline {
            file,
            tokens,
            imports,
            mentions,
            awaits: awaits.map(|at| range(tokens, at).start()).collect(),
            has_async: (0..tokens.len()).any(|at| tokens.text(at) == "async"),
        }
    }

    /// The calls that may block: those that matter anywhere, and the others in files with async code.
    pub fn blocking_calls(&self, knowledge: &Knowledge, filter: BlockingFilter) -> Vec<Candidate> {
        let mentioned: FxHashSet<&str> = self.mentions.iter().map(|(name, _)| *name).collect();
        let mut by_name: FxHashMap<&str, Vec<&BlockingWord>> = FxHashMap::default();
        for word in knowledge
            .blocking_words
            .iter()
            .filter(|it| (filter.kinds)(it.kind))
        {
            if mentioned.contains(word.hint()) && (self.has_async || (filter.anywhere)(word.kind)) {
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
                let followed = words.iter().any(|word| (filter.anywhere)(word.kind));
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
        let word = words.iter().find(|word| word.is_spelled(&spelled))?;
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

    /// The places of these words in async code after which, while what they make may still be there,
    /// an `.await` follows.
    pub fn before_await(&self, words: &FxHashSet<String>) -> Vec<Candidate> {
        let mentions = self.mentions.iter();
        mentions
            .filter(|(word, _)| words.contains(*word))
            .filter(|(_, range)| {
                let Some(token) = token_at(self.file, *range) else {
                    return false;
                };
                if token
                    .parent_ancestors()
                    .any(|it| ast::RetType::can_cast(it.kind()))
                {
                    // Whoever calls that function has one.
                    return !self.awaits.is_empty();
                }
                lives_until(&token).is_some_and(|until| {
                    let next = self.awaits.partition_point(|at| *at < range.end());
                    self.awaits.get(next).is_some_and(|at| *at < until)
                })
            })
            .map(|&(_, range)| Candidate { range, path: None })
            .collect()
    }

    /// The places of these words, but for those in `use` items.
    pub fn words(&self, words: &FxHashSet<String>) -> Vec<Candidate> {
        let mentions = self.mentions.iter();
        let mentions = mentions.filter(|(word, _)| words.contains(*word));
        let tokens = mentions.filter_map(|(_, range)| token_at(self.file, *range));
        tokens
            .filter(|token| {
                let mut around = token.parent_ancestors();
                !around.any(|it| ast::Use::can_cast(it.kind()))
            })
            .map(|token| Candidate {
                range: token.text_range(),
                path: None,
            })
            .collect()
    }

    /// The attributes on functions that are not called `main` whose path ends in one of these names.
    pub fn attributes(&self, names: &FxHashSet<String>) -> Vec<Candidate> {
        let mut candidates = self.words(names);
        candidates.retain(|candidate| {
            let token = token_at(self.file, candidate.range);
            let attr = token.and_then(|it| it.parent_ancestors().find_map(ast::Attr::cast));
            let function = attr
                .and_then(|it| it.syntax().parent())
                .and_then(ast::Fn::cast);
            function
                .and_then(|it| it.name())
                .is_some_and(|name| name.text() != "main")
        });
        candidates
    }

    /// The async blocks outside of the arguments of macros, in the order of the file.
    pub fn async_blocks(&self) -> impl Iterator<Item = ast::BlockExpr> {
        (0..self.tokens.len())
            .filter(|&at| self.tokens.kind(at) == T![async])
            .filter_map(|at| token_at(self.file, range(self.tokens, at))?.parent())
            .filter_map(ast::BlockExpr::cast)
    }

    /// The `.await`s outside of the arguments of macros, in the order of the file.
    pub fn await_exprs(&self) -> impl Iterator<Item = ast::AwaitExpr> {
        (0..self.tokens.len())
            .filter(|&at| self.tokens.kind(at) == T![await])
            .filter_map(|at| token_at(self.file, range(self.tokens, at))?.parent())
            .filter_map(ast::AwaitExpr::cast)
    }

    /// The functions that are async, and those whose return type names one of these types, in the
    /// order of the file.
    pub fn functions_of_futures(&self, types: &[&str]) -> Vec<ast::Fn> {
        let marks = (0..self.tokens.len()).filter(|&at| {
            self.tokens.kind(at) == T![async] || types.contains(&self.tokens.text(at))
        });
        let mut functions: Vec<ast::Fn> = marks
            .filter_map(|at| token_at(self.file, range(self.tokens, at)))
            .filter_map(|token| match token.kind() {
                T![async] => ast::Fn::cast(token.parent()?),
                _ => {
                    let mut around = token.parent_ancestors();
                    ast::Fn::cast(around.find_map(ast::RetType::cast)?.syntax().parent()?)
                }
            })
            .collect();
        functions.dedup();
        functions
    }

    /// The tokens at which something may drop a value, in the order of the file.
    pub fn discards(&self) -> impl Iterator<Item = SyntaxToken> {
        discards(self.tokens).filter_map(|at| token_at(self.file, range(self.tokens, at)))
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

/// Where what is made here is gone at the latest, if that is in async code.
fn lives_until(token: &SyntaxToken) -> Option<TextSize> {
    let mut until = None;
    for node in token.parent_ancestors() {
        let is_async = if let Some(function) = ast::Fn::cast(node.clone()) {
            function.async_token().is_some()
        } else if let Some(closure) = ast::ClosureExpr::cast(node.clone()) {
            closure.async_token().is_some()
        } else if let Some(block) = ast::BlockExpr::cast(node.clone()) {
            match block.modifier() {
                Some(ast::BlockModifier::Async(_)) => true,
                _ => continue,
            }
        } else {
            // What a name is given lives as long as its block; all else goes with the statement.
            if ast::ExprStmt::can_cast(node.kind()) {
                until.get_or_insert(node.text_range().end());
            } else if ast::LetStmt::can_cast(node.kind()) {
                until.get_or_insert(node.parent()?.text_range().end());
            }
            continue;
        };
        return is_async.then(|| until.unwrap_or(node.text_range().end()));
    }
    None
}

/// The tokens at which code may drop a value that nobody has looked at: `let _..`, `_ =`, `drop(`,
/// `map(` and `and_then(` in a statement of their own, a closure for `spawn(`, and a call of a function
/// that the file declares async.
pub fn discards(tokens: &LexedStr<'_>) -> impl Iterator<Item = usize> {
    let code = Code::of(tokens);
    let is_fn = |at: usize| at > 0 && code.kind(at - 1) == Some(T![fn]);
    let declared: FxHashSet<&str> = (2..code.at.len())
        .filter(|&at| is_fn(at) && code.kind(at - 2) == Some(T![async]))
        .map(|at| code.text(at))
        .collect();
    let found: Vec<usize> = (0..code.at.len())
        .filter(|&at| match code.kind(at) {
            Some(T![let]) => code.text(at + 1).starts_with('_'),
            Some(T![_]) => {
                let before = at.checked_sub(1).and_then(|at| code.kind(at));
                code.kind(at + 1) == Some(T![=])
                    && matches!(before, Some(T![;] | T!['{'] | T!['}'] | T![>]))
            }
            Some(SyntaxKind::IDENT) if code.kind(at + 1) == Some(T!['(']) && !is_fn(at) => {
                let takes = match code.text(at) {
                    "drop" => true,
                    "spawn" => matches!(code.kind(at + 2), Some(T![move] | T![|])),
                    "map" | "and_then" => code.begins_unseen(at) && code.ends_unseen(at + 1),
                    _ => false,
                };
                takes || declared.contains(code.text(at)) && code.is_left(at + 1)
            }
            _ => false,
        })
        .map(|at| code.at[at])
        .collect();
    found.into_iter()
}

/// The tokens of a file without white space and comments.
struct Code<'a> {
    tokens: &'a LexedStr<'a>,
    at: Vec<usize>,
}

impl<'a> Code<'a> {
    fn of(tokens: &'a LexedStr<'a>) -> Code<'a> {
        let code = (0..tokens.len()).filter(|&at| !tokens.kind(at).is_trivia());
        let at = code.collect();
        Code { tokens, at }
    }

    fn kind(&self, at: usize) -> Option<SyntaxKind> {
        self.at.get(at).map(|&at| self.tokens.kind(at))
    }

    fn text(&self, at: usize) -> &'a str {
        self.at.get(at).map_or("", |&at| self.tokens.text(at))
    }

    /// Whether the code before a place in a statement gives the value no name that counts.
    fn begins_unseen(&self, place: usize) -> bool {
        let mut depth = 0;
        let mut assigned = false;
        for at in (0..place).rev() {
            match self.kind(at) {
                Some(T![')'] | T![']'] | T!['}'])
                    if depth > 0 || self.kind(at) != Some(T!['}']) =>
                {
                    depth += 1;
                }
                Some(T!['('] | T!['['] | T!['{']) if depth > 0 => depth -= 1,
                Some(T!['('] | T!['[']) => return false,
                Some(T![;] | T!['{'] | T!['}']) if depth == 0 => return !assigned,
                Some(T![let] | T![_]) if depth == 0 => {
                    return self.kind(at) == Some(T![_]) || self.text(at + 1).starts_with('_');
                }
                Some(T![return] | T![match] | T![if] | T![>] | T![break]) if depth == 0 => {
                    return false;
                }
                Some(T![=]) if depth == 0 => assigned = true,
                _ => {}
            }
        }
        !assigned
    }

    /// Whether nothing takes the value of a call, from its parenthesis on: what follows ends a
    /// statement, an arm or a block.
    fn is_left(&self, open: usize) -> bool {
        let mut depth = 0;
        for at in open..self.at.len() {
            match self.kind(at) {
                Some(T!['('] | T!['['] | T!['{']) => depth += 1,
                Some(T![')'] | T![']'] | T!['}']) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return matches!(self.kind(at + 1), Some(T![;] | T![,] | T!['}']));
            }
        }
        false
    }

    /// Whether a chain of calls, from the parenthesis of one on, ends with a semicolon.
    fn ends_unseen(&self, open: usize) -> bool {
        let mut depth = 0;
        for at in open..self.at.len() {
            match self.kind(at) {
                Some(T!['('] | T!['['] | T!['{']) => depth += 1,
                Some(T![')'] | T![']'] | T!['}']) if depth > 0 => depth -= 1,
                Some(T![;]) if depth == 0 => return true,
                Some(T![.] | T![?] | T![await] | SyntaxKind::IDENT) => {}
                _ if depth > 0 => {}
                _ => return false,
            }
        }
        false
    }
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
