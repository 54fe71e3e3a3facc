//! The words by which a file may call what blocks: most of the names are common ones, and only mean
//! something beside another word.

use super::{Blocking, BlockingCrate, BlockingKind, Work, last_segment};

/// Which functions that block are looked for.
#[derive(Clone, Copy)]
pub struct BlockingFilter {
    /// What they do to their thread.
    pub kinds: fn(BlockingKind) -> bool,
    /// Those whose calls matter in functions that are not async as well.
    pub anywhere: fn(BlockingKind) -> bool,
}

/// A function that blocks, or a type or trait whose methods all do, by the words that it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingWord {
    /// Its path.
    pub path: String,
    /// What it waits for.
    pub kind: BlockingKind,
    trigger: Option<String>,
}

impl BlockingWord {
    /// Those of all rows.
    pub(super) fn all(
        rows: &[Blocking],
        crates: &[BlockingCrate],
    ) -> impl Iterator<Item = BlockingWord> {
        let of_rows = rows.iter().map(BlockingWord::of);
        let of_crates = crates.iter().flat_map(|row| {
            let calls = row.calls.iter();
            calls.map(|call| BlockingWord {
                path: format!("{}::{call}", row.path),
                kind: row.kind,
                trigger: row.trigger.clone(),
            })
        });
        of_rows.chain(of_crates)
    }

    /// That of one row.
    pub(super) fn of(row: &Blocking) -> BlockingWord {
        BlockingWord {
            path: row.path.clone(),
            kind: row.kind,
            trigger: row.trigger.clone(),
        }
    }

    /// Whether the user says so: their own code may name it without what it is in.
    pub fn is_stated(&self) -> bool {
        matches!(
            self.kind,
            BlockingKind::Stated | BlockingKind::Computes(Work::Stated)
        )
    }

    /// Whether a path may mean it, spelled out as the file imports it.
    pub fn is_spelled(&self, path: &str) -> bool {
        if self.is_stated() && path.rsplit("::").next() == Some(self.name()) {
            return true;
        }
        let short = &self.path[self.path.len() - self.name().len() - self.owner().len() - 2..];
        self.path == path || path == short || path.ends_with(&format!("::{short}"))
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        last_segment(&self.path)
    }

    /// The name of what it is in.
    pub fn owner(&self) -> &str {
        let owner = &self.path[..self.path.len() - self.name().len()];
        last_segment(owner.trim_end_matches(':'))
    }

    /// Whether it is a type or a trait.
    pub fn is_type(&self) -> bool {
        // Some functions are called as in C.
        self.kind.work().is_none() && self.name().starts_with(char::is_uppercase)
    }

    /// Whether it may be called behind a dot.
    pub fn is_method(&self) -> bool {
        self.owner().starts_with(char::is_uppercase)
    }

    /// The word that a file holds if it may call it: what it is in, the name of its crate, or its own
    /// name where nothing else is called so.
    pub fn hint(&self) -> &str {
        if let Some(trigger) = &self.trigger {
            return trigger;
        }
        if self.name().contains("blocking") || self.is_type() {
            return self.name();
        }
        let krate = self.path.split("::").next().unwrap_or_default();
        match krate {
            "std" => self.owner(),
            krate => krate,
        }
    }
}
