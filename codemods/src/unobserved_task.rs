//! Logs the error of a spawned task whose handle nobody looks at.
//!
//! # What it does
//! Finds tasks that are spawned and whose handle is dropped: as a statement, by `let _ =`, by
//! `drop(..)`, as a name that nothing mentions, or as the last value of a block that is dropped in
//! turn. Where the task's output is a `Result`, its error is logged inside the task, with the
//! logger that the package already depends on. The type of the output decides: a task that handles
//! its own errors has the output `()`, and there is nothing to say about it; neither is there
//! where the error is `()`.
//!
//! `[codemod.unobserved-task]` in unpark.toml has three options. `style = "helper"` spawns through
//! one `spawn_logged`, written once for each crate, which logs panics too. `panics = true` also
//! finds tasks that can't fail, and spawns them through the helper. `span = true` runs the logged
//! task in the span that is current where it is spawned.
//!
//! # Why is this bad
//! An error that a dropped handle carries is seen by nobody. The task is simply gone, and the
//! service goes on without its heartbeat, its cache refresh or its writer.
//!
//! # Before
//! ```rust
//! async fn heartbeat(address: String) -> std::io::Result<()> {
//!     loop {
//!         tokio::net::TcpStream::connect(&address).await?;
//!         tokio::time::sleep(std::time::Duration::from_secs(30)).await;
//!     }
//! }
//!
//! pub fn start(address: String) {
//!     tokio::spawn(heartbeat(address));
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn heartbeat(address: String) -> std::io::Result<()> {
//!     loop {
//!         tokio::net::TcpStream::connect(&address).await?;
//!         tokio::time::sleep(std::time::Duration::from_secs(30)).await;
//!     }
//! }
//!
//! pub fn start(address: String) {
//!     let task = heartbeat(address);
//!     tokio::spawn(async move {
//!         if let Err(error) = task.await {
//!             tracing::error!(%error, "background task `heartbeat` failed");
//!         }
//!     });
//! }
//! ```
//!
//! # When it refuses
//! - The output or the error is of a type that is not known (R2).
//! - The package has its logger only behind a feature, or on some targets (R6): the message says
//!   how to have it on every build.
//! - The handle is the value of a match or if arm, or of a body with a `return`, where the others
//!   must have the same type; or the call says of which type the future is (R5).
//! - The call stands in what a macro makes, and not in the file (R8).
//!
//! Where the logger is `slog`, whose macros take a value of the project's own, it says what to do and
//! edits nothing.
//!
//! # Safety
//! Safe: the task runs as before, and its error is logged, or printed to stderr in a package
//! without a logger. Unsafe where that package is a library that can be published, for those who
//! use it own their stderr; with the helper style, which adds a task that watches; and for runtimes
//! whose handle cancels the task when it is dropped (smol): there the task would now run to its
//! end.

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, TextRange, ast};

use crate::{
    analysis::{
        control::leaves_early,
        discard::{Dropped, Fate, fate_of},
        logged_task::LoggedTask,
        spawn_helper::SpawnHelper,
    },
    change::Change,
    codemod::{Candidate, Codemod, Finding, Findings, IN_TESTS, Note, Pass, Safety, Verdict},
    context::{Call, FileContext, Output},
    knowledge::{Knowledge, OnDrop, Role},
    logging::{Shown, safety_of_logging, shown},
    outline::Outline,
    refusal::{Refusal, RefusalKind},
    settings::Style,
    syntax::names_types,
    text::has_comment,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "unobserved-task",
    summary: "a spawned task whose error nobody sees",
    docs: include_str!("unobserved_task.rs"),
    safety: Safety::Safe,
    triggers: |knowledge| knowledge.triggers(is_spawn),
    candidates,
    pass: Pass::File(pass),
};

fn is_spawn(role: &Role) -> bool {
    matches!(role, Role::Spawn { .. })
}

fn candidates(outline: &Outline<'_>, knowledge: &Knowledge) -> Vec<Candidate> {
    let mut candidates = outline.calls(knowledge, is_spawn);
    for candidate in &mut candidates {
        // Without types, only what is dropped on the spot is worth a word.
        if !is_dropped_on_the_spot(outline.file, candidate.range) {
            candidate.path = None;
        }
    }
    candidates
}

