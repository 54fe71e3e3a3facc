//! Logs the error of a spawned task whose handle nobody looks at.
//!
//! # What it does
//! Finds tasks that are spawned and whose handle is dropped: as a statement, by `let _ =`, by
//! `drop(..)`, as a name that nothing mentions, or as the last value of a block that is dropped in
//! turn. Where the task's output is a `Result`, its error is logged inside the task, with the
//! logger that the package already depends on. The type of the output decides: a task that handles
//! its own errors has the output `()`, and there is nothing to say about it.
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
//! - The handle is the value of a match or if arm, where the other arms must have the same type
//!   (R5).
//! - The call stands in what a macro makes, and not in the file (R8).
//!
//! # Safety
//! Safe: the task runs as before, and its error is logged. Unsafe with the helper style, which
//! adds a task that watches, and for runtimes whose handle cancels the task when it is dropped
//! (smol): there the task would now run to its end.

use ra_ap_hir::Type;
use ra_ap_syntax::{
    AstNode, SourceFile, TextRange,
    ast::{self, HasAttrs},
};

use crate::{
    analysis::{
        control::leaves_early,
        discard::{Dropped, Fate, fate_of},
    },
    change::Change,
    codemod::{Candidate, Codemod, Finding, Findings, Note, Pass, Safety, Verdict},
    context::{Call, FileContext, Output},
    knowledge::{Knowledge, OnDrop, Role},
    logging::{Logger, Shown, shown},
    refusal::{Refusal, RefusalKind},
    syntax::candidate_calls,
    text::{fresh_name, has_comment},
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "unobserved-task",
    summary: "a spawned task whose error nobody sees",
    docs: include_str!("unobserved_task.rs"),
    safety: Safety::Safe,
    triggers: |knowledge| knowledge.names(is_spawn),
    candidates,
    pass: Pass::File(pass),
};

fn is_spawn(role: &Role) -> bool {
    matches!(role, Role::Spawn { .. })
}

fn candidates(file: &SourceFile, knowledge: &Knowledge) -> Vec<Candidate> {
    candidate_calls(file, knowledge, is_spawn)
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
        future, on_drop, ..
    } = &call.api.role
    else {
        return None;
    };
    if *on_drop == OnDrop::Owned {
        return None;
    }
    let future = call.argument(*future)?;
    let Fate::Dropped { how, statement } = fate_of(ctx, &call.expr) else {
        return None;
    };
    if *on_drop == OnDrop::Cancel && how == Dropped::UnusedName {
        // The name keeps the task alive until the end of its scope.
        return None;
    }
    if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
        findings.quiet("tasks in tests (--include-tests)");
        return None;
    }
    let name = task_name(ctx, future);
    let finding = |message: String, why: Vec<Note>, verdict: Verdict| {
        let (file, range) = (ctx.file, call.range);
        Some(Finding {
            codemod: CODEMOD.name,
            file,
            range,
            message,
            why,
            verdict,
        })
    };
    let error = match ctx.output_of_future(future) {
        Output::Result(error) => error,
        Output::Other(_) => {
            findings.quiet("tasks without an error to lose");
            return None;
        }
        Output::Unknown => {
            let refusal = Refusal::new(
                RefusalKind::R2,
                "the output of the spawned future is not known, so neither is whether it can be \
                 an error",
            );
            let message = format!("{name} may fail unseen: its handle is dropped");
            return finding(message, Vec::new(), Verdict::Refused(refusal));
        }
    };
    if cannot_fail(future) {
        findings.quiet("tasks without an error to lose");
        return None;
    }
    let message = format!("the error of {name} is seen by nobody: its handle is dropped");
    let why = vec![Note::new(format!(
        "the task ends in an error of type `{}`",
        display(ctx, &error)
    ))];
    if how == Dropped::Arm {
        let refusal = Refusal::new(
            RefusalKind::R5,
            "the handle is the value of an arm, and the other arms must have the same type; end \
             the arm with a semicolon",
        );
        return finding(message, why, Verdict::Refused(refusal));
    }
    if *on_drop == OnDrop::Cancel {
        let help = "dropping this handle cancels the task: keep the handle and await it, or log \
                    the error inside the task and call `.detach()`";
        return finding(message, why, Verdict::Manual(help.to_owned()));
    }
    let wrap = Wrap {
        ctx,
        call,
        future,
        name,
        shown: shown(ctx, &error),
    };
    let change = match &statement {
        Some(statement) => wrap.in_statement(statement),
        None => wrap.in_argument(),
    };
    match change {
        Some(change) => {
            let (safety, effects) = (Safety::Safe, Vec::new());
            finding(
                message,
                why,
                Verdict::Rewrite {
                    safety,
                    change,
                    effects,
                },
            )
        }
        None => {
            let refusal = Refusal::new(
                RefusalKind::R8,
                "the call stands in what a macro makes, and can't be edited in the file",
            );
            finding(message, why, Verdict::Refused(refusal))
        }
    }
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

