//! What becomes of the error around an awaited task once there is no task.
//!
//! Awaiting a task gives its output inside of a `Result` whose error says that the task panicked or
//! was cancelled. Where the future is awaited itself, that layer is gone, and what took it off has
//! to go with it. Types decide which layer a `?` or an `unwrap` belongs to.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList, HasName},
};

use crate::{
    codemod::{Effect, Safety},
    context::{FileContext, Output},
    knowledge::{Definition, last_segment},
    refusal::{Refusal, RefusalKind},
};

/// Traits whose methods give an error of the layer another text.
const CONTEXTS: &[&str] = &[
    "anyhow::Context",
    "eyre::WrapErr",
    "eyre::Context",
    "snafu::ResultExt",
];

/// How the layer is taken off.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The expression that the awaited future stands in for: the layer ends with it. What follows
    /// it, a second `?` above all, stays.
    pub whole: ast::Expr,
    /// How far that may be trusted.
    pub safety: Safety,
    /// What changes with it at run time.
    pub effects: Vec<Effect>,
    /// What is lost, in words.
    pub loses: Option<String>,
}

impl Consumer {
    fn of(whole: ast::Expr) -> Consumer {
        Consumer {
            whole,
            safety: Safety::Safe,
            effects: Vec::new(),
            loses: None,
        }
    }
}

/// How the layer around the value of `awaited`, the `.await` of a task, is taken off. `join` is the
/// path of the layer's error; without one there is no layer.
///
/// # Errors
/// If the layer's error is looked at, or a type is not known.
pub fn consumer(
    ctx: &FileContext<'_>,
    awaited: &ast::Expr,
    join: Option<&str>,
) -> Result<Consumer, Refusal> {
    let Some(join) = join else {
        return Ok(Consumer::of(awaited.clone()));
    };
    let error = last_segment(join);
    expect_layer(ctx, awaited, join)?;
    let layer = outermost(awaited);
    let parent = layer.syntax().parent();
    if let Some(tried) = parent.clone().and_then(ast::TryExpr::cast) {
        let effects = vec![Effect::Panic];
        return Ok(Consumer {
            effects,
            ..Consumer::of(tried.into())
        });
    }
    let method = parent.and_then(ast::MethodCallExpr::cast);
    let method = method.filter(|call| call.receiver().as_ref() == Some(&layer));
    let Some(method) = method else {
        return Err(used_otherwise(&layer, error));
    };
    let name = method.name_ref().map(|name| name.text().to_string());
    let name = name.unwrap_or_default();
    let whole = ast::Expr::from(method.clone());
    match name.as_str() {
        "unwrap" | "expect" if is_result_method(ctx, &method) => Ok(Consumer {
            effects: vec![Effect::Panic],
            ..Consumer::of(whole)
        }),
        "unwrap_or_else" if is_result_method(ctx, &method) && resumes_unwinding(ctx, &method) => {
            Ok(Consumer::of(whole))
        }
        "map_err" if is_result_method(ctx, &method) => mapped(ctx, &method, &name, error),
        _ if is_context(ctx, &method) => mapped(ctx, &method, &name, error),
        _ => Err(Refusal::new(
            RefusalKind::R5,
            format!(
                "`.{name}()` looks at the `{error}`, which there would be none of; take the error \
                 off with `?` or `unwrap` first"
            ),
        )),
    }
}

/// `.map_err(..)?` and `.context(..)?`, alone or with a second `?` for the value's own error.
fn mapped(
    ctx: &FileContext<'_>,
    method: &ast::MethodCallExpr,
    name: &str,
    error: &str,
) -> Result<Consumer, Refusal> {
    let layer = outermost(&method.clone().into());
    let tried = layer.syntax().parent().and_then(ast::TryExpr::cast);
    let Some(tried) = tried else {
        let message = format!(
            "what `.{name}()` makes of the `{error}` is used by more than a `?`, and there would \
             be nothing to make it of"
        );
        return Err(Refusal::new(RefusalKind::R5, message));
    };
    let whole = ast::Expr::from(tried);
    let again = outermost(&whole).syntax().parent();
    let twice = again.is_some_and(|parent| ast::TryExpr::can_cast(parent.kind()));
    if ctx.type_of(&whole).is_none() {
        return Err(unknown(error));
    }
    let safety = if twice && name == "map_err" {
        Safety::Safe
    } else {
        Safety::Unsafe
    };
    Ok(Consumer {
        safety,
        effects: vec![Effect::Panic],
        loses: Some(format!(
            "the text that `.{name}()` gives to the `{error}` goes away"
        )),
        ..Consumer::of(whole)
    })
}

