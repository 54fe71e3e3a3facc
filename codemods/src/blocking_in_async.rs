//! Awaits what a blocking call waits for, where it stops an async thread.
//!
//! # What it does
//! Finds calls that stop their thread (`std::thread::sleep`, `std::fs`, processes, sockets, channels,
//! databases, and what else the tables know) in async functions, blocks and closures. Where the
//! runtime, or the type itself, has the same function for async code, that is awaited in its place:
//! - a function of the same arguments: `std::thread::sleep`, and those of `std::fs`;
//! - another method of the same value: tokio's `blocking_recv`, `blocking_lock` and their like, and
//!   those of flume, async-channel and async-lock;
//! - a process that is built and waited for in one place: `Command::new(..).arg(..).output()`, or a
//!   local that is used for nothing else;
//! - on tokio, a `File` that is opened, read and written in one function, by methods that both types have.
//!   tokio writes behind the back of the file's owner: what is written is flushed there and then, so that
//!   it is there, and fails, where it did.
//!   The imports of `Read` and `Write` stay: where nothing else has a use for them, the compiler says so.
//!
//! A call that has no counterpart goes into a closure of its own (`spawn_blocking`, `unblock`), if all
//! that it takes is owned and used for nothing else.
//!
//! A function that blocks, and then gives back a future that is ready (`ready(std::fs::read(path))`, boxed
//! or not), becomes an `async fn` that awaits, if each of its calls is awaited on the spot.
//!
//! Where a function that is not async sleeps, or waits for a process, a socket or a channel, and async
//! code comes to it through others, the calls between are shown, and a person has to choose.
//!
//! What waits for the file system follows `--fs`: with `auto`, one or two calls are awaited, more of
//! them and those in a loop are left to a person, for each takes a thread of the pool, and a cheap one
//! like `metadata` is left as it is. `tokio` awaits each of them, `offload` puts a single one into a
//! closure of its own and leaves several to a person, and `keep` leaves them. In the program's entry, `auto` leaves them: nothing waits for it yet.
//!
//! Locks that are held for a moment, output to the terminal, `Path::exists` and the environment are no
//! findings, and neither is what stands in a closure that runs elsewhere.
//!
//! # Why is this bad
//! An async thread serves many tasks. While a call stops it, none of them goes on: timeouts come late,
//! and where the call waits for one of them, it waits for ever. tokio's own `blocking_recv` and
//! `blocking_lock` panic there.
//!
//! # Before
//! ```rust
//! use std::{thread, time::Duration};
//!
//! pub fn start() {
//!     tokio::spawn(async {
//!         for n in 1..4 {
//!             thread::sleep(Duration::from_secs(n));
//!         }
//!     });
//! }
//! ```
//!
//! # After
//! ```rust
//! use std::time::Duration;
//!
//! pub fn start() {
//!     tokio::spawn(async {
//!         for n in 1..4 {
//!             tokio::time::sleep(Duration::from_secs(n)).await;
//!         }
//!     });
//! }
//! ```
//!
//! # When it refuses
//! - The package depends on several runtimes, or on none, and nothing near says which one drives the
//!   code (R1).
//! - The type of an argument is not known, or something else goes by the new path (R2).
//! - An argument that is not `Send` would be held where the future has to be `Send` (R3).
//! - The call says which types it is for, its method is called by its path, or a process is built
//!   elsewhere, is used for something else, or has what the other builder has not (R5).
//! - The manifest does not ask for the package or the feature that it takes (R6). With `--fix-manifests`
//!   the feature of a package that is there is a part of the change.
//! - The future that a function gives back is kept, dropped, or handed on by one of its callers (R5), or
//!   driven by an executor that may have no runtime (R1). The function is handed over as a value (F7),
//!   stored (F16) or registered as a handler (F17); its name stands in a macro (F11), in code that is not
//!   compiled (F12), or where nobody can tell what it is (R4). It is called by another language (F9), takes
//!   a value that is not `Send` (F15), or its crate is of edition 2015 (F22).
//! - It stands in a closure that is called there and then by what has no counterpart that waits (F6).
//! - A guard, or another value that is not `Send`, would be held while it waits (R9).
//! - Left to a person: what has no counterpart, or one of another type, whose every use changes
//!   (`TcpStream`, `Client`, a process that is spawned, a `File` that is handed on or sought in); a comment
//!   says why the call is there.
//!
//! # Safety
//! Safe for a sleep, for a process, and for what panics today. Unsafe for the file system, and for what
//! goes into a closure, whose work goes to another thread; for channels and locks that only stop the
//! thread; where the package builds a runtime without its timer and its input and output, or drives
//! futures with an executor that has none, for tokio's futures panic there; and where a `select!`, a
//! `timeout` or an `abort` stands around the call, for it can now be dropped half way.

