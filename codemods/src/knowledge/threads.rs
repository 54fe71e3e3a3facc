//! Which functions of other crates stop the thread that they are called on.

use ra_ap_hir::{Crate, Function, HasCrate};
use ra_ap_ide_db::{FxHashSet, RootDatabase};

use super::{BlockingKind, Resolved, Work, rows::Rows};

/// What a function does to the thread that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits<'a> {
    /// It stops the thread; the row that says so.
    Stops(&'a str),
    /// It computes for long; the row that says so.
    Computes(&'a str, Work),
    /// It gives the thread back soon.
    No,
    /// No table speaks of it.
    Unknown,
}

/// What stops a thread.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its path.
    pub path: String,
    /// What it waits for, and whether it is cheap; of some it is only known that they may wait.
    pub kind: Option<(BlockingKind, bool)>,
}

/// The tables about threads, resolved in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Threads {
    rows: Rows<Row>,
    /// Crates of which everything else is known not to stop a thread.
    known: FxHashSet<Crate>,
}

impl Threads {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Threads {
        let knowledge = resolved.knowledge;
        let mut threads = Threads::default();
        for row in &knowledge.blocking_crates {
            for call in &row.calls {
                let path = format!("{}::{call}", row.path);
                threads.add(db, resolved, &path, Some((row.kind, row.cheap)));
            }
        }
        for path in knowledge.nonblocking.iter().flat_map(|row| &row.except) {
            threads.add(db, resolved, path, None);
        }
        let names: FxHashSet<&str> = knowledge
            .nonblocking
            .iter()
            .map(|row| row.name.as_str())
            .chain(["std", "proc_macro"])
            .collect();
        threads.known = crates_named(db, &names);
        threads
    }

    fn add(
        &mut self,
        db: &RootDatabase,
        resolved: &Resolved<'_>,
        path: &str,
        kind: Option<(BlockingKind, bool)>,
    ) {
        let row = Row {
            path: path.to_owned(),
            kind,
        };
        self.rows.add(db, resolved, path, &row);
    }

    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Waits<'_> {
        let row = self.row(db, function);
        match row.map(|row| (row.kind.map(|(kind, _)| kind), &row.path)) {
            Some((Some(BlockingKind::Computes(work)), path)) if work != Work::Pattern => {
                Waits::Computes(path, work)
            }
            Some((None, path)) => Waits::Stops(path),
            Some((Some(kind), path)) if kind.work().is_none() => Waits::Stops(path),
            _ if self.knows(function.krate(db)) => Waits::No,
            _ => Waits::Unknown,
        }
    }

    /// What stops the thread in a function.
    pub(super) fn row(&self, db: &RootDatabase, function: Function) -> Option<&Row> {
        self.rows.of(db, function)
    }

    pub(super) fn knows(&self, krate: Crate) -> bool {
        self.known.contains(&krate)
    }
}

/// The crates of the graph that have one of these names in code.
pub(super) fn crates_named(db: &RootDatabase, names: &FxHashSet<&str>) -> FxHashSet<Crate> {
    let all = Crate::all(db).into_iter();
    all.filter(|krate| {
        let name = krate.display_name(db);
        name.is_some_and(|name| names.contains(name.crate_name().as_str()))
    })
    .collect()
}