/// Whether the future is a block that can only end in `Ok`.
fn cannot_fail(future: &ast::Expr) -> bool {
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
    ok && !leaves_early(block.syntax())
}

fn display(ctx: &FileContext<'_>, ty: &Type<'_>) -> String {
    use ra_ap_hir::{DisplayTarget, HirDisplay};
    let krate = ctx
        .sema
        .file_to_module_def(ctx.file)
        .map(|module| module.krate(ctx.db));
    match krate {
        Some(krate) => ty
            .display(ctx.db, DisplayTarget::from_crate(ctx.db, krate.into()))
            .to_string(),
        None => "_".to_owned(),
    }
}

/// The logging around one task.
struct Wrap<'a, 'b> {
    ctx: &'b FileContext<'a>,
    call: &'b Call<'a>,
    future: &'b ast::Expr,
    name: String,
    shown: Shown,
}

impl Wrap<'_, '_> {
    /// Where the call is a statement of its own.
    fn in_statement(&self, statement: &ast::Stmt) -> Option<Change> {
        if let Some(change) = self.in_block() {
            return Some(change);
        }
        if self.is_local_name() {
            return self.in_place();
        }
        let attributes = match statement {
            ast::Stmt::ExprStmt(it) => it.expr().is_some_and(|expr| has_attributes(&expr)),
            ast::Stmt::LetStmt(it) => it.attrs().next().is_some(),
            ast::Stmt::Item(_) => true,
        };
        let range = self.ctx.source_range(statement.syntax());
        match range {
            Some(range) if !attributes => self.hoist(range),
            _ => self.in_argument(),
        }
    }

    /// Where the call is part of a larger expression: all edits stay inside of its argument.
    fn in_argument(&self) -> Option<Change> {
        if let Some(change) = self.in_block() {
            return Some(change);
        }
        if self.is_local_name() {
            return self.in_place();
        }
        let range = self.ctx.source_range(self.future.syntax())?;
        let (outer, inner) = self.indents(range);
        let task = self.fresh();
        let logged = self.logged_block(&task, &inner);
        let mut change = Change::default();
        change.insert(
            self.ctx.file,
            range.start(),
            format!("{{\n{inner}let {task} = "),
        );
        change.insert(
            self.ctx.file,
            range.end(),
            format!(";\n{inner}{logged}\n{outer}}}"),
        );
        Some(change)
    }

