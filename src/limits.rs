//! What is too large or too deep to look at. A stack that overflows can't be caught, so depth is
//! judged before anything recursive sees the file.

use ra_ap_syntax::{AstNode, SourceFile, WalkEvent};

/// The largest file that is looked at, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// The deepest tree that is looked at, in nodes from the root.
pub const MAX_DEPTH: usize = 1000;
/// How deep brackets and prefix operators may nest before a file is even parsed.
const MAX_NESTING: usize = 400;
/// The stack of each thread, in bytes. Enough for analysing a tree of `MAX_DEPTH`.
pub const STACK: usize = 256 << 20;

/// Why a text may not be parsed, by what its bytes show.
pub fn of_text(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return Some(format!(
            "it has {} bytes, and files over {MAX_BYTES} bytes are left alone",
            text.len()
        ));
    }
    let (mut depth, mut prefix) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'!' | b'&' | b'*' | b'-' | b'|' | b'<' => prefix += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => prefix = 0,
        }
        if depth > MAX_NESTING || (prefix > MAX_NESTING && byte != b'-' && byte != b'*') {
            return Some(format!(
                "it nests deeper than {MAX_NESTING} brackets or operators"
            ));
        }
    }
    None
}

/// Why a tree may not be analysed. Does not recurse.
pub fn of_tree(file: &SourceFile) -> Option<String> {
    let mut depth = 0usize;
    for event in file.syntax().preorder() {
        match event {
            WalkEvent::Enter(_) => depth += 1,
            WalkEvent::Leave(_) => depth -= 1,
        }
        if depth > MAX_DEPTH {
            return Some(format!("its syntax nests deeper than {MAX_DEPTH} levels"));
        }
    }
    None
}
