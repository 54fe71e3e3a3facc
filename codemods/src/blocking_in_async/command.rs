//! A process that is built and waited for in one place: its builder becomes the runtime's.

use ra_ap_hir::{AsAssocItem, PathResolution};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use super::rewrite::{before_dot, named};
use crate::{
    analysis::{
        in_place::{Rewritten, Written, made_by_macro},
        spelling::spelling,
        surroundings::{is_hidden_use, uses_of},
    },
    context::FileContext,
    knowledge::{Definition, Equivalent},
    refusal::{Refusal, RefusalKind},
};

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::R5, message)
}

/// The calls of a builder, from its end on.
struct Built {
    /// The names of its methods, and where they are called.
    methods: Vec<(String, SyntaxNode)>,
    /// `Type::new` in the file.
    new: ast::Expr,
    /// It stands in the call itself, and not in a `let`.
    is_here: bool,
}

/// The call, with the other type's builder.
///
/// # Errors
/// If not all of it can be seen, or the other type does not have it.
pub fn swapped(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
) -> Result<Rewritten, Refusal> {
    let ast::Expr::MethodCallExpr(end) = call else {
        return Err(refuse("the method is called by its path"));
    };
    let receiver = end.receiver().ok_or_else(made_by_macro)?;
    let built = built(ctx, call, &receiver)?;
    let path = &equivalent.path;
    for (name, _) in &built.methods {
        let method = format!("{path}::{name}");
        if ctx.known.definitions(ctx.db, &method).is_empty() {
            return Err(refuse(format!("`{path}` has no method `{name}`")));
        }
    }
    let output = end.name_ref().is_some_and(|name| name.text() == "output");
    let sets = |wanted: &str| built.methods.iter().find(|(name, _)| name == wanted);
    if output && (sets("stdout").is_some() || sets("stderr").is_some()) {
        return Err(refuse(format!(
            "`{path}::output` captures the output whatever was set before"
        )));
    }
    let pipes = ["stdout", "stderr"].into_iter().filter_map(sets);
    if let Some((name, _)) = pipes.into_iter().find(|(_, call)| !is_no_pipe(call)) {
        return Err(refuse(format!(
            "`{name}` may be a pipe, which `{path}` closes before it waits"
        )));
    }
    let mut spelled = vec![named(ctx, call, equivalent)?];
    let range = ctx.source_range(call.syntax()).ok_or_else(made_by_macro)?;
    let until = ctx
        .source_range(receiver.syntax())
        .ok_or_else(made_by_macro)?;
    let mut before = String::new();
    match sets("stdin") {
        // What std leaves empty is handed on there.
        None if output => {
            let stdio = spelling(ctx, call.syntax(), "std::process::Stdio")
                .ok_or_else(|| refuse("`std` is not the standard library here"))?;
            // Laid out as the end of the chain is.
            before = format!("{}.stdin({}::null())", before_dot(ctx, end), stdio.text);
            spelled.push(stdio);
        }
        Some((_, place)) if output && !is_sure(&built, place) => {
            return Err(refuse("whether its stdin is set can't be told"));
        }
        _ => {}
    }
    let new = ctx
        .source_range(built.new.syntax())
        .ok_or_else(made_by_macro)?;
    let new_text = format!("{}::new", spelled[0].text);
    let behind = TextRange::new(until.end(), range.end());
    let (start, elsewhere) = match built.is_here {
        true => {
            let first = TextRange::new(new.end(), until.end());
            (format!("{new_text}{}", ctx.slice(first)), Vec::new())
        }
        false => (ctx.slice(until).to_owned(), vec![(new, new_text)]),
    };
    let kept = match built.is_here {
        true => TextRange::new(new.end(), range.end()),
        false => range,
    };
    Ok(Rewritten {
        written: Written {
            range,
            text: format!(
                "{start}{before}{}{}.await",
                ctx.slice(behind),
                before_dot(ctx, end)
            ),
            kept: vec![kept],
        },
        spelled,
        elsewhere,
        manifest: None,
    })
}

/// Whether what is set by a call is seen to be no pipe.
fn is_no_pipe(call: &SyntaxNode) -> bool {
    let arguments = ast::MethodCallExpr::cast(call.clone()).and_then(|it| it.arg_list());
    let text = arguments.map_or_else(String::new, |it| it.syntax().text().to_string());
    ["null())", "inherit())"]
        .iter()
        .any(|it| text.ends_with(it))
        || text.contains("Stdio::from(")
}

/// Whether what is called at a place is called on every way to the end.
fn is_sure(built: &Built, place: &SyntaxNode) -> bool {
    let block = |node: &SyntaxNode| node.ancestors().find_map(ast::StmtList::cast);
    block(place) == block(built.new.syntax())
}

