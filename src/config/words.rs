//! Words that nobody knows, and the known ones that they may have been meant for.

use anyhow::{Result, bail};

/// Whether all keys are known.
///
/// # Errors
/// If one is not; the message names the nearest known one.
pub(super) fn check_keys<'a>(
    keys: impl Iterator<Item = &'a String>,
    known: &[&str],
    what: &str,
) -> Result<()> {
    for key in keys {
        if !known.contains(&key.as_str()) {
            bail!("unknown {what} `{key}`{}", did_you_mean(key, known));
        }
    }
    Ok(())
}

/// A hint at the nearest of the known words, or at all of them.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; known are {}", known.join(", ")),
    }
}

/// The known word that is the nearest, if one is near.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3))
        .map(|(_, nearest)| nearest)
}
