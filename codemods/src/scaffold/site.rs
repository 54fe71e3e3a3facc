//! A spawned task that becomes a job of a queue.

use ra_ap_hir::Module;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::BACKGROUND_SERVICE;
use crate::{
    analysis::{
        discard::{Dropped, Fate, fate_of},
        held::made_beside,
        in_place::{made_by_macro, new_wait},
        leftovers,
        spawned::{gives_nothing, never_ends, task_name},
    },
    change::Change,
    codemod::{Effect, Finding, Note, Safety, Verdict},
    context::{Call, FileContext, Output},
    knowledge::Role,
    logging::{Logger, Shown, safety_of_logging},
    refusal::{Refusal, RefusalKind},
    syntax::{has_attributes, names_types},
    text::{fresh_name, has_comment},
    unobserved_task::is_spawn,
};

/// Where jobs go: the module of a service.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    /// Its name.
    pub name: &'a str,
    /// The module that declares it.
    pub parent: Module,
}

/// The calls of a file that spawn a task, each with the statement that it stands in.
pub fn spawns<'a>(ctx: &FileContext<'a>) -> Vec<(Call<'a>, TextRange)> {
    let calls = ctx.calls(is_spawn).into_iter();
    let with_statement = calls.map(|call| {
        let mut around = ctx.sema.ancestors_with_macros(call.expr.syntax().clone());
        let statement = around.find_map(ast::Stmt::cast);
        let range = statement.and_then(|it| ctx.source_range(it.syntax()));
        let range = range.unwrap_or(call.range);
        (call, range)
    });
    with_statement.collect()
}

impl Queue<'_> {
    /// Turns a spawned task into a job. `waits` is whether there may be an `.await` for room.
    pub fn take(&self, ctx: &FileContext<'_>, call: &Call<'_>, waits: bool) -> Finding {
        let future = match &call.api.role {
            Role::Spawn { future, .. } => call.argument(*future),
            _ => None,
        };
        let name = future.map_or_else(|| "the task".to_owned(), |it| task_name(ctx, it));
        let mut why = Vec::new();
        let verdict = future
            .ok_or_else(made_by_macro)
            .and_then(|future| self.job(ctx, call, future, &name, waits, &mut why));
        let verdict = match verdict {
            Ok(change) => Verdict::Rewrite {
                safety: Safety::Unsafe,
                change,
                effects: vec![Effect::Timing],
            },
            Err(refusal) => Verdict::Refused(refusal),
        };
        Finding {
            codemod: BACKGROUND_SERVICE,
            file: ctx.file,
            range: call.range,
            message: format!("{name} is to go through the queue of `{}`", self.name),
            why,
            conversion: None,
            verdict,
        }
    }

    fn job(
        &self,
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        future: &ast::Expr,
        name: &str,
        waits: bool,
        why: &mut Vec<Note>,
    ) -> Result<Change, Refusal> {
        let statement = statement_of(ctx, call)?;
        ends_in_nothing(ctx, future, name)?;
        let place = call.expr.syntax();
        let path = self.path_at(ctx, call)?;
        let logger = match safety_of_logging(ctx, place) {
            Ok(_) => Logger::at(ctx, place),
            Err(Verdict::Refused(refusal)) => return Err(refusal),
            Err(_) => {
                let message =
                    "the package's logger takes a logger, and which one is not known here";
                return Err(Refusal::new(RefusalKind::R6, message));
            }
        };
        let around = ctx.enclosing(place);
        let body = around.as_ref().and_then(|it| it.body());
        let waits = waits && around.is_some_and(|it| it.is_async());
        if let Some(body) = body.as_ref().filter(|_| waits)
            && let Some(refusal) = new_wait(ctx, statement.syntax(), body)
        {
            return Err(refusal);
        }
        why.push(Note::new(match waits {
            true => "this code waits here while the queue is full",
            false => "a full queue drops the job, and that is logged",
        }));

        let (whole, inner) = (
            ctx.source_range(statement.syntax())
                .ok_or_else(made_by_macro)?,
            ctx.source_range(future.syntax())
                .ok_or_else(made_by_macro)?,
        );
        let before = TextRange::new(whole.start(), inner.start());
        let after = TextRange::new(inner.end(), whole.end());
        let source = ctx.source.syntax();
        if has_comment(source, before) || has_comment(source, after) {
            let message = "a comment stands between the call and its future";
            return Err(Refusal::new(RefusalKind::R5, message));
        }
        let scope = body.unwrap_or_else(|| source.clone());
        let job = fresh_name(&scope, &["job"]);
        for name in ["error", job.as_str()] {
            if !ctx.can_be_bound(place, name) {
                let message = format!("`{name}` is a constant here, and can't be bound");
                return Err(Refusal::new(RefusalKind::R5, message));
            }
        }
        let (enqueue, wait) = match waits {
            true => ("enqueue", ".await"),
            false => ("try_enqueue", ""),
        };
        let log = logger.statement(&format!("queueing {name}"), Shown::Display);
        let outer = ctx.indent_at(whole.start());
        let handled = format!("{{\n{outer}{}{log}\n{outer}}}", ctx.indent_unit());
        let start = format!("if let Err(error) = {path}::{enqueue}(");
        // What is made on the way to a future goes before anything waits.
        let long = ctx.slice(inner).contains('\n') || !made_beside(ctx, future).is_empty();
        let (start, end) = match long {
            true => (
                format!("let {job} = "),
                format!(";\n{outer}{start}{job}){wait} {handled}"),
            ),
            false => (start, format!("){wait} {handled}")),
        };
        let mut change = Change::default();
        change.replace(ctx.file, before, start);
        change.replace(ctx.file, after, end);
        leftovers::note(ctx, &mut change, &[before, after]);
        Ok(change)
    }

    /// How the module is named at a call.
    fn path_at(&self, ctx: &FileContext<'_>, call: &Call<'_>) -> Result<String, Refusal> {
        let Queue { name, parent } = self;
        let place = call.expr.syntax();
        let scope = ctx.sema.scope(place);
        let module = scope.map(|scope| scope.module().nearest_non_block_module(ctx.db));
        // An item of a block around it would be nearer.
        let is_hidden =
            ctx.module_in_scope(place, name).is_some() || ctx.type_in_scope(place, name).is_some();
        if module == Some(*parent) && !is_hidden {
            return Ok((*name).to_owned());
        }
        let above = module.map_or_else(Vec::new, |it| it.path_to_root(ctx.db));
        if !above.contains(parent) {
            let message = format!(
                "it stands outside of the module that has `{name}`, which nobody else can name"
            );
            return Err(Refusal::new(RefusalKind::R5, message));
        }
        let edition = ctx.package.edition;
        let segments = parent.path_segments(ctx.db);
        let segments = segments.map(|it| it.display(ctx.db, edition).to_string());
        let mut path = vec!["crate".to_owned()];
        path.extend(segments);
        path.push((*name).to_owned());
        Ok(path.join("::"))
    }
}

