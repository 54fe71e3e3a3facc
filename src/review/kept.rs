//! The answers of a review that was left, for when it goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{commit::Home, selection::Selection};

/// The answers that were kept of a review of a run with these flags.
///
/// # Errors
/// If there are some that can't be read.
pub fn load(home: &Home, arguments: &[String]) -> Result<Option<Selection>> {
    if !home.review().exists() {
        return Ok(None);
    }
    let kept = Selection::read(home.review())?;
    Ok((kept.arguments == arguments).then_some(kept))
}

/// Keeps answers, in the place of those that were. Gives back where.
///
/// # Errors
/// If they can't be written.
pub fn save(home: &Home, selection: &Selection) -> Result<PathBuf> {
    let path = home.review();
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, selection.to_text()))
        .with_context(|| format!("can't keep the answers in {}", path.display()))?;
    Ok(path.to_owned())
}

/// Forgets them.
///
/// # Errors
/// If they can't be removed.
pub fn forget(home: &Home) -> Result<()> {
    match fs::remove_file(home.review()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let path = home.review().display();
            Err(error).with_context(|| format!("can't remove {path}"))
        }
        _ => Ok(()),
    }
}
