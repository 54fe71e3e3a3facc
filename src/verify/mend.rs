//! Takes away what changes left without a use: a `mut`, an import, a name.

use std::collections::BTreeMap;

use super::{check::Leftover, mirror::Texts};

/// Makes the compiler's edits in the changed files. Whether anything was edited; what lies in
/// another file is left.
pub fn mend<'a>(texts: &mut Texts, leftovers: impl Iterator<Item = &'a Leftover>) -> bool {
    let mut by_file = BTreeMap::new();
    for leftover in leftovers {
        let mut edits = leftover.edits.iter();
        if edits.all(|(path, _, _)| texts.contains_key(path)) {
            for (path, range, replacement) in &leftover.edits {
                let edits: &mut Vec<_> = by_file.entry(path).or_default();
                edits.push((range.start, range.end, replacement));
            }
        }
    }
    let mut mended = false;
    for (path, mut edits) in by_file {
        let Some(text) = texts.get_mut(path) else {
            continue;
        };
        edits.sort_unstable();
        edits.dedup();
        let mut at = text.len();
        for (start, end, replacement) in edits.into_iter().rev() {
            // Two suggestions for one place: the next check speaks of what is left.
            if start > end || end > at {
                continue;
            }
            text.splice(start..end, replacement.bytes());
            at = start;
            mended = true;
        }
    }
    mended
}
