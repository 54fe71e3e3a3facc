//! A function without its offload: what the closure computes, computed where the function is called.

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList, HasGenericArgs},
};

use crate::{
    analysis::{
        awaited::{inside_braces, needs_parens},
        captured::leaves_temporary,
        ceasing::without_keyword,
        contract::is_changed_by_attribute,
        control::leaves_early,
        in_place::{Written, made_by_macro},
        join_error::consumer,
        leftovers,
        to_thread::TAKES_PANIC,
    },
    cfg::is_conditional,
    change::Change,
    codemod::Effect,
    context::{Call, FileContext, Output},
    refusal::{Refusal, RefusalKind},
    text::{has_comment, shifted},
};

/// What becomes of the error that is around the value of the offload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// It is in what the function gives, so that callers look at it already.
    Given,
    /// The function takes it off by this code, and so does each caller.
    TakenOff(String),
    /// A `?` makes an error of the function of it.
    Converted,
}

/// A function without its offload.
#[derive(Debug)]
pub struct Bare {
    /// The edits of the function.
    pub change: Change,
    /// What changes at run time.
    pub effects: Vec<Effect>,
    /// What offloads.
    pub path: String,
    /// The error that it has around the value.
    pub join: Option<String>,
    /// What becomes of that.
    pub layer: Layer,
}

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::R5, message)
}

impl Bare {
    /// The function, whose end is the call of an offload that does `work`.
    ///
    /// # Errors
    /// What about it has no counterpart in a function that is not async.
    pub fn of(
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        (work, join): (&ast::Expr, Option<&str>),
        function: &ast::Fn,
    ) -> Result<Bare, Refusal> {
        let path = &call.api.path;
        let mut rows = ctx.known.knowledge.offloads.iter();
        if !rows.any(|row| row.path == *path) {
            let message = match &call.expr {
                ast::Expr::MethodCallExpr(_) => {
                    format!("what `{path}` is called on is not at hand where it is called")
                }
                _ => format!("its callers would have to look at what `{path}` gives"),
            };
            return Err(Refusal::new(RefusalKind::R1, message));
        }
        if is_changed_by_attribute(function) {
            let message = "an attribute of it may want an async function";
            return Err(Refusal::new(RefusalKind::F11, message));
        }
        let body = function.body().ok_or_else(made_by_macro)?;
        if is_conditional(body.syntax()) {
            let message = "part of it is only compiled under a condition";
            return Err(Refusal::new(RefusalKind::F12, message));
        }
        let ret = function.ret_type();
        let mut given = ret.iter().flat_map(|it| it.syntax().descendants());
        if given.any(|it| ast::ImplTraitType::can_cast(it.kind())) {
            return Err(refuse(
                "it gives an `impl` type, and what that borrows would be another",
            ));
        }
        let end = End::of(ctx, call, join, function, &body)?;
        let mut change = without_keyword(ctx, function);
        if end.layer == Layer::Given && join.is_some() {
            return_type(ctx, function, &mut change)?;
        }
        let written = end.written(ctx, work)?;
        let (value, loses_comment) = written.change(ctx);
        if loses_comment {
            return Err(refuse("a comment stands around what it computes"));
        }
        change.extend(&value);
        let list = body.stmt_list().into_iter();
        let effects = match list.flat_map(|it| it.statements()).next() {
            Some(_) => vec![Effect::Thread],
            None => Vec::new(),
        };
        Ok(Bare {
            change,
            effects,
            path: path.clone(),
            join: join.map(str::to_owned),
            layer: end.layer,
        })
    }
}

/// The end of a function that offloads.
struct End {
    /// The last expression.
    tail: ast::Expr,
    /// What gives the value of the closure in it.
    whole: ast::Expr,
    layer: Layer,
    /// Something is declared before it.
    declares: bool,
}

