//! Awaits a future that a thread was taken for only to drive it.
//!
//! # What it does
//! Finds closures that are offloaded to the blocking pool (`spawn_blocking`, `unblock`,
//! `web::block`) or run by `block_in_place`, and that do nothing but `block_on` a future, or make
//! one. The future is awaited instead. Where the offload was awaited, the `JoinError` around its
//! value is gone, and so is the `?` or `unwrap` that took it off. Where its handle was kept, the
//! future becomes a task of its own.
//!
//! # Why is this bad
//! The thread of the pool waits for what an async thread waits for at no cost. The pool is large
//! but not endless: under load the calls queue up, and where one of them needs a second, nothing
//! moves any more. A closure that only makes a future is worse: nobody ever polls it.
//!
//! # Before
//! ```rust
//! use tokio::{runtime::Handle, task::spawn_blocking};
//!
//! async fn fetch(url: &str) -> std::io::Result<String> {
//!     let stream = tokio::net::TcpStream::connect(url).await?;
//!     Ok(stream.peer_addr()?.to_string())
//! }
//!
//! async fn title(url: String) -> std::io::Result<String> {
//!     let handle = Handle::current();
//!     spawn_blocking(move || handle.block_on(fetch(&url))).await?
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn fetch(url: &str) -> std::io::Result<String> {
//!     let stream = tokio::net::TcpStream::connect(url).await?;
//!     Ok(stream.peer_addr()?.to_string())
//! }
//!
//! async fn title(url: String) -> std::io::Result<String> {
//!     fetch(&url).await
//! }
//! ```
//!
//! # When it refuses
//! - The future is driven by another runtime than the one that would poll it, or that can't be
//!   told (R1).
//! - The future's type is not known (R2).
//! - The future is known not to be `Send` (R3).
//! - The error around the value is looked at: by `match`, `if let`, `is_panic`; or the handle is
//!   handed to `select!`, `join!` or `timeout`, or aborted (R5).
//! - A task would take its place, and the package does not depend on the crate that spawns it (R6).
//! - What is done with its value stands in a macro, and not in the file (R8).
//! - A guard would be held while the future waits (R9).
//! - Left to a person: the closure does other work as well, or says of which type its value is, the
//!   future itself blocks its thread, or a comment says why the offload is there.
//!
//! # Safety
//! Safe where the future is known not to block, the error around its value goes as the others do,
//! and no `select!`, `timeout` or `abort` around it could now drop the future half way. A panic
//! then unwinds into the caller, the work is inside of the caller's span and sees its task-locals,
//! and it ends where the caller's future is dropped. Unsafe otherwise, and where a task replaces
//! the offload.

use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    analysis::{
        awaited::{self, Future},
        blocking::{Stops, function_stops, stops},
        captured::{leaves_temporary, must_own},
        discard::{Fate, fate_of},
        driven::{Driven, Offloaded, has_own_type},
        handle::{is_of_this_runtime, other_runtime},
        held::refutes_send,
        in_place::{InPlace, Trust, cancellation, endless, held, take_away},
        join_error::{Consumer, consumer, outermost},
        offload::Site,
        surroundings::{begins_statement, comment_about},
        task_handle::{Handle, spawn_in_its_place},
    },
    change::Change,
    codemod::{Codemod, Effect, Finding, Findings, Note, Pass, Safety, Verdict},
    context::FileContext,
    knowledge::{Returns, Role},
    refusal::{Refusal, RefusalKind},
    syntax::names_types,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "pointless-spawn-blocking",
    summary: "a thread that is taken only to drive a future",
    title: Some("Await futures without a thread for each"),
    docs: include_str!("pointless_spawn_blocking.rs"),
    safety: Safety::Safe,
    opt_in: false,
    triggers: |knowledge| knowledge.triggers(is_offload),
    tokens: |tokens| tokens.name_an_api(),
    candidates: |outline, knowledge| outline.calls(knowledge, is_offload),
    pass: Pass::File(pass),
};

fn is_offload(role: &Role) -> bool {
    matches!(role, Role::Offload { .. })
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for call in ctx.calls(is_offload) {
        let Some(site) = Site::of(ctx, &call) else {
            continue;
        };
        if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
            findings.quiet("offloads in tests (--include-tests)");
            continue;
        }
        let mut why = Vec::new();
        let verdict = site.verdict(&mut why);
        findings.items.push(Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message: site.message(),
            why,
            conversion: None,
            verdict,
        });
    }
}

