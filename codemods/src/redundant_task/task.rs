//! Tasks that are spawned only to be awaited on the spot.

use ra_ap_syntax::{AstNode, TextRange, ast};

use super::CODEMOD;
use crate::{
    analysis::{
        awaited::{Future, only_awaited},
        captured::block_must_own,
        handle::is_of_this_runtime,
        in_place::{InPlace, Trust, endless},
        join_error::consumer,
        severity::flavor_of,
        surroundings::{cancelled_by, comment_with},
        task_handle::{Handle, fate_of_handle},
    },
    codemod::{Effect, Finding, Findings, IN_TESTS, Note, Verdict},
    context::{Call, Enclosing, FileContext},
    knowledge::{OnDrop, Role},
    refusal::{Refusal, RefusalKind},
    syntax::names_types,
};

/// Words of a comment that says what a task is good for.
const REASONS: [&str; 10] = [
    "spawn",
    "task",
    "panic",
    "cancel",
    "abort",
    "detach",
    "isolat",
    "stack",
    "thread",
    "disconnect",
];

/// Looks at one spawn.
pub fn judge<'a>(ctx: &FileContext<'a>, call: &Call<'a>, findings: &mut Findings) {
    let Role::Spawn {
        future,
        on_drop,
        join,
        wrapped: None,
    } = &call.api.role
    else {
        return;
    };
    let (Some(future), Some(enclosing)) =
        (call.argument(*future), ctx.enclosing(call.expr.syntax()))
    else {
        return;
    };
    if *on_drop == OnDrop::Owned || !enclosing.is_async() {
        return;
    }
    let Handle::Awaited(awaited) = fate_of_handle(ctx, &call.expr, true) else {
        return;
    };
    if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return;
    }
    let site = Site {
        ctx,
        call,
        future,
        enclosing,
        awaited,
        join: join.as_deref(),
    };
    let mut why = Vec::new();
    let verdict = site.verdict(&mut why).unwrap_or_else(Verdict::Refused);
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range: call.range,
        message: format!(
            "`{}` makes a task that is awaited on the spot",
            call.api.short_path()
        ),
        why,
        conversion: None,
        verdict,
    });
}

/// A spawn that is awaited on the spot.
struct Site<'a, 'b> {
    ctx: &'b FileContext<'a>,
    call: &'b Call<'a>,
    future: &'b ast::Expr,
    enclosing: Enclosing,
    /// The `.await` of its handle.
    awaited: ast::Expr,
    join: Option<&'b str>,
}

impl Site<'_, '_> {
    fn verdict(&self, why: &mut Vec<Note>) -> Result<Verdict, Refusal> {
        let ctx = self.ctx;
        let node = self.call.expr.syntax();
        let until = ctx
            .source_range(self.future.syntax())
            .map_or(self.call.range.end(), TextRange::start);
        if let Some(advice) = comment_with(ctx, node, self.call.api.name(), &REASONS, until) {
            return Ok(Verdict::Manual(advice));
        }
        self.runs_elsewhere()?;
        if ctx
            .type_of(self.future)
            .is_none_or(|ty| ty.contains_unknown())
        {
            let message = "the type of the future is not known";
            return Err(Refusal::new(RefusalKind::R2, message));
        }
        let consumed = consumer(ctx, &self.awaited, self.join)?;
        self.is_deliberate()?;
        let future = Future::Expr(self.future.clone());
        let body = self.enclosing.body();
        if let Some(refusal) = body.and_then(|body| endless(ctx, &future, &body)) {
            return Err(refusal);
        }
        let in_block = match self.future {
            ast::Expr::BlockExpr(block) => only_awaited(ctx, self.future)
                .is_some_and(|inner| block_must_own(ctx, block, &inner)),
            _ => false,
        };
        let in_place = InPlace {
            whole: &consumed.whole,
            future: &future,
            owned: in_block,
            in_block,
            clones: &[],
        };
        let Some((change, comments)) = in_place.change(ctx) else {
            let message = "the call stands in what a macro makes, and can't be edited in the file";
            return Err(Refusal::new(RefusalKind::R8, message));
        };
        why.extend(consumed.loses.map(Note::new));
        why.push(Note::new(
            "the task runs to its end where the caller's future is dropped, and the future would \
             not",
        ));
        if comments {
            why.push(Note::new("a comment in the call goes away with it"));
        }
        let mut trust = Trust::default();
        trust.lower();
        let mut effects = consumed.effects;
        effects.extend([Effect::Cancellation, Effect::Span, Effect::TaskLocal]);
        effects.sort_unstable();
        Ok(Verdict::Rewrite {
            safety: trust.safety(),
            change,
            effects,
        })
    }

    /// Why the future would run on another runtime, or thread, than it does now.
    fn runs_elsewhere(&self) -> Result<(), Refusal> {
        let (ctx, api) = (self.ctx, self.call.api);
        let path = &api.path;
        if path.contains("TaskTracker") {
            let message = "the tracker would no longer wait for it";
            return Err(Refusal::new(RefusalKind::R5, message));
        }
        let same = match &self.call.receiver {
            Some(receiver) => self
                .enclosing
                .body()
                .is_some_and(|body| is_of_this_runtime(ctx, receiver, &body, None)),
            None => api.runtime == "tokio",
        };
        if !same {
            let message =
                format!("`{path}` is not known to spawn on the runtime that this code runs on");
            return Err(Refusal::new(RefusalKind::R1, message));
        }
        if api.name().contains("local") {
            let message = format!(
                "`{path}` takes a future that need not be `Send`, and this code may have to be"
            );
            return Err(Refusal::new(RefusalKind::R3, message));
        }
        Ok(())
    }

    /// What the task may well be there for.
    fn is_deliberate(&self) -> Result<(), Refusal> {
        let (ctx, node) = (self.ctx, self.call.expr.syntax());
        let refuse = |message: String| Err(Refusal::new(RefusalKind::R5, message));
        if names_types(node) {
            return refuse("the call says of which type the future is".to_owned());
        }
        if let Some(name) = cancelled_by(ctx, node).first() {
            return refuse(format!(
                "`{name}` may drop the future half way, and the task runs on"
            ));
        }
        match &self.enclosing {
            Enclosing::AsyncFn(function) if flavor_of(ctx, function).is_some() => refuse(
                "the task runs on a worker thread, and the future of the entry point on the \
                 thread that waits for it"
                    .to_owned(),
            ),
            Enclosing::AsyncFn(_) => Ok(()),
            Enclosing::AsyncBlock(block) if is_spawned_itself(ctx, block) => Ok(()),
            _ => refuse(
                "the async block may be polled beside others, and only tasks run at the same time"
                    .to_owned(),
            ),
        }
    }
}

/// Whether a block is a task of its own.
fn is_spawned_itself(ctx: &FileContext<'_>, block: &ast::BlockExpr) -> bool {
    handed_to(ctx, block).is_some_and(|role| matches!(role, Role::Spawn { .. }))
}

/// What the function does that a block is handed to.
pub fn handed_to<'a>(ctx: &FileContext<'a>, block: &ast::BlockExpr) -> Option<&'a Role> {
    let list = block.syntax().parent().and_then(ast::ArgList::cast)?;
    let call = ast::Expr::cast(list.syntax().parent()?)?;
    ctx.call(&call).map(|call| &call.api.role)
}
