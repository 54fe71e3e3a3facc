//! Takes away what changes left without a use: a `mut`, an import, a name.

use std::{collections::BTreeMap, path::PathBuf};

use super::check::Leftover;
use crate::{outcome::Outcome, overlay::Replacement};

/// Makes the compiler's edits for what is new since `before`. Whether anything was edited.
pub fn mend(outcome: &mut Outcome, before: &[Leftover], after: Vec<Leftover>) -> bool {
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for leftover in before {
        *known.entry(key(leftover)).or_default() += 1;
    }
    let mut by_file: BTreeMap<PathBuf, Vec<Replacement>> = BTreeMap::new();
    for leftover in after {
        if let Some(count) = known.get_mut(&key(&leftover))
            && *count > 0
        {
            *count -= 1;
            continue;
        }
        for (path, range, replacement) in leftover.edits {
            by_file.entry(path).or_default().push(Replacement {
                start: range.start,
                end: range.end,
                replacement,
            });
        }
    }
    let mut mended = false;
    for file in &mut outcome.files {
        let Some(mut edits) = by_file.remove(&file.path) else {
            continue;
        };
        let shift = file.before.shift();
        edits.sort_by_key(|edit| (edit.start, edit.end));
        edits.dedup();
        let mut at = usize::MAX;
        let mut text = file.after.clone();
        for edit in edits.iter().rev().filter(|edit| edit.start >= shift) {
            // Two suggestions for one place: the next check speaks of what is left.
            if edit.end > at {
                continue;
            }
            text.replace_range(edit.start - shift..edit.end - shift, &edit.replacement);
            at = edit.start;
        }
        if text != file.after {
            file.becomes(text);
            mended = true;
        }
    }
    mended
}

fn key(leftover: &Leftover) -> (String, String) {
    (leftover.lint.clone(), leftover.message.clone())
}
