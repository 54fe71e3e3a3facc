//! What is too large or too deep to look at. A stack that overflows can't be caught, so depth is
//! judged before anything recursive sees the file.

use std::time::Duration;

use bytesize::ByteSize;
use memory_stats::memory_stats;
use ra_ap_ide_db::syntax_helpers::LexedStr;
use ra_ap_syntax::{
    Edition,
    SyntaxKind::{self, *},
    T,
};

/// The largest file that is looked at, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// The deepest tree that is looked at, in nodes from the root. Nobody writes half of it, and inference
/// takes minutes for some trees of twice the depth: `?` after `?`, closures in closures.
pub const MAX_DEPTH: usize = 500;
/// How deep a file may nest before it is even parsed: open brackets, and the operators and keywords
/// of each bracket since its last separator.
pub const MAX_NESTING: usize = 2000;
/// How long a codemod may look at a file.
pub const TIME: Duration = Duration::from_secs(60);
/// How long rustfmt may take for a file.
pub const RUSTFMT: Duration = Duration::from_secs(10);
/// The stack of each thread, in bytes. Enough for analysing a tree of `MAX_DEPTH`, and for parsing
/// what nests up to `MAX_NESTING`.
pub const STACK: usize = 256 << 20;

/// Why a text may not be parsed, by what its bytes and tokens show.
pub fn of_text(text: &str) -> Option<String> {
    of_bytes(text).or_else(|| of_tokens(&LexedStr::new(Edition::CURRENT, text)))
}

/// Why a text may not even be read by the lexer.
pub fn of_bytes(text: &str) -> Option<String> {
    let bytes = text.len();
    (bytes > MAX_BYTES)
        .then(|| format!("it has {bytes} bytes, and files over {MAX_BYTES} bytes are left alone"))
}

/// Why a text with these tokens may not be parsed.
pub fn of_tokens(tokens: &LexedStr<'_>) -> Option<String> {
    (nesting(tokens) > MAX_NESTING)
        .then(|| format!("it nests deeper than {MAX_NESTING} brackets or operators"))
}

/// Why a tree of this depth may not be analysed.
pub fn of_depth(depth: usize) -> Option<String> {
    (depth > MAX_DEPTH).then(|| format!("its syntax nests deeper than {MAX_DEPTH} levels"))
}

/// Why nothing more may be loaded. `None` too where the system does not say how much is used.
pub fn of_memory(max: Option<ByteSize>) -> Option<String> {
    let max = max?;
    let used = memory_stats()?.physical_mem;
    (u64::try_from(used).is_ok_and(|used| used > max.as_u64()))
        .then(|| format!("more than {max} of memory is in use, the limit of `--max-memory`"))
}

/// What stands between two brackets, since its last separator.
#[derive(Default)]
struct Level {
    /// Operators and keywords: each may hold what follows it, or what precedes it.
    operators: usize,
    /// `<` without its `>`. A comma does not end a list of generics.
    angles: usize,
    /// Those of closures. A comma does not end their parameters.
    bars: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.operators + self.angles + self.bars
    }
}

/// How deep the tree of a text can be at most, but for a small factor. Every level of a tree has a
/// token of its own: a bracket, or an operator or a keyword that no separator follows.
fn nesting(tokens: &LexedStr<'_>) -> usize {
    let kind = |at: usize| (at < tokens.len()).then(|| tokens.kind(at));
    let mut closed: Vec<Level> = Vec::new();
    let mut level = Level::default();
    // Of the levels that are not the innermost.
    let mut outer = 0;
    let mut deepest = 0;
    for at in 0..tokens.len() {
        let before = at.checked_sub(1).and_then(kind);
        match tokens.kind(at) {
            WHITESPACE | COMMENT | IDENT | LIFETIME_IDENT => continue,
            kind if kind.is_literal() => continue,
            opening @ (T!['('] | T!['['] | T!['{']) => {
                // Of a call or an index, which holds what precedes it.
                if opening != T!['{'] {
                    level.operators += 1;
                }
                outer += 1 + level.depth();
                closed.push(std::mem::take(&mut level));
            }
            closing @ (T![')'] | T![']'] | T!['}']) => {
                if let Some(around) = closed.pop() {
                    level = around;
                    outer -= 1 + level.depth();
                }
                let next = (at + 1..)
                    .map_while(kind)
                    .find(|kind| !matches!(kind, WHITESPACE | COMMENT));
                if closing == T!['}'] && next.is_none_or(begins_anew) {
                    level = Level::default();
                }
            }
            T![;] => level = Level::default(),
            T![,] if level.angles == 0 => level.operators = 0,
            T![>] if before == Some(T![=]) => level.bars = 0,
            T![>] if before == Some(T![-]) => {}
            T![>] => level.angles = level.angles.saturating_sub(1),
            // A shift is far more frequent than two lists of generics.
            T![<] if before == Some(T![<]) => {
                level.angles = level.angles.saturating_sub(1);
                level.operators += 2;
            }
            T![<] => level.angles += 1,
            T![|] => level.bars += 1,
            _ => level.operators += 1,
        }
        deepest = deepest.max(outer + level.depth());
    }
    deepest
}

/// Whether a token behind a block starts something new, and does not go on with what the block is
/// part of.
fn begins_anew(kind: SyntaxKind) -> bool {
    matches!(kind, IDENT | LIFETIME_IDENT | T![#] | T!['}'])
        || kind.is_keyword(Edition::CURRENT) && !matches!(kind, T![else] | T![as])
}