mod command;
mod eager;
mod file;
mod rewrite;
mod strategy;

use std::{collections::BTreeSet, sync::Mutex};

use ra_ap_syntax::{AstNode, SyntaxNode};

use self::{
    rewrite::rewritten,
    strategy::{Advice, Crowd, Files, bare_runtimes, is_followed, stops},
};
use crate::{
    analysis::{
        blocking_calls::{BlockingCall, blocking_calls},
        call_chains::{InFile, Seed, in_files, short_path},
        closures::Around,
        equivalents::equivalent,
        held::made_beside,
        in_place::{Rewritten, Trust, cancellation, goes_elsewhere, held},
        runtime_of::{Driver, driver_of, unknown_runtime},
        surroundings::comment_about,
        taken_along::Copies,
        to_thread::{Pool, offloaded},
    },
    codemod::{Codemod, Effect, Finding, Findings, Note, Pass, Safety, Verdict},
    context::{Enclosing, FileContext},
    knowledge::{BlockingFilter, BlockingKind, Equivalent, InAsync, Shape},
    refusal::{Refusal, RefusalKind},
    settings::Fs,
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "blocking-in-async",
    summary: "a call that stops an async thread",
    title: Some("Keep blocking calls off async threads"),
    docs: include_str!("blocking_in_async.rs"),
    safety: Safety::Safe,
    opt_in: false,
    triggers: |knowledge| {
        let words = knowledge.blocking_words.iter().filter(|it| waits(it.kind));
        words.map(|word| word.hint().to_owned()).collect()
    },
    tokens: |tokens| tokens.name_what_blocks(),
    candidates: |outline, knowledge| {
        let mut candidates = outline.blocking_calls(knowledge, FILTER);
        candidates.extend(eager::candidates(outline));
        candidates
    },
    pass: Pass::Workspace(pass),
};

const IN_CLOSURES: &str = "blocking calls in closures that run elsewhere";
const IN_SYNC: &str = "blocking calls in functions that are not async";
const CHEAP: &str = "calls that unpark.toml says are cheap";
const CONDITIONAL: &str = "calls that block only under a condition that can't be seen";
const OWN_THREAD: &str = "blocking calls in async code that has a thread of its own";

const FILTER: BlockingFilter = BlockingFilter {
    kinds: waits,
    anywhere: is_followed,
};

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    let bare = bare_runtimes(ws);
    let eager = Mutex::new(Vec::new());
    let in_file = |ctx: &FileContext<'_>| {
        let bare = bare.get(&ctx.package.name).map(String::as_str);
        let (found, rest) = (eager::in_file(ctx, bare), in_file(ctx, bare));
        eager.lock().expect("no panic while held").extend(found);
        rest
    };
    in_files(ws, &CODEMOD, IN_SYNC, in_file, findings);
    let eager = eager.into_inner().expect("no panic while held");
    eager::settle(ws, eager, findings);
}

