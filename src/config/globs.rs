//! Globs of files, as in a `.gitignore` beside the configuration.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A list of globs. A later one counts more, and one with `!` before it takes out.
#[derive(Debug, Clone)]
pub struct Globs(Gitignore);

impl Default for Globs {
    fn default() -> Globs {
        Globs(Gitignore::empty())
    }
}

impl Globs {
    /// Reads the list under a key.
    ///
    /// # Errors
    /// If one of them is no glob.
    pub fn read(key: &str, globs: &[String]) -> Result<Globs> {
        // The paths that are asked for are relative.
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            if glob.trim().is_empty() || glob.trim_start().starts_with('#') {
                bail!("`{key}`: `{glob}` is no glob of a file");
            }
            builder
                .add_line(None, glob)
                .with_context(|| format!("`{key}`: `{glob}`"))?;
        }
        let globs = builder.build().with_context(|| format!("`{key}`"))?;
        Ok(Globs(globs))
    }

    /// Whether they name a file, or a folder that it is in, by its path relative to the
    /// configuration's folder.
    pub fn name(&self, path: &Path) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(globs: &[&str]) -> Result<Globs> {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        Globs::read("exclude", &globs)
    }

    #[test]
    fn they_are_those_of_a_gitignore() {
        let named = |lines: &[&str], path: &str| globs(lines).unwrap().name(Path::new(path));
        assert!(named(&["legacy"], "src/legacy/a.rs"));
        assert!(named(&["legacy/"], "legacy/b/a.rs"));
        assert!(!named(&["/legacy"], "src/legacy/a.rs"));
        assert!(named(&["src/**/a.rs"], "src/x/y/a.rs"));
        assert!(!named(&["src/*.rs"], "src/x/a.rs"));
        assert!(named(&["*_gen.rs"], "src/x/a_gen.rs"));
        assert!(!named(&["*.rs", "!src/main.rs"], "src/main.rs"));
        assert!(named(&["!src/main.rs", "*.rs"], "src/main.rs"));
        assert!(!named(&[], "src/main.rs"));
    }

    #[test]
    fn what_is_no_glob_is_an_error() {
        for glob in ["", " ", "#a.rs", "src/{a.rs"] {
            let error = format!("{:#}", globs(&[glob]).unwrap_err());
            assert!(
                error.starts_with(&format!("`exclude`: `{glob}`")),
                "{error}"
            );
        }
    }
}