fn is_dropped_on_the_spot(file: &SourceFile, call: TextRange) -> bool {
    let node = match file.syntax().covering_element(call) {
        NodeOrToken::Node(node) => node,
        NodeOrToken::Token(_) => return false,
    };
    let Some(parent) = node.ancestors().find(|it| it.text_range() != call) else {
        return false;
    };
    let wildcard =
        |it: ast::LetStmt| it.ty().is_none() && matches!(it.pat(), Some(ast::Pat::WildcardPat(_)));
    ast::ExprStmt::can_cast(parent.kind()) || ast::LetStmt::cast(parent).is_some_and(wildcard)
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for call in ctx.calls(is_spawn) {
        if let Some(finding) = judge(ctx, &call, findings) {
            findings.items.push(finding);
        }
    }
}

fn judge<'a>(ctx: &FileContext<'a>, call: &Call<'a>, findings: &mut Findings) -> Option<Finding> {
    let Role::Spawn {
        future,
        on_drop,
        wrapped,
        ..
    } = &call.api.role
    else {
        return None;
    };
    if *on_drop == OnDrop::Owned {
        return None;
    }
    let future = call.argument(*future)?;
    let handle = match wrapped {
        Some(_) => unwrapped(&call.expr),
        None => call.expr.clone(),
    };
    let Fate::Dropped { how, statement } = fate_of(ctx, &handle) else {
        return None;
    };
    if *on_drop == OnDrop::Cancel && how == Dropped::UnusedName {
        // The name keeps the task alive until the end of its scope.
        return None;
    }
    if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return None;
    }
    let name = task_name(ctx, future);
    let site = Site {
        ctx,
        call,
        future,
        name: &name,
        handle: &handle,
        statement,
    };
    let cancels = *on_drop == OnDrop::Cancel && how != Dropped::Detached;
    match ctx.output_of_future(future) {
        Output::Unknown if gives_nothing(ctx, future) && !cancels => {
            findings.quiet("tasks without an error to lose");
            None
        }
        Output::Unknown => Some(site.finding(
            format!("{name} may fail unseen: its handle is dropped"),
            Vec::new(),
            Verdict::Refused(Refusal::new(
                RefusalKind::R2,
                "the output of the spawned future is not known, so neither is whether it can be \
                 an error",
            )),
        )),
        Output::Result(error) if !says_nothing(ctx, &error) && !cannot_fail(ctx, future) => {
            Some(site.with_error(&error, how, cancels))
        }
        Output::Result(_) | Output::Other(_) if cancels => Some(site.cancelled(None, how)),
        Output::Other(output)
            if ctx.settings.unobserved_task.panics && output.is_unit() && how != Dropped::Arm =>
        {
            site.with_panic()
        }
        Output::Result(_) | Output::Other(_) => {
            findings.quiet("tasks without an error to lose");
            None
        }
    }
}

/// A spawn whose handle is dropped.
struct Site<'a, 'b> {
    ctx: &'b FileContext<'a>,
    call: &'b Call<'a>,
    future: &'b ast::Expr,
    name: &'b str,
    /// The handle itself, without the `Result` that it may come in.
    handle: &'b ast::Expr,
    statement: Option<ast::Stmt>,
}