impl End {
    fn of(
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        join: Option<&str>,
        function: &ast::Fn,
        body: &ast::BlockExpr,
    ) -> Result<End, Refusal> {
        let list = body.stmt_list().ok_or_else(made_by_macro)?;
        let tail = list.tail_expr().ok_or_else(made_by_macro)?;
        let awaited = call.expr.syntax().parent().and_then(ast::Expr::cast);
        let awaited = awaited.ok_or_else(made_by_macro)?;
        let is_given = join.is_some_and(|join| {
            tail == awaited || is_ok_of(ctx, &tail, &awaited) && fails_by(ctx, function, join)
        });
        let (whole, layer) = match (is_given, join) {
            (true, _) => (tail.clone(), Layer::Given),
            (false, None) => (awaited, Layer::TakenOff(String::new())),
            (false, Some(_)) => {
                let taken = consumer(ctx, &awaited, join)?;
                let layer = layer(ctx, &taken.whole, &tail)?;
                (taken.whole, layer)
            }
        };
        let mut statements = list.statements();
        if layer == Layer::Given && statements.any(|it| leaves_early(ctx, it.syntax())) {
            return Err(refuse(
                "it gives an error of its own before, and would have none to give",
            ));
        }
        let declares = list
            .statements()
            .any(|it| matches!(it, ast::Stmt::LetStmt(_)));
        Ok(End {
            tail,
            whole,
            layer,
            declares,
        })
    }

    /// What the function ends with without its offload.
    fn written(&self, ctx: &FileContext<'_>, work: &ast::Expr) -> Result<Written, Refusal> {
        let range = |it: &ast::Expr| ctx.source_range(it.syntax()).ok_or_else(made_by_macro);
        let (tail, whole) = (range(&self.tail)?, range(&self.whole)?);
        let before = TextRange::new(tail.start(), whole.start());
        let behind = TextRange::new(whole.end(), tail.end());
        let is_wrapped = self.whole != self.tail;
        let closure = match work {
            ast::Expr::PathExpr(path) => {
                let at = range(work)?;
                let text = format!("{}{}(){}", ctx.slice(before), path, ctx.slice(behind));
                return Ok(Written {
                    range: tail,
                    text,
                    kept: vec![before, at, behind],
                });
            }
            ast::Expr::ClosureExpr(closure) => closure,
            _ => return Err(refuse("what it offloads is no closure")),
        };
        let value = closure.body().ok_or_else(made_by_macro)?;
        if is_wrapped && (leaves_early(ctx, value.syntax()) || closure.ret_type().is_some()) {
            return Err(refuse(
                "what leaves the closure, by `return` or `?`, would leave the function",
            ));
        }
        let block = match &value {
            ast::Expr::BlockExpr(block) if block.modifier().is_none() => block.stmt_list(),
            _ => None,
        };
        let (inner, last) = match &block {
            Some(list) => {
                let mut statements = list.statements();
                if statements.any(|it| matches!(it, ast::Stmt::Item(_))) {
                    return Err(refuse("an item is declared in the closure"));
                }
                let inner = inside_braces(ctx, list).ok_or_else(made_by_macro)?;
                (inner, list.tail_expr())
            }
            None => (range(&value)?, Some(value)),
        };
        let is_older = ctx.package.edition < Edition::Edition2024;
        let leaves = |last: &ast::Expr| leaves_temporary(ctx, last);
        if is_older && self.declares && last.as_ref().is_some_and(leaves) {
            let message = "what its last expression makes would outlive what is declared before";
            return Err(Refusal::new(RefusalKind::R9, message));
        }
        let text = match (is_wrapped, last) {
            (false, _) => ctx.slice(inner).to_owned(),
            (true, None) => return Err(refuse("the closure gives nothing that could be kept")),
            (true, Some(last)) => {
                let at = range(&last)?;
                let mut value = ctx.slice(at).to_owned();
                if !behind.is_empty() && (needs_parens(&last) || is_block_like(&last)) {
                    value = format!("({value})");
                }
                let first = ctx.slice(TextRange::new(inner.start(), at.start()));
                let rest = ctx.slice(TextRange::new(at.end(), inner.end()));
                format!(
                    "{first}{}{value}{}{rest}",
                    ctx.slice(before),
                    ctx.slice(behind)
                )
            }
        };
        let (from, to) = (ctx.indent_at(inner.start()), ctx.indent_at(tail.start()));
        Ok(Written {
            range: tail,
            text: shifted(&text, from, to),
            kept: vec![before, inner, behind],
        })
    }
}

