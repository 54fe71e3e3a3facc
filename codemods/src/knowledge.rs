//! The tables in `knowledge/`: which paths spawn, offload, block and log.
//!
//! A table names public paths. They are resolved forward, through re-exports, to definitions, and
//! definitions are compared: nothing is ever matched by its name.

mod blocking_word;
mod combinators;
mod effects;
mod equivalents;
mod executors;
mod guards;
mod heavy;
mod joins;
mod resolved;
mod rows;
mod signatures;
mod stated;
mod tables;
mod threads;

use ra_ap_hir::Name;
use ra_ap_ide_db::FxHashSet;
use serde::Deserialize;

pub use blocking_word::{BlockingFilter, BlockingWord};
pub use combinators::{Combinator, End, Step};
pub use effects::Effect;
pub use equivalents::{Equivalent, Shape};
pub use executors::executor_words;
pub use guards::{Guard, Holds, guard_words};
pub use heavy::Work;
pub use joins::Join;
pub use resolved::{Blocks, Definition, Resolved, resolve};
pub use signatures::{Signature, Signatures};
pub use stated::StatedShape;
pub use tables::BUILT_IN;
pub use threads::Waits;

/// Every table, and what the user's configuration adds to them.
#[derive(Debug, Clone)]
pub struct Knowledge {
    /// Functions, methods and macros with a role in async code.
    pub apis: Vec<Api>,
    /// How errors are logged, in the order of preference.
    pub loggers: Vec<Logger>,
    /// What derives implement.
    pub derives: Vec<Derive>,
    /// Calls that block their thread.
    pub blocking: Vec<Blocking>,
    /// Crates and modules with functions that block.
    pub blocking_crates: Vec<BlockingCrate>,
    /// The words by which a file may call what blocks.
    pub blocking_words: Vec<BlockingWord>,
    /// Crates whose functions are known not to block.
    pub nonblocking: Vec<Nonblocking>,
    /// What takes the place of calls that block.
    pub equivalents: Vec<Equivalent>,
    /// What runs a closure where it may block.
    pub offloads: Vec<Equivalent>,
    /// What waits for several futures at once.
    pub joins: Vec<Join>,
    /// Functions that the user says are cheap, whatever they do.
    pub cheap: Vec<String>,
    /// Functions that the user says see to the error of a task.
    pub observed: Vec<String>,
    /// Functions that the user says leave nothing behind.
    pub reads: Vec<String>,
}

/// A function, method or macro with a role in async code.
#[derive(Debug, Clone)]
pub struct Api {
    /// The public path.
    pub path: String,
    /// The runtime that it belongs to.
    pub runtime: String,
    /// The reactor that its futures run on; `any` where it has none.
    pub family: String,
    /// Only there under `--cfg tokio_unstable` or its like.
    pub unstable: bool,
    /// A word that a file holds if it may name it, where its own name is a common word.
    pub trigger: Option<String>,
    /// What it does.
    pub role: Role,
}

impl Api {
    /// The last segment of its path.
    pub fn name(&self) -> &str {
        last_segment(&self.path)
    }

    /// The end of its path that tells what it is: `spawn_blocking`, but `web::block`.
    pub fn short_path(&self) -> &str {
        let name = self.name();
        let owner = self.path[..self.path.len() - name.len()].trim_end_matches(':');
        if name.contains('_') || name == "unblock" {
            name
        } else {
            &self.path[owner.len() - last_segment(owner).len()..]
        }
    }
}