impl<'a> Site<'a, '_> {
    fn finding(&self, message: String, why: Vec<Note>, verdict: Verdict) -> Finding {
        let (file, range) = (self.ctx.file, self.call.range);
        Finding {
            codemod: CODEMOD.name,
            file,
            range,
            message,
            why,
            conversion: None,
            verdict,
        }
    }

    fn with_error(&self, error: &Type<'a>, how: Dropped, cancels: bool) -> Finding {
        let (ctx, name) = (self.ctx, self.name);
        if cancels {
            return self.cancelled(Some(error), how);
        }
        let message = format!("the error of {name} is seen by nobody: its handle is dropped");
        let error_type = ctx.display(error);
        let mut why = vec![Note::new(format!(
            "the task ends in an error of type {error_type}"
        ))];
        if let Some(refusal) = self.keeps_its_type(how) {
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        let place = self.call.expr.syntax();
        let names = ["error", "task"];
        if let Some(name) = names
            .into_iter()
            .find(|name| !ctx.can_be_bound(place, name))
        {
            let words = format!("`{name}` is a constant here, and can't be bound");
            let refusal = Refusal::new(RefusalKind::R5, words);
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        let safety = match safety_of_logging(ctx) {
            Ok((safety, note)) => {
                why.extend(note);
                safety
            }
            Err(verdict) => return self.finding(message, why, verdict),
        };
        let shown = shown(ctx, error);
        if ctx.settings.unobserved_task.style == Style::Helper {
            let fits = matches!(shown, Shown::Display | Shown::Chain);
            match SpawnHelper::at(ctx, self.call) {
                Ok(helper) if fits => {
                    let change = helper.used(ctx, self.call, self.future, name);
                    return self.rewrite(message, why, change, Safety::Unsafe);
                }
                Ok(_) => why.push(Note::new(format!(
                    "`spawn_logged` needs `Display`, which {error_type} has not"
                ))),
                Err(reason) => why.push(Note::new(reason)),
            }
        }
        let change = self.logged(shown);
        self.rewrite(message, why, change, safety)
    }

    /// Why the handle, or the future, can't be of another type.
    fn keeps_its_type(&self, how: Dropped) -> Option<Refusal> {
        let message = if how == Dropped::Arm {
            "the handle is the value of an arm or a body, and what the other arms or a `return` \
             give must have the same type; end it with a semicolon"
        } else if names_types(self.call.expr.syntax()) {
            "the call says of which type the future is, and a logged one has another"
        } else {
            return None;
        };
        Some(Refusal::new(RefusalKind::R5, message))
    }

    /// A task that is cancelled on the spot: it is detached, and logged if it can fail.
    fn cancelled(&self, error: Option<&Type<'a>>, how: Dropped) -> Finding {
        let name = self.name;
        let message =
            format!("{name} is cancelled where it is spawned: dropping its handle ends it");
        let mut why = vec![Note::new(
            "with `.detach()` it runs to its end, which it does not today",
        )];
        if let Some(refusal) = self.keeps_its_type(how) {
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        if error.is_some() {
            match safety_of_logging(self.ctx) {
                Ok((_, note)) => why.extend(note),
                Err(verdict) => return self.finding(message, why, verdict),
            }
        }
        let detach = self.ctx.detach_of(self.handle);
        let place = self.ctx.source_range(self.handle.syntax());
        let (Some(detach), Some(place)) = (detach, place) else {
            let help = "keep the handle, and await it where its end matters";
            return self.finding(message, why, Verdict::Manual(help.to_owned()));
        };
        let mut change = match error {
            // Only edits inside of the call leave room for those around it.
            Some(error) => self.task(shown(self.ctx, error)).in_argument(),
            None => Some(Change::default()),
        };
        if let Some(change) = &mut change {
            let file = self.ctx.file;
            let statement = self.statement.as_ref().map(|statement| statement.syntax());
            match statement.and_then(|statement| self.ctx.source_range(statement)) {
                // `let _ =` and `drop(..)` have nothing left to drop.
                Some(whole) if !self.has_comment_in(whole, place) => {
                    change.delete(file, TextRange::new(whole.start(), place.start()));
                    let after = TextRange::new(place.end(), whole.end());
                    change.replace(file, after, format!(".{detach}();"));
                }
                _ => change.insert(file, place.end(), format!(".{detach}()")),
            }
        }
        self.rewrite(message, why, change, Safety::Unsafe)
    }

    /// A task that can't fail, but panic. Only with the option `panics`.
    fn with_panic(&self) -> Option<Finding> {
        let message = format!(
            "a panic of {} is seen by nobody: its handle is dropped",
            self.name
        );
        let why: Vec<Note> = match safety_of_logging(self.ctx) {
            Ok((_, note)) => note.into_iter().collect(),
            Err(verdict) => return Some(self.finding(message, Vec::new(), verdict)),
        };
        Some(match SpawnHelper::at(self.ctx, self.call) {
            Ok(helper) => {
                let change = helper.used(self.ctx, self.call, self.future, self.name);
                self.rewrite(message, why, change, Safety::Unsafe)
            }
            Err(reason) => {
                let refusal = Refusal::new(RefusalKind::R5, reason);
                self.finding(message, why, Verdict::Refused(refusal))
            }
        })
    }

    /// Whether a comment stands in the statement, but outside of the handle.
    fn has_comment_in(&self, statement: TextRange, handle: TextRange) -> bool {
        let source = self.ctx.source.syntax();
        has_comment(source, TextRange::new(statement.start(), handle.start()))
            || has_comment(source, TextRange::new(handle.end(), statement.end()))
    }

    fn task(&self, shown: Shown) -> LoggedTask<'a, '_> {
        let Site {
            ctx,
            call,
            future,
            name,
            ..
        } = self;
        LoggedTask {
            ctx,
            call,
            future,
            name,
            shown,
        }
    }

    fn logged(&self, shown: Shown) -> Option<Change> {
        let task = self.task(shown);
        match &self.statement {
            Some(statement) => task.in_statement(statement),
            None => task.in_argument(),
        }
    }

    fn rewrite(
        &self,
        message: String,
        why: Vec<Note>,
        change: Option<Change>,
        safety: Safety,
    ) -> Finding {
        let verdict = match change {
            Some(change) => Verdict::Rewrite {
                safety,
                change,
                effects: Vec::new(),
            },
            None => Verdict::Refused(Refusal::new(
                RefusalKind::R8,
                "the call stands in what a macro makes, and can't be edited in the file",
            )),
        };
        self.finding(message, why, verdict)
    }
}

/// The handle in the `Result` or `Option` that the call gives: behind `?`, `unwrap` or `expect`.
fn unwrapped(call: &ast::Expr) -> ast::Expr {
    let Some(parent) = call.syntax().parent() else {
        return call.clone();
    };
    if let Some(tried) = ast::TryExpr::cast(parent.clone()) {
        return tried.into();
    }
    match ast::MethodCallExpr::cast(parent) {
        Some(method)
            if method
                .name_ref()
                .is_some_and(|name| matches!(name.text(), "unwrap" | "expect")) =>
        {
            method.into()
        }
        _ => call.clone(),
    }
}

/// Whether a value of this type tells nobody anything: `()`, or what can't be.
fn says_nothing<'a>(ctx: &FileContext<'a>, error: &Type<'a>) -> bool {
    error.is_unit() || error.is_never() || ctx.is_adt(error, "core::convert::Infallible")
}

/// How the message speaks of the task: by the function that it runs, or the one that starts it.
fn task_name(ctx: &FileContext<'_>, future: &ast::Expr) -> String {
    if let Some(name) = function_name(future) {
        return format!("background task `{name}`");
    }
    match ctx.enclosing_function_name(future.syntax()) {
        Some(name) => format!("background task of `{name}`"),
        None => "background task".to_owned(),
    }
}

/// The function whose future this is, looking through adapters, `.await` and the last expression
/// of an async block with no other statement.
fn function_name(future: &ast::Expr) -> Option<String> {
    match future {
        ast::Expr::CallExpr(call) => match call.expr()? {
            ast::Expr::PathExpr(path) => {
                Some(path.path()?.segment()?.name_ref()?.text().to_string())
            }
            _ => None,
        },
        ast::Expr::MethodCallExpr(call) => {
            let name = call.name_ref()?.text().to_string();
            let adapter = matches!(
                name.as_str(),
                "instrument"
                    | "in_current_span"
                    | "with_subscriber"
                    | "boxed"
                    | "boxed_local"
                    | "fuse"
                    | "map_err"
                    | "in_span"
                    | "with_context"
                    | "or_cancel"
            );
            if adapter {
                function_name(&call.receiver()?)
            } else {
                Some(name)
            }
        }
        ast::Expr::AwaitExpr(awaited) => function_name(&awaited.expr()?),
        ast::Expr::TryExpr(tried) => function_name(&tried.expr()?),
        ast::Expr::BlockExpr(block) => {
            let list = block.stmt_list()?;
            if list.statements().next().is_some() {
                return None;
            }
            function_name(&list.tail_expr()?)
        }
        _ => None,
    }
}

/// Whether the future is a block whose value can only be `()`, whatever the types in it are.
fn gives_nothing(ctx: &FileContext<'_>, future: &ast::Expr) -> bool {
    let ast::Expr::BlockExpr(block) = future else {
        return false;
    };
    let empty = match block.stmt_list().and_then(|list| list.tail_expr()) {
        None | Some(ast::Expr::WhileExpr(_) | ast::Expr::ForExpr(_)) => true,
        Some(ast::Expr::IfExpr(condition)) => condition.else_branch().is_none(),
        Some(_) => false,
    };
    empty && !leaves_early(ctx, block.syntax())
}

/// Whether the future is a block that can only end in `Ok`.
fn cannot_fail(ctx: &FileContext<'_>, future: &ast::Expr) -> bool {
    let ast::Expr::BlockExpr(block) = future else {
        return false;
    };
    let tail = block.stmt_list().and_then(|list| list.tail_expr());
    let Some(ast::Expr::CallExpr(tail)) = tail else {
        return false;
    };
    let ok = tail.expr().is_some_and(|callee| {
        let text = callee.syntax().text().to_string();
        text == "Ok" || text.starts_with("Ok::<")
    });
    ok && !leaves_early(ctx, block.syntax())
}