/// What takes the layer off, if `whole` is where it ends in `tail`.
fn layer(ctx: &FileContext<'_>, whole: &ast::Expr, tail: &ast::Expr) -> Result<Layer, Refusal> {
    let call = match whole {
        ast::Expr::TryExpr(it) => {
            if let Some(ast::Expr::MethodCallExpr(_)) = it.expr() {
                return Err(refuse("it makes an error of its own of a panic"));
            }
            let again = whole.syntax().parent();
            let fails = whole == tail || again.is_some_and(|it| ast::TryExpr::can_cast(it.kind()));
            return match fails {
                true => Ok(Layer::Converted),
                false => Err(refuse(
                    "it would give no error any more, and its callers look for one",
                )),
            };
        }
        ast::Expr::MethodCallExpr(call) => call,
        _ => return Err(made_by_macro()),
    };
    let name = call.name_ref().map(|it| it.text().to_string());
    let argument = call.arg_list().and_then(|it| it.args().next());
    let code = match (name.as_deref(), argument) {
        (Some("unwrap"), None) => ".unwrap()".to_owned(),
        (Some("expect"), Some(it @ ast::Expr::Literal(_))) => {
            let text = ctx.source_text(it.syntax()).ok_or_else(made_by_macro)?;
            format!(".expect({text})")
        }
        (Some("unwrap_or_else"), _) => TAKES_PANIC.to_owned(),
        _ => return Err(refuse("what it says of a panic is made where it stands")),
    };
    Ok(Layer::TakenOff(code))
}

/// Whether an expression is `Ok(..?)` of another one.
fn is_ok_of(ctx: &FileContext<'_>, tail: &ast::Expr, awaited: &ast::Expr) -> bool {
    let ast::Expr::CallExpr(call) = tail else {
        return false;
    };
    let is_ok = call.expr().is_some_and(|it| it.syntax().text() == "Ok")
        && ctx.names_std(tail.syntax(), "Ok", "core::result::Result");
    let argument = call.arg_list().and_then(|it| it.args().next());
    match argument {
        Some(ast::Expr::TryExpr(it)) => is_ok && it.expr().as_ref() == Some(awaited),
        _ => false,
    }
}

/// Whether the error of a function is the one of the layer.
fn fails_by(ctx: &FileContext<'_>, function: &ast::Fn, join: &str) -> bool {
    let function = ctx.sema.to_fn_def(function);
    let given = function.and_then(|it| it.async_ret_type(ctx.db));
    match given.map(|it| ctx.classify(it)) {
        Some(Output::Result(error)) => ctx.is_adt(&error, join),
        _ => false,
    }
}

/// Takes the layer from what a function says that it gives.
fn return_type(
    ctx: &FileContext<'_>,
    function: &ast::Fn,
    change: &mut Change,
) -> Result<(), Refusal> {
    let unknown = || {
        let message = "what it gives is not written out as a `Result`";
        Refusal::new(RefusalKind::R2, message)
    };
    let ret = function.ret_type().ok_or_else(unknown)?;
    let Some(ast::Type::PathType(written)) = ret.ty() else {
        return Err(unknown());
    };
    let path = written.path().ok_or_else(unknown)?;
    let arguments = path.segment().and_then(|it| it.generic_arg_list());
    let arguments = arguments.ok_or_else(unknown)?;
    let types: Vec<ast::Type> = arguments
        .generic_args()
        .filter_map(|it| match it {
            ast::GenericArg::TypeArg(it) => it.ty(),
            _ => None,
        })
        .collect();
    let text = path.syntax().text().to_string();
    let name = text.split('<').next().unwrap_or_default().trim();
    let [value, _] = types.as_slice() else {
        return Err(unknown());
    };
    if !ctx.names_std(function.syntax(), name, "core::result::Result") {
        return Err(unknown());
    }
    let (whole, value_at) = (written.syntax().text_range(), value.syntax().text_range());
    let gone = match value.syntax().text() == "()" {
        true => {
            let all = ret.syntax().text_range();
            let space = ret.syntax().prev_sibling_or_token();
            let space = space.filter(|it| it.as_token().is_some_and(|it| it.kind().is_trivia()));
            let start = space.map_or(all.start(), |it| it.text_range().start());
            vec![TextRange::new(start, all.end())]
        }
        false => vec![
            TextRange::new(whole.start(), value_at.start()),
            TextRange::new(value_at.end(), whole.end()),
        ],
    };
    for range in &gone {
        if has_comment(ctx.source.syntax(), *range) {
            return Err(refuse("a comment stands in what it gives"));
        }
        change.delete(ctx.file, *range);
    }
    leftovers::note(ctx, change, &gone);
    Ok(())
}

fn is_block_like(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::BlockExpr(_)
            | ast::Expr::IfExpr(_)
            | ast::Expr::MatchExpr(_)
            | ast::Expr::LoopExpr(_)
            | ast::Expr::MacroExpr(_)
    )
}