/// What a function does with futures or closures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Hands a future to a runtime.
    Spawn {
        /// Which argument is the future.
        future: Argument,
        /// What dropping the handle does.
        on_drop: OnDrop,
        /// The error around the output when the handle is awaited.
        join: Option<String>,
        /// What is around the handle, because the call itself may fail.
        wrapped: Option<Wrapped>,
    },
    /// Runs a closure where it may block.
    Offload {
        /// Which argument is the closure.
        closure: Argument,
        /// What comes back.
        returns: Returns,
        /// The error around the output when it is awaited.
        join: Option<String>,
        /// What is around what comes back, because the call itself may fail.
        wrapped: Option<Wrapped>,
    },
    /// Drives a future to its end on this thread.
    BlockOn {
        /// Which argument is the future.
        future: Argument,
        /// Whose future is polled.
        drives: Drives,
        /// What the call does on an async thread today.
        in_async: InAsync,
    },
    /// Gives the handle of the runtime that the caller runs on.
    CurrentHandle,
    /// May drop a future half way.
    Cancels,
    /// A macro that waits for futures where it stands.
    Waits,
    /// Ends a task half way, or hands out the means to.
    Aborts,
    /// Lets a task run on without its handle.
    Detaches,
    /// An attribute that makes an `async fn` an entry point.
    Entry {
        /// A test's entry point.
        test: bool,
        /// The runtime that it starts, where the attribute names no other.
        flavor: Option<Flavor>,
    },
}

/// Which argument of a call is meant, counted without `self`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum Argument {
    /// The n-th argument.
    At(usize),
    /// The receiver of a method.
    Receiver,
}

impl TryFrom<toml::Value> for Argument {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Argument, String> {
        match value {
            toml::Value::Integer(at) => usize::try_from(at)
                .map(Argument::At)
                .map_err(|error| error.to_string()),
            toml::Value::String(word) if word == "self" => Ok(Argument::Receiver),
            other => Err(format!("expected a number or \"self\", found {other}")),
        }
    }
}

/// What dropping a task's handle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDrop {
    /// The task goes on.
    Detach,
    /// The task is cancelled.
    Cancel,
    /// A set or tracker holds the task and sees its end.
    Owned,
    /// There is no handle, and no other way to see the task's end.
    None,
}

/// What a call that may fail by itself gives its result in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrapped {
    /// `Result<_, _>`
    Result,
    /// `Option<_>`
    Option,
}

/// What an offload gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Returns {
    /// A handle, awaited for the closure's value.
    Handle,
    /// The closure's value.
    Value,
    /// A future of the closure's value in a `Result`.
    Result,
    /// Nothing to await: a set holds the task.
    Owned,
}

/// Whose future a `block_on` polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drives {
    /// One of the receiver's runtime, which may be the current one.
    Handle,
    /// One of a runtime of its own.
    Runtime,
    /// Any: the executor has no reactor.
    Executor,
}

/// What a blocking call does on an async thread today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InAsync {
    /// It panics.
    Panics,
    /// It blocks the worker, and may hang.
    #[default]
    Blocks,
}

/// How many threads a runtime has for its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavor {
    /// One, that of whoever started it.
    CurrentThread,
    /// Several of its own.
    MultiThread,
}

/// A logging macro.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Logger {
    /// The package to depend on.
    pub package: String,
    /// The macro's path.
    pub path: String,
    /// Whether its first argument is a logger.
    #[serde(default)]
    pub takes_logger: bool,
}

/// What a derive macro implements.
#[derive(Debug, Clone, Deserialize)]
pub struct Derive {
    /// The proc-macro crate that defines it.
    pub krate: String,
    /// Its name.
    pub name: String,
    /// Paths of traits.
    pub implements: Vec<String>,
}

/// A function that blocks its thread.
#[derive(Debug, Clone, Deserialize)]
pub struct Blocking {
    /// The public path.
    pub path: String,
    /// What it waits for.
    pub kind: BlockingKind,
    /// What it does on an async thread.
    #[serde(default)]
    pub in_async: InAsync,
    /// The condition under which it blocks at all.
    pub when: Option<String>,
    /// A word that a file holds if it may call it.
    pub trigger: Option<String>,
    /// A single system call that people make without a second thought.
    #[serde(default)]
    pub cheap: bool,
    /// Why the user says so.
    #[serde(skip)]
    pub reason: Option<String>,
}