    /// Logs at the tail of an async block, if its value can only come from there.
    fn in_block(&self) -> Option<Change> {
        let ast::Expr::BlockExpr(block) = self.future else {
            return None;
        };
        if leaves_early(block.syntax()) {
            return None;
        }
        let list = block.stmt_list()?;
        let tail = list.tail_expr()?;
        let simple = matches!(
            tail,
            ast::Expr::AwaitExpr(_) | ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_)
        );
        if !simple || starts_with_struct(&tail) || has_attributes(&tail) {
            return None;
        }
        let range = self.ctx.source_range(tail.syntax())?;
        let text = self.ctx.slice(range);
        let block_range = self.ctx.source_range(list.syntax())?;
        let mut change = Change::default();
        if self.ctx.slice(block_range).contains('\n') {
            let indent = self.ctx.indent_at(range.start()).to_owned();
            change.replace(self.ctx.file, range, self.logged(text, &indent));
        } else {
            if list.statements().next().is_some() || has_comment(list.syntax(), block_range) {
                return None;
            }
            let (outer, inner) = self.indents(block_range);
            let logged = self.logged(text, &inner);
            change.replace(
                self.ctx.file,
                block_range,
                format!("{{\n{inner}{logged}\n{outer}}}"),
            );
        }
        Some(change)
    }

    /// Replaces a name by a block that awaits it.
    fn in_place(&self) -> Option<Change> {
        let range = self.ctx.source_range(self.future.syntax())?;
        let (outer, _) = self.indents(range);
        let mut change = Change::default();
        let block = self.logged_block(self.ctx.slice(range), &outer);
        change.replace(self.ctx.file, range, block);
        Some(change)
    }

    /// Makes the future before the statement, and awaits it in the task. What the future is made
    /// of is evaluated where it was, and its own text stays as it is.
    fn hoist(&self, statement: TextRange) -> Option<Change> {
        let range = self.ctx.source_range(self.future.syntax())?;
        let before = TextRange::new(statement.start(), range.start());
        let after = TextRange::new(range.end(), statement.end());
        let (outer, _) = self.indents(statement);
        let task = self.fresh();
        let logged = self.logged_block(&task, &outer);
        let (head, end) = (self.ctx.slice(before).trim_end(), self.ctx.slice(after));
        let end = end.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let mut change = Change::default();
        change.replace(self.ctx.file, before, format!("let {task} = "));
        change.replace(
            self.ctx.file,
            after,
            format!(";\n{outer}{head}{logged}{end}"),
        );
        Some(change)
    }

    fn is_local_name(&self) -> bool {
        use ra_ap_hir::PathResolution;
        let ast::Expr::PathExpr(path) = self.future else {
            return false;
        };
        let resolved = path
            .path()
            .and_then(|path| self.ctx.sema.resolve_path(&path));
        matches!(resolved, Some(PathResolution::Local(_)))
    }

    fn logged_block(&self, awaited: &str, indent: &str) -> String {
        let inner = format!("{indent}{}", self.ctx.indent_unit());
        let logged = self.logged(&format!("{awaited}.await"), &inner);
        format!("async move {{\n{inner}{logged}\n{indent}}}")
    }

    fn logged(&self, awaited: &str, indent: &str) -> String {
        let logger = Logger::at(self.ctx, self.call.expr.syntax());
        let log = logger.statement(&self.name, self.shown);
        let inner = format!("{indent}{}", self.ctx.indent_unit());
        let head = match self.shown {
            Shown::Not => format!("if {awaited}.is_err()"),
            _ => format!("if let Err(error) = {awaited}"),
        };
        format!("{head} {{\n{inner}{log}\n{indent}}}")
    }

    fn indents(&self, range: TextRange) -> (String, String) {
        let outer = self.ctx.indent_at(range.start()).to_owned();
        let inner = format!("{outer}{}", self.ctx.indent_unit());
        (outer, inner)
    }

    fn fresh(&self) -> String {
        let scope = self
            .call
            .expr
            .syntax()
            .ancestors()
            .find(|node| ast::Fn::can_cast(node.kind()));
        let scope = scope.unwrap_or_else(|| self.ctx.source.syntax().clone());
        fresh_name(&scope, &["task", "future", "background"])
    }
}

fn has_attributes(expr: &ast::Expr) -> bool {
    expr.syntax()
        .children()
        .any(|child| ast::Attr::can_cast(child.kind()))
}

/// Whether the expression begins with a struct literal, which can't stand after `if let .. =`.
fn starts_with_struct(expr: &ast::Expr) -> bool {
    expr.syntax().descendants().any(|node| {
        ast::RecordExpr::can_cast(node.kind())
            && node.text_range().start() == expr.syntax().text_range().start()
    })
}