impl<'a> Site<'a, '_> {
    /// The one place where it is decided; each refusal says why.
    fn verdict(&self, why: &mut Vec<Note>) -> Verdict {
        let refuse = |kind, message: &str| Verdict::Refused(Refusal::new(kind, message));
        let until = match &self.does {
            Offloaded::Only(driven) => driven.future.expr().syntax().clone(),
            Offloaded::Mixed(call) => call.syntax().clone(),
            Offloaded::Other => self.call.expr.syntax().clone(),
        };
        let until = self
            .ctx
            .source_range(&until)
            .map_or(self.call.range.end(), TextRange::start);
        let name = self.call.api.short_path();
        if let Some(advice) = comment_about(self.ctx, self.call.expr.syntax(), name, until) {
            return Verdict::Manual(advice);
        }
        let driven = match &self.does {
            Offloaded::Only(driven) => driven,
            Offloaded::Mixed(call) => {
                let closure = call.syntax().ancestors().find_map(ast::ClosureExpr::cast);
                let closure = closure.as_ref().map(AstNode::syntax);
                let by = self.ctx.call(call);
                if let Some(refusal) =
                    by.and_then(|by| other_runtime(self.ctx, &by, &self.body, closure))
                {
                    return Verdict::Refused(refusal);
                }
                let waits = self.ctx.source_text(call.syntax()).unwrap_or_default();
                let waits = waits.lines().next().unwrap_or_default();
                return Verdict::Manual(format!(
                    "the closure does other work as well: split it, await the future outside \
                     (`{waits}`), and offload only what blocks"
                ));
            }
            Offloaded::Other => unreachable!("such a site is not made"),
        };
        if let Some(refusal) = self.other_runtime(driven) {
            return Verdict::Refused(refusal);
        }
        if let Future::Expr(expr) = &driven.future
            && !self.ctx.is_known_future(expr)
        {
            return refuse(RefusalKind::R2, "the type of the future is not known");
        }
        if let Some(words) = refutes_send(self.ctx, &driven.future) {
            return refuse(RefusalKind::R3, &words);
        }
        let mut trust = Trust::default();
        let found = match &driven.future {
            Future::Expr(expr) => stops(self.ctx, expr),
            Future::Function(path) => match self.ctx.callee_of_path(path) {
                Some(function) => function_stops(self.ctx, function),
                None => return refuse(RefusalKind::R2, "the function is not known"),
            },
        };
        match found {
            Stops::No => {}
            Stops::Unknown(place) => {
                why.push(place.note("may block its thread: nothing is known of it"));
                trust.lower();
            }
            Stops::Yes(place) => {
                why.push(place.note("blocks its thread"));
                return Verdict::Manual(format!(
                    "the future blocks its thread at `{}`; once that is async, the offload can go",
                    place.callee
                ));
            }
        }
        let typed = driven.typed || names_types(self.call.expr.syntax());
        if typed && !has_own_type(self.ctx, driven) {
            let message = "the closure says of which type its value is; say so where the future is \
                           awaited";
            return Verdict::Manual(message.to_owned());
        }
        match &self.fate {
            Handle::Awaited(awaited) => self.awaited(driven, awaited, trust, why),
            Handle::Kept | Handle::Dropped | Handle::Returned => {
                if self.is_async && matches!(self.fate, Handle::Returned) {
                    let error = "the handle is returned or passed on, and whoever awaits it is not \
                                 in sight";
                    return refuse(RefusalKind::R5, error);
                }
                self.spawned(driven, why)
            }
            Handle::Used(words) => refuse(RefusalKind::R5, words),
        }
    }

    /// Why the future would run on another runtime than it does now.
    fn other_runtime(&self, driven: &Driven<'a>) -> Option<Refusal> {
        let own = matches!(self.returns, Returns::Owned) || self.keeps_receiver();
        if let Some(receiver) = &self.call.receiver
            && !own
            && !is_of_this_runtime(self.ctx, receiver, &self.body, None)
        {
            let text = self
                .ctx
                .source_text(receiver.syntax())
                .unwrap_or("the receiver");
            let message = format!(
                "the closure is offloaded to the runtime of `{text}`, which is not known to be \
                 the one that this code runs on"
            );
            return Some(Refusal::new(RefusalKind::R1, message));
        }
        // A thread of another crate's pool has no runtime that is current.
        let on_pool = self.call.api.family == "tokio";
        let closure = driven.closure.as_ref().map(|it| it.syntax().clone());
        let closure = closure.as_ref().filter(|_| on_pool);
        other_runtime(self.ctx, driven.by.as_ref()?, &self.body, closure)
    }

    fn awaited(
        &self,
        driven: &Driven<'a>,
        awaited: &ast::Expr,
        mut trust: Trust,
        why: &mut Vec<Note>,
    ) -> Verdict {
        if self.keeps_receiver() {
            return self.spawned(driven, why);
        }
        let consumed = match consumer(self.ctx, awaited, self.join) {
            Ok(consumed) => consumed,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        let Consumer {
            mut whole,
            safety,
            mut effects,
            loses,
        } = consumed;
        if safety < Safety::Safe {
            trust.lower();
        }
        why.extend(loses.map(Note::new));
        effects.extend(match self.returns {
            Returns::Value => vec![Effect::Cancellation],
            _ => vec![
                Effect::Cancellation,
                Effect::Span,
                Effect::TaskLocal,
                Effect::Thread,
            ],
        });
        if driven.by.is_none() {
            let parent = outermost(&whole).syntax().parent();
            match parent.and_then(ast::AwaitExpr::cast) {
                Some(polled) => whole = polled.into(),
                None if matches!(fate_of(self.ctx, &whole), Fate::Dropped { .. }) => {
                    why.push(Note::new("the future has never run, and does now"));
                    effects.push(Effect::Timing);
                    trust.lower();
                }
                None => {
                    let message = "the future that the closure makes is used later on";
                    return Verdict::Refused(Refusal::new(RefusalKind::R5, message));
                }
            }
        }
        let node = self.call.expr.syntax();
        let waits_anew = self.returns == Returns::Value;
        let mut refusal = endless(self.ctx, &driven.future, &self.body);
        if refusal.is_none() && waits_anew {
            refusal = held(self.ctx, node, &self.body, &mut trust, why);
        }
        if let Some(refusal) = refusal {
            return Verdict::Refused(refusal);
        }
        if let Some(cancelled) = cancellation(self.ctx, node) {
            why.push(cancelled);
            trust.lower();
        }
        let rewrite = Rewrite {
            site: self,
            driven,
            whole,
        };
        rewrite.verdict(trust, effects, why)
    }

    /// A task in the place of the offload: its handle stays what it was.
    fn spawned(&self, driven: &Driven<'a>, why: &mut Vec<Note>) -> Verdict {
        let spawn = match spawn_in_its_place(self.ctx, self.call) {
            Ok(spawn) => spawn,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        if !driven.clones.is_empty() || driven.discards {
            let message = "the closure clones what the future is made of; make the clones before \
                           the call, and spawn the future";
            return Verdict::Manual(message.to_owned());
        }
        let Role::Offload { closure, .. } = &self.call.api.role else {
            unreachable!("calls of offloads are asked for");
        };
        let edit = || {
            let argument = self.call.argument(*closure)?;
            let range = self.ctx.source_range(argument.syntax())?;
            let text = awaited::spawned(self.ctx, &driven.future, range, driven.owns())?;
            let kept = self.ctx.source_range(driven.future.expr().syntax())?;
            let mut change = Change::default();
            change.replace(self.ctx.file, spawn.range, spawn.text.clone());
            change.replace(self.ctx.file, range, text);
            if !spawn.keeps_path {
                take_away(self.ctx, &mut change, spawn.range, Vec::new());
            }
            let comments = take_away(self.ctx, &mut change, range, vec![kept]);
            Some((change, comments))
        };
        let Some((change, comments)) = edit() else {
            return in_macro();
        };
        if comments {
            why.push(Note::new("a comment in the closure goes away with it"));
        }
        let mut effects = vec![Effect::Cancellation, Effect::Thread];
        if driven.by.is_none() {
            why.push(Note::new("the future has never run, and does now"));
            effects.push(Effect::Timing);
        }
        effects.sort_unstable();
        Verdict::Rewrite {
            safety: Safety::Unsafe,
            change,
            effects,
        }
    }
}

fn in_macro() -> Verdict {
    let message = "the call stands in what a macro makes, and can't be edited in the file";
    Verdict::Refused(Refusal::new(RefusalKind::R8, message))
}

/// The future, awaited in the place of `whole`.
struct Rewrite<'a, 'b, 'c> {
    site: &'c Site<'a, 'b>,
    driven: &'c Driven<'a>,
    whole: ast::Expr,
}