/// All that is done with a builder which begins here, or in a `let` and is used for nothing else.
fn built(ctx: &FileContext<'_>, call: &ast::Expr, receiver: &ast::Expr) -> Result<Built, Refusal> {
    let mut methods = Vec::new();
    match start(ctx, receiver, &mut methods)? {
        ast::Expr::CallExpr(new) => {
            let new = new.expr().ok_or_else(made_by_macro)?;
            Ok(Built {
                methods,
                new,
                is_here: true,
            })
        }
        ast::Expr::PathExpr(local) => in_let(ctx, call, &local),
        _ => Err(refuse("where it is built can't be seen")),
    }
}

/// What a chain of the builder's methods starts with.
fn start(
    ctx: &FileContext<'_>,
    receiver: &ast::Expr,
    methods: &mut Vec<(String, SyntaxNode)>,
) -> Result<ast::Expr, Refusal> {
    let mut at = receiver.clone();
    while let ast::Expr::MethodCallExpr(method) = &at {
        methods.push(of_builder(ctx, method)?);
        at = method.receiver().ok_or_else(made_by_macro)?;
    }
    match &at {
        ast::Expr::CallExpr(_) if !is_new(ctx, &at) => {
            Err(refuse("a function gives what it is built with"))
        }
        ast::Expr::CallExpr(_) | ast::Expr::PathExpr(_) => Ok(at),
        _ => Err(refuse("where it is built can't be seen")),
    }
}

fn of_builder(
    ctx: &FileContext<'_>,
    method: &ast::MethodCallExpr,
) -> Result<(String, SyntaxNode), Refusal> {
    let name = method.name_ref().ok_or_else(made_by_macro)?;
    let name = name.text().to_string();
    let function = ctx.sema.resolve_method_call(method);
    let item = function.and_then(|it| it.as_assoc_item(ctx.db));
    // That of a trait is another one.
    let own = item.filter(|it| it.implemented_trait(ctx.db).is_none());
    let own = own.and_then(|it| it.implementing_ty(ctx.db)?.as_adt());
    let command = ctx.known.definitions(ctx.db, "std::process::Command");
    if own.is_some_and(|own| command.contains(&Definition::Adt(own))) {
        return Ok((name, method.syntax().clone()));
    }
    Err(refuse(format!(
        "`{name}` is no method of the builder itself"
    )))
}

fn is_new(ctx: &FileContext<'_>, call: &ast::Expr) -> bool {
    let new = ctx.known.definitions(ctx.db, "std::process::Command::new");
    let callee = ctx.callee(call).map(Definition::Function);
    callee.is_some_and(|it| new.contains(&it))
}

/// A builder in a local.
fn in_let(ctx: &FileContext<'_>, call: &ast::Expr, path: &ast::PathExpr) -> Result<Built, Refusal> {
    let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
    let Some(PathResolution::Local(local)) = resolved else {
        return Err(refuse("where it is built can't be seen"));
    };
    let source = local.primary_source(ctx.db).source.value;
    let pattern = source.left();
    let statement = pattern
        .as_ref()
        .and_then(|it| it.syntax().parent())
        .and_then(ast::LetStmt::cast);
    let (Some(pattern), Some(statement)) = (pattern, statement) else {
        return Err(refuse("where it is built can't be seen"));
    };
    let new = match statement.initializer() {
        Some(value) if statement.ty().is_none() && is_new(ctx, &value) => match value {
            ast::Expr::CallExpr(new) => new.expr(),
            _ => None,
        },
        _ => None,
    };
    let new = new.ok_or_else(|| refuse("where it is built can't be seen"))?;
    let bodies = |node: &SyntaxNode| ctx.enclosing(node).and_then(|it| it.body());
    if bodies(statement.syntax()) != bodies(call.syntax()) {
        return Err(refuse("it is built in other code than it is waited for in"));
    }
    let name = path.syntax().text().to_string();
    let used = || refuse(format!("`{name}` is used for something else as well"));
    if is_hidden_use(pattern.syntax(), &name) {
        return Err(used());
    }
    let mut methods = Vec::new();
    for path in uses_of(ctx, local, pattern.syntax()) {
        let mut outer = ast::Expr::from(path);
        loop {
            let parent = outer.syntax().parent();
            let method = parent.and_then(ast::MethodCallExpr::cast);
            let Some(method) = method.filter(|it| it.receiver().as_ref() == Some(&outer)) else {
                break;
            };
            outer = method.clone().into();
            if outer == *call {
                break;
            }
            methods.push(of_builder(ctx, &method)?);
        }
        let parent = outer.syntax().parent();
        let dropped = parent.is_some_and(|it| ast::ExprStmt::can_cast(it.kind()));
        if outer != *call && !dropped {
            return Err(used());
        }
    }
    // What waits or starts it is no part of what is built.
    let ends = ["spawn", "output", "status"];
    if methods
        .iter()
        .any(|(name, _)| ends.contains(&name.as_str()))
    {
        return Err(refuse(format!("`{name}` is started more than once")));
    }
    Ok(Built {
        methods,
        new,
        is_here: false,
    })
}