/// What a blocking call waits for, or computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockingKind {
    /// The file system.
    Fs,
    /// Time.
    Sleep,
    /// Another process.
    Process,
    /// A socket, or what answers on one.
    Net,
    /// The answer to a request.
    Http,
    /// A database.
    Database,
    /// Another thread.
    Sync,
    /// Another thread's message.
    Channel,
    /// The terminal.
    Stdin,
    /// The user says that it blocks.
    #[serde(skip)]
    Stated,
    /// It computes.
    #[serde(skip)]
    Computes(Work),
}

impl BlockingKind {
    /// What it computes, if the thread is busy meanwhile and does not wait.
    pub fn work(self) -> Option<Work> {
        match self {
            BlockingKind::Computes(work) => Some(work),
            _ => None,
        }
    }
}

/// A crate or module with functions that block their thread.
#[derive(Debug, Clone, Deserialize)]
pub struct BlockingCrate {
    /// Its path.
    pub path: String,
    /// What it waits for.
    pub kind: BlockingKind,
    /// Each is a single system call that people make without a second thought.
    #[serde(default)]
    pub cheap: bool,
    /// A word that a file holds if it may call one of them.
    pub trigger: Option<String>,
    /// What blocks in it, relative to `path`: functions and methods, or types and traits whose
    /// functions all do.
    #[serde(default)]
    pub calls: Vec<String>,
}

/// A crate whose functions do not block, with the exceptions.
#[derive(Debug, Clone, Deserialize)]
pub struct Nonblocking {
    /// The crate's name in code.
    pub name: String,
    /// Paths of modules, types and functions in it that may block.
    #[serde(default)]
    pub except: Vec<String>,
}

/// What a user may declare a function of their own to be, under `[[wrapper]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrapperKind {
    /// Takes a future first, and detaches it like `tokio::spawn`.
    Spawn,
    /// Takes a closure first, and gives back a handle like `tokio::task::spawn_blocking`.
    SpawnBlocking,
    /// Takes a future first, and drives it on this thread.
    BlockOn,
}

impl Knowledge {
    /// Adds a function of the user's own.
    pub fn add_wrapper(&mut self, path: &str, kind: WrapperKind) {
        let role = match kind {
            WrapperKind::Spawn => Role::Spawn {
                future: Argument::At(0),
                on_drop: OnDrop::Detach,
                join: None,
                wrapped: None,
            },
            WrapperKind::SpawnBlocking => Role::Offload {
                closure: Argument::At(0),
                returns: Returns::Handle,
                join: Some("tokio::task::JoinError".to_owned()),
                wrapped: None,
            },
            WrapperKind::BlockOn => Role::BlockOn {
                future: Argument::At(0),
                drives: Drives::Runtime,
                in_async: InAsync::Blocks,
            },
        };
        let (runtime, family) = ("wrapper".to_owned(), "tokio".to_owned());
        self.apis.push(Api {
            path: path.to_owned(),
            runtime,
            family,
            unstable: false,
            trigger: None,
            role,
        });
    }

    /// The words of which a file holds one, if it may name something whose role is asked for.
    pub fn triggers(&self, wanted: impl Fn(&Role) -> bool) -> Vec<String> {
        let rows = self.apis.iter().filter(|api| wanted(&api.role));
        rows.map(|api| api.trigger.as_deref().unwrap_or(api.name()).to_owned())
            .collect()
    }

    /// The last segments of all paths whose role is asked for.
    pub fn names(&self, wanted: impl Fn(&Role) -> bool) -> Vec<String> {
        let mut names: Vec<String> = self
            .apis
            .iter()
            .filter(|api| wanted(&api.role))
            .map(|api| api.name().to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The words of which a file holds one, if a codemod can have something to say about it.
    pub fn words(&self) -> FxHashSet<String> {
        let names = self.names(|_| true).into_iter();
        let others = guard_words().iter().chain(executor_words());
        names.chain(others.cloned()).collect()
    }
}

/// Whether a name is this word.
pub fn is_named(name: &Name, word: &str) -> bool {
    name.as_str() == word
}

/// What follows the last `::`.
pub fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