fn expect_layer(ctx: &FileContext<'_>, awaited: &ast::Expr, join: &str) -> Result<(), Refusal> {
    let output = ctx.type_of(awaited).map(|ty| ctx.classify(ty));
    match output {
        Some(Output::Result(error)) if ctx.is_adt(&error, join) => Ok(()),
        _ => Err(unknown(last_segment(join))),
    }
}

fn unknown(error: &str) -> Refusal {
    let message = format!("the type here is not known, so neither is where the `{error}` ends");
    Refusal::new(RefusalKind::R2, message)
}

fn used_otherwise(layer: &ast::Expr, error: &str) -> Refusal {
    let Some(parent) = layer.syntax().parent() else {
        return Refusal::new(RefusalKind::R5, format!("the `{error}` is used"));
    };
    let what = if ast::MatchExpr::can_cast(parent.kind()) {
        format!("the `{error}` is matched on; the arm for it would have to go")
    } else if ast::LetExpr::can_cast(parent.kind()) {
        format!("`if let` tells the `{error}` from the value; that would have to go")
    } else if let Some(statement) = ast::LetStmt::cast(parent.clone()) {
        match statement.pat() {
            Some(ast::Pat::IdentPat(name)) if statement.let_else().is_none() => {
                let name = name.name().map(|name| name.text().to_string());
                format!(
                    "the result is stored with its `{error}` in `{}`",
                    name.unwrap_or_default()
                )
            }
            Some(ast::Pat::WildcardPat(_)) => thrown_away(error),
            _ => format!("the `{error}` is matched on by a `let`"),
        }
    } else if ast::ExprStmt::can_cast(parent.kind()) {
        thrown_away(error)
    } else if ast::ArgList::can_cast(parent.kind()) {
        format!("the result is passed on with its `{error}`")
    } else {
        format!("the result is returned or passed on with its `{error}`")
    };
    Refusal::new(RefusalKind::R5, what)
}

fn thrown_away(error: &str) -> String {
    format!("the `{error}` is thrown away here: a panic that is lost today would end the caller")
}

/// The expression with the parentheses around it.
pub fn outermost(expr: &ast::Expr) -> ast::Expr {
    let parent = expr.syntax().parent().and_then(ast::ParenExpr::cast);
    match parent {
        Some(parent) => outermost(&parent.into()),
        None => expr.clone(),
    }
}

fn is_result_method(ctx: &FileContext<'_>, call: &ast::MethodCallExpr) -> bool {
    let Some(name) = call.name_ref() else {
        return false;
    };
    let path = format!("core::result::Result::{}", name.text());
    let callee = ctx.callee(&call.clone().into());
    callee.is_some_and(|callee| {
        ctx.known
            .definitions(ctx.db, &path)
            .contains(&Definition::Function(callee))
    })
}

fn is_context(ctx: &FileContext<'_>, call: &ast::MethodCallExpr) -> bool {
    let Some(callee) = ctx.callee(&call.clone().into()) else {
        return false;
    };
    let declared = ctx.in_trait(callee).unwrap_or(callee);
    use ra_ap_hir::AsAssocItem as _;
    let item = declared.as_assoc_item(ctx.db);
    let Some(trait_) = item.and_then(|item| item.container_trait(ctx.db)) else {
        return false;
    };
    CONTEXTS
        .iter()
        .any(|path| ctx.trait_at(path) == Some(trait_))
}

/// `.unwrap_or_else(|error| resume_unwind(error.into_panic()))`
fn resumes_unwinding(ctx: &FileContext<'_>, call: &ast::MethodCallExpr) -> bool {
    let resumes = || {
        let ast::Expr::ClosureExpr(closure) = call.arg_list()?.args().next()? else {
            return None;
        };
        let ast::Pat::IdentPat(parameter) = closure.param_list()?.params().next()?.pat()? else {
            return None;
        };
        let mut body = closure.body()?;
        if let ast::Expr::BlockExpr(block) = &body {
            let list = block.stmt_list()?;
            if block.modifier().is_some() || list.statements().next().is_some() {
                return None;
            }
            body = list.tail_expr()?;
        }
        let callee = ctx.callee(&body)?;
        let ast::Expr::CallExpr(resume) = &body else {
            return None;
        };
        let ast::Expr::MethodCallExpr(into) = resume.arg_list()?.args().next()? else {
            return None;
        };
        let of = into.receiver()?.syntax().text().to_string();
        let right = into.name_ref()?.text() == "into_panic"
            && parameter.name()?.text() == of.as_str()
            && ctx
                .known
                .definitions(ctx.db, "std::panic::resume_unwind")
                .contains(&Definition::Function(callee));
        Some(right)
    };
    resumes().unwrap_or(false)
}