fn in_file(ctx: &FileContext<'_>, bare: Option<&str>) -> InFile {
    let InFile {
        mut found,
        mut inside,
    } = InFile::default();
    let calls: Vec<(BlockingCall<'_>, Around)> = blocking_calls(ctx, FILTER, &mut found)
        .into_iter()
        .filter_map(|call| {
            let around = Around::of(ctx, call.expr.syntax())?;
            Some((call, around))
        })
        .collect();
    let files = Files::of(&calls);
    for (call, around) in &calls {
        let kind = call.blocks.kind;
        let quiet = if call.is_cheap {
            Some(CHEAP)
        } else if call.blocks.is_conditional {
            Some(CONDITIONAL)
        } else if around.enclosing.is_async() {
            files.quiet(ctx, call, &around.enclosing)
        } else if let Enclosing::SyncFn(function) = &around.enclosing {
            if eager::is_one(ctx, function) {
                continue;
            }
            let named = ctx
                .sema
                .to_fn_def(function)
                .is_some_and(|it| ctx.known.is_cheap(it) || ctx.known.blocks(ctx.db, it).is_some());
            let seed = (is_followed(kind) && !named)
                .then(|| Seed::new(ctx, call, function, stops(&call.blocks)));
            match seed.flatten() {
                Some(seed) => {
                    inside.push(seed);
                    continue;
                }
                None => Some(IN_SYNC),
            }
        } else {
            Some(IN_CLOSURES)
        };
        let driver = driver_of(ctx, &around.enclosing);
        let quiet = quiet.or_else(|| (driver == Driver::OwnThread).then_some(OWN_THREAD));
        let body = around.enclosing.body().ok_or(IN_CLOSURES);
        let body = match quiet.map_or(body, Err) {
            Ok(body) => body,
            Err(reason) => {
                found.quiet(reason);
                continue;
            }
        };
        let site = Site {
            ctx,
            call,
            around,
            body,
            driver,
            crowd: files.crowd(ctx, call),
            bare,
        };
        let mut why = Vec::new();
        let verdict = site.verdict(&mut why);
        found.items.push(Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message: stops(&call.blocks),
            why,
            conversion: None,
            verdict,
        });
    }
    InFile { found, inside }
}

/// A call in async code.
struct Site<'a, 'b> {
    ctx: &'b FileContext<'a>,
    call: &'b BlockingCall<'a>,
    around: &'b Around,
    /// The function, block or closure around it that waits.
    body: SyntaxNode,
    driver: Driver,
    /// Why several calls of the file system should be offloaded together.
    crowd: Option<Crowd>,
    /// What may drive futures, and can't drive those of tokio.
    bare: Option<&'b str>,
}

/// What stands in the place of a call.
enum Way<'a> {
    /// Another function.
    Instead(&'a Equivalent),
    /// The call itself, in a closure.
    Offloaded(Box<Rewritten>),
}