impl Rewrite<'_, '_, '_> {
    fn verdict(&self, mut trust: Trust, mut effects: Vec<Effect>, why: &mut Vec<Note>) -> Verdict {
        let ctx = self.site.ctx;
        let in_statement = self
            .whole
            .syntax()
            .parent()
            .is_some_and(|it| ast::ExprStmt::can_cast(it.kind()));
        if self.driven.discards && !in_statement {
            let message = "the closure drops the future's output, and its own value is used";
            return Verdict::Refused(Refusal::new(RefusalKind::R5, message));
        }
        if !self.driven.clones.is_empty() && (in_statement || begins_statement(&self.whole)) {
            let message = "the closure clones what the future is made of; make the clones before \
                           the call, and await the future";
            return Verdict::Manual(message.to_owned());
        }
        let in_block = match (&self.driven.closure, &self.driven.future) {
            (Some(closure), Future::Expr(future)) => {
                let inlined = awaited::only_awaited(ctx, future);
                let is_block = matches!(future, ast::Expr::BlockExpr(_)) && inlined.is_none();
                let inner = inlined.as_ref().unwrap_or(future);
                !is_block && (must_own(ctx, closure, inner) || leaves_temporary(ctx, inner))
            }
            _ => false,
        };
        let in_place = InPlace {
            whole: &self.whole,
            future: &self.driven.future,
            owned: self.driven.owns(),
            in_block,
            clones: &self.driven.clones,
        };
        let Some((change, comments)) = in_place.change(ctx) else {
            return in_macro();
        };
        if comments {
            why.push(Note::new("a comment in the closure goes away with it"));
            trust.lower();
        }
        effects.sort_unstable();
        effects.dedup();
        Verdict::Rewrite {
            safety: trust.safety(),
            change,
            effects,
        }
    }
}