/// The statement that spawns a task on this runtime, and does nothing else.
fn statement_of(ctx: &FileContext<'_>, call: &Call<'_>) -> Result<ast::Stmt, Refusal> {
    if call.api.path != "tokio::spawn" {
        let message = format!(
            "`{}` is not `tokio::spawn`, and chooses where the task runs, or gives something else \
             than its handle",
            call.api.path
        );
        return Err(Refusal::new(RefusalKind::R1, message));
    }
    let refused = |message: &str| Err(Refusal::new(RefusalKind::R5, message));
    let Fate::Dropped { how, statement } = fate_of(ctx, &call.expr) else {
        return refused("its handle is used, and a job has none");
    };
    let statement = match statement {
        Some(statement) if how != Dropped::Detached => statement,
        _ => return refused("it is the value of a block or an arm: end it with a semicolon"),
    };
    let has_attributes = match &statement {
        ast::Stmt::ExprStmt(it) => it.expr().is_some_and(|expr| has_attributes(&expr)),
        ast::Stmt::LetStmt(it) => ast::HasAttrs::attrs(it).next().is_some(),
        ast::Stmt::Item(_) => true,
    };
    if has_attributes {
        return refused("the statement has attributes, which would be those of another one");
    }
    if names_types(call.expr.syntax()) {
        return refused("the call says of which type the future is");
    }
    Ok(statement)
}

/// Whether the future ends, and in something that a job may end in.
fn ends_in_nothing(ctx: &FileContext<'_>, future: &ast::Expr, name: &str) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::new(RefusalKind::R5, message));
    if never_ends(ctx, future) {
        return refused(format!(
            "{name} goes on for ever: it would keep a place of the queue, and a shutdown would wait \
             for it"
        ));
    }
    match ctx.output_of_future(future) {
        Output::Unknown if gives_nothing(ctx, future) => Ok(()),
        Output::Unknown => Err(Refusal::new(
            RefusalKind::R2,
            "the output of the future is not known",
        )),
        Output::Result(error) if ctx.implements(&error, "core::fmt::Display") => Ok(()),
        Output::Result(error) => refused(format!(
            "it ends in an error of type {}, which has no `Display` to be logged with",
            ctx.display(&error)
        )),
        Output::Other(output) if output.is_unit() => Ok(()),
        Output::Other(output) if output.is_never() => refused(format!("{name} never ends")),
        Output::Other(output) => refused(format!(
            "it ends in a value of type {}, and a job in `()` or a `Result`",
            ctx.display(&output)
        )),
    }
}