impl Site<'_, '_> {
    /// The one place where it is decided; each refusal says why.
    fn verdict(&self, why: &mut Vec<Note>) -> Verdict {
        let (ctx, blocks) = (self.ctx, &self.call.blocks);
        let node = self.call.expr.syntax();
        let name = short_path(blocks.path);
        if let Some(advice) = comment_about(ctx, node, name, self.call.range.start()) {
            return Verdict::Manual(advice);
        }
        let family = match &self.driver {
            Driver::Family(family) => Some(family.as_str()),
            Driver::OwnThread | Driver::Unknown(_) => None,
        };
        let pool = Pool { ctx, family };
        let advice = Advice { pool };
        let way = match self.way(&advice, why) {
            Ok(way) => way,
            Err(verdict) => return verdict,
        };
        let mut trust = Trust::default();
        if let Some(refusal) = self.held(&mut trust, why) {
            return Verdict::Refused(refusal);
        }
        let rewritten = match &way {
            Way::Offloaded(rewritten) => Ok((**rewritten).clone()),
            Way::Instead(found) => rewritten(ctx, &self.call.expr, found, &mut trust, why),
        };
        let rewritten = match rewritten {
            Ok(rewritten) => rewritten,
            Err(refusal) => return self.stays(&way, &advice, refusal, why),
        };
        if !rewritten.elsewhere.is_empty() && !self.around.closures.is_empty() {
            let message = "it is built outside of the closure that waits for it";
            return Verdict::Refused(Refusal::new(RefusalKind::R5, message));
        }
        let (mut change, comments) = match self.around.change(ctx, rewritten.written.clone()) {
            Ok(changed) => changed,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        rewritten.complete(ctx, &mut change);
        if comments {
            why.push(Note::new("a comment in the call goes away with it"));
            trust.lower();
        }
        let mut effects = BTreeSet::new();
        if let Some(cancelled) = cancellation(ctx, node) {
            why.push(cancelled);
            effects.insert(Effect::Cancellation);
            trust.lower();
        }
        let (elsewhere, renamed, family) = match way {
            Way::Offloaded(_) => (true, false, "any"),
            Way::Instead(found) => (
                blocks.kind == BlockingKind::Fs,
                found.shape == Shape::Renamed,
                found.family.as_str(),
            ),
        };
        if elsewhere {
            effects.insert(goes_elsewhere(&mut trust, why));
        }
        let stated = blocks.kind == BlockingKind::Stated;
        if stated || renamed && blocks.in_async == InAsync::Blocks {
            trust.lower();
        }
        if let Some(place) = self.bare.filter(|_| family == "tokio") {
            why.push(Note::new(format!(
                "{place}, and this one would panic there"
            )));
            trust.lower();
        }
        Verdict::Rewrite {
            safety: trust.safety(),
            change,
            effects: effects.into_iter().collect(),
        }
    }

    /// What is said where nothing can stand in the place of the call. A value whose uses can't be followed is
    /// left to a person.
    fn stays(
        &self,
        way: &Way<'_>,
        advice: &Advice<'_, '_>,
        refusal: Refusal,
        why: &mut Vec<Note>,
    ) -> Verdict {
        match way {
            Way::Instead(found)
                if found.shape == Shape::Followed && refusal.kind == RefusalKind::R5 =>
            {
                why.push(Note::new(refusal.message));
                Verdict::Manual(advice.other_type(&found.path))
            }
            _ => Verdict::Refused(refusal),
        }
    }

    /// What could stand in the place of the call.
    fn way(&self, advice: &Advice<'_, '_>, why: &mut Vec<Note>) -> Result<Way<'_>, Verdict> {
        let (ctx, blocks) = (self.ctx, &self.call.blocks);
        let node = self.call.expr.syntax();
        if let Some(crowd) = &self.crowd {
            if crowd.others.is_empty() && ctx.settings.blocking_in_async.fs == Fs::Offload {
                return self.offloaded(advice, why);
            }
            why.extend(crowd.others.iter().map(|range| {
                Note::at(
                    Some((ctx.file, *range)),
                    format!("`{}` is another one", first_line(ctx.slice(*range))),
                )
            }));
            return Err(Verdict::Manual(advice.together(crowd)));
        }
        let found =
            equivalent(ctx, node, blocks.path, advice.pool.family).map_err(Verdict::Refused)?;
        match (found, &self.driver) {
            (Some(found), _) if found.shape == Shape::OtherType => {
                Err(Verdict::Manual(advice.other_type(&found.path)))
            }
            (Some(found), _) => Ok(Way::Instead(found)),
            (None, Driver::Unknown(families)) if strategy::has_any(ctx, blocks.path) => {
                Err(Verdict::Refused(unknown_runtime(families)))
            }
            (None, _) => self.offloaded(advice, why),
        }
    }

    /// The call in a closure of its own, or what a person may do instead.
    fn offloaded(&self, advice: &Advice<'_, '_>, why: &mut Vec<Note>) -> Result<Way<'_>, Verdict> {
        let pool = &advice.pool;
        let Some(row) = pool.row() else {
            return Err(Verdict::Manual(pool.advice()));
        };
        match offloaded(self.ctx, &self.call.expr, row, Copies::Cheap) {
            Ok(rewritten) => Ok(Way::Offloaded(Box::new(rewritten))),
            Err(refusal) if refusal.kind == RefusalKind::R6 => Err(Verdict::Refused(refusal)),
            Err(refusal) => {
                why.push(Note::new(refusal.message));
                Err(Verdict::Manual(pool.advice()))
            }
        }
    }

    /// Why nothing may wait here, for what is held meanwhile.
    fn held(&self, trust: &mut Trust, why: &mut Vec<Note>) -> Option<Refusal> {
        let node = self.call.expr.syntax();
        let beside = made_beside(self.ctx, &self.call.expr);
        beside
            .iter()
            .find_map(|it| it.refusal())
            .or_else(|| held(self.ctx, node, &self.body, trust, why))
    }
}

/// Whether a call is one that waits.
fn waits(kind: BlockingKind) -> bool {
    kind.work().is_none()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
