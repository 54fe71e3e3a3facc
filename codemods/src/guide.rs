//! Which kind of work goes where: the table behind `unpark guide` and the one in the README.

use crate::CATALOGUE;

/// One kind of work.
#[derive(Debug)]
pub struct Row {
    /// What kind of work it is.
    pub work: &'static str,
    /// What to use for it.
    pub using: &'static str,
    /// The codemods that are for this, those that are planned included.
    codemods: &'static [&'static str],
}

impl Row {
    /// The codemods that see to it: as many as there are.
    pub fn seen_to_by(&self) -> Vec<&'static str> {
        let planned = self.codemods.iter().copied();
        planned
            .filter(|name| CATALOGUE.iter().any(|codemod| codemod.name == *name))
            .collect()
    }
}

/// The table.
pub const GUIDE: &[Row] = &[
    Row {
        work: "I/O with an async API, in async code",
        using: "`.await` it, down to the innermost future: no `block_on`, no thread for it",
        codemods: &[
            "pointless-spawn-blocking",
            "block-on-in-async",
            "unpolled-future",
            "nested-future",
        ],
    },
    Row {
        work: "I/O with an async API, in a function that async code calls",
        using: "an `async fn`, all the way up to the async code",
        codemods: &["block-on-in-async"],
    },
    Row {
        work: "I/O with an async API, where nothing is async",
        using: "one runtime for the whole program: `#[tokio::main]`, or one `Runtime` whose `block_on` stands at the edge",
        codemods: &["runtime-in-async"],
    },
    Row {
        work: "several futures that do not need each other",
        using: "`join!` or `try_join!`; of many, `buffer_unordered(n)` or a `JoinSet`",
        codemods: &["sequential-awaits"],
    },
    Row {
        work: "a future that is needed here and now",
        using: "`.await` it: a task of its own only adds a `JoinError`",
        codemods: &["redundant-task"],
    },
    Row {
        work: "work that goes on while this code does something else",
        using: "`tokio::spawn`, and somebody who looks at the error: await the handle, or log inside the task",
        codemods: &["unobserved-task"],
    },
    Row {
        work: "work in the background that must not get lost",
        using: "a bounded channel and one worker, with a `TaskTracker` and a `CancellationToken` for the end",
        codemods: &[],
    },
    Row {
        work: "a call that blocks and has an async twin: a sleep, a process, a channel, HTTP",
        using: "the twin: `tokio::time::sleep`, `tokio::process`, `tokio::sync`, the async client",
        codemods: &["blocking-in-async"],
    },
    Row {
        work: "calls that block and have none: a driver, a C library, a pass over many files",
        using: "one `spawn_blocking` around all of them, with values of its own",
        codemods: &["blocking-in-async"],
    },
    Row {
        work: "blocking work that never ends: a watcher, a device",
        using: "a `std::thread` of its own, and a channel to async code",
        codemods: &[],
    },
    Row {
        work: "computing for longer than about 100 µs",
        using: "`spawn_blocking`; for much of it, `rayon` and a `oneshot` channel",
        codemods: &["cpu-bound-in-async"],
    },
    Row {
        work: "computing for less than that",
        using: "a plain call of a function that is not async",
        codemods: &["fake-async"],
    },
    Row {
        work: "computing in a library",
        using: "a function that is not async: who calls it knows on which thread",
        codemods: &["imposed-offload"],
    },
    Row {
        work: "a value that is shared, and read or changed without waiting",
        using: "`std::sync::Mutex`, with the guard gone before the next `.await`",
        codemods: &["guard-across-await"],
    },
    Row {
        work: "a lock that stays taken while something is awaited",
        using: "`tokio::sync::Mutex`, or a task that owns the value and a channel to it",
        codemods: &["guard-across-await"],
    },
    Row {
        work: "starting tasks from a thread or a callback that is not async",
        using: "a `Handle` that was taken in async code; no runtime of its own",
        codemods: &["runtime-in-async"],
    },
];
