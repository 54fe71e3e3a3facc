//! What a combinator calls, as code that can stand in its place.

use ra_ap_hir::{ModuleDef, PathResolution};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange, TextSize,
    ast::{self, HasArgList, HasName},
};

use crate::{
    analysis::{captured::must_own, control::returns, in_place::Written},
    context::FileContext,
    text::{fresh_name, names, shifted, spliced, words},
};

/// A closure, or a function that was handed over by its path, written out.
#[derive(Debug)]
pub(super) struct Inline {
    params: Vec<Param>,
    /// The value, its lines after the first without the indentation of its place.
    value: String,
    /// The value without the `Ok(..)` or `Some(..)` around it.
    unwrapped: Option<String>,
    /// The body of a closure.
    pub(super) body: Option<ast::Expr>,
    /// Whether the closure says of which type it is.
    says_type: bool,
    /// Whether something binds tighter than the value does.
    loose: bool,
    /// What of the file stands in it.
    pub(super) kept: Vec<TextRange>,
}

#[derive(Debug)]
struct Param {
    pattern: String,
    /// The type that the closure says it has.
    ty: Option<String>,
    names: Vec<String>,
}

impl Inline {
    /// The argument of a combinator that hands over `arity` values, with `awaits` in it. `nearby` is
    /// the code whose names are taken. The error says why it can't be written out.
    pub(super) fn of(
        ctx: &FileContext<'_>,
        argument: &ast::Expr,
        awaits: &[Written],
        arity: usize,
        nearby: &SyntaxNode,
    ) -> Result<Inline, String> {
        match argument {
            ast::Expr::ClosureExpr(closure) => Inline::of_closure(ctx, closure, awaits, nearby),
            ast::Expr::PathExpr(path) => {
                let range = ctx.source_range(path.syntax());
                let range = range.ok_or("a macro makes the function")?;
                let names: Vec<String> = ["value", "other"][..arity]
                    .iter()
                    .map(|name| fresh_name(nearby, &[name]))
                    .collect();
                let wait = match awaits.iter().any(|wait| wait.range == range) {
                    true => ".await",
                    false => "",
                };
                Ok(Inline {
                    value: format!("{}({}){wait}", ctx.slice(range), names.join(", ")),
                    params: names.into_iter().map(Param::named).collect(),
                    unwrapped: None,
                    says_type: false,
                    body: None,
                    loose: false,
                    kept: vec![range],
                })
            }
            _ => Err("what it calls is neither a closure nor a path".to_owned()),
        }
    }

    fn of_closure(
        ctx: &FileContext<'_>,
        closure: &ast::ClosureExpr,
        awaits: &[Written],
        nearby: &SyntaxNode,
    ) -> Result<Inline, String> {
        let body = closure.body().ok_or("the closure has no body")?;
        let range = ctx.source_range(body.syntax());
        let range = range.ok_or("a macro makes the closure")?;
        if closure.async_token().is_some() {
            return Err("the closure is async".to_owned());
        }
        if returns(ctx, body.syntax()) {
            return Err("a `return` that ends the closure would end the function".to_owned());
        }
        if must_own(ctx, closure, &body) {
            return Err("the closure works on values of its own".to_owned());
        }
        let list = closure
            .param_list()
            .ok_or("the closure has no parameters")?;
        let params = list.params().map(|param| Param::of(ctx, &param));
        let params: Option<Vec<Param>> = params.collect();
        let mut params = params.ok_or("a macro makes the closure")?;
        let unwrapped = wrapped(ctx, &body).and_then(|(tail, inner)| {
            let tail = ctx.source_range(tail.syntax())?;
            let inner = ctx.source_range(inner.syntax())?;
            // Of `Ok(())` nothing is left, with the line that it stands on.
            let before = ctx.slice(TextRange::new(range.start(), tail.start()));
            let spaces = before.len() - before.trim_end().len();
            let around = match ctx.slice(inner) {
                "()" if tail != range => vec![TextRange::new(
                    tail.start() - TextSize::try_from(spaces).ok()?,
                    tail.end(),
                )],
                _ => vec![
                    TextRange::new(tail.start(), inner.start()),
                    TextRange::new(inner.end(), tail.end()),
                ],
            };
            Some(replaced(ctx, range, awaits, &around))
        });
        let waits: Vec<&Written> = awaits
            .iter()
            .filter(|wait| range.contains_range(wait.range))
            .collect();
        let mut kept: Vec<TextRange> = waits.iter().flat_map(|wait| wait.kept.clone()).collect();
        let mut at = range.start();
        for wait in &waits {
            kept.push(TextRange::new(at, wait.range.start()));
            at = wait.range.end();
        }
        kept.push(TextRange::new(at, range.end()));
        for param in list.params() {
            kept.extend(ctx.source_range(param.syntax()));
        }
        // What `|_|` got was dropped where the closure ended.
        for (param, node) in params.iter_mut().zip(list.params()) {
            let Some(ast::Pat::WildcardPat(it)) = node.pat() else {
                continue;
            };
            let ty = ctx.sema.type_of_pat(&it.into());
            if !ty.is_some_and(|ty| ty.original.is_copy(ctx.db)) {
                param.pattern = fresh_name(closure.syntax(), &["_value"]);
            }
        }
        let mut value = replaced(ctx, range, awaits, &[]);
        if let Some(ty) = closure.ret_type().and_then(|ret| ret.ty()) {
            let says = ctx
                .source_text(ty.syntax())
                .ok_or("a macro makes the closure")?;
            let name = fresh_name(nearby, &["value"]);
            value = block(
                ctx.indent_unit(),
                &[&format!("let {name}: {says} = {value};"), &name],
            );
            kept.extend(ctx.source_range(ty.syntax()));
        }
        Ok(Inline {
            params,
            value,
            says_type: closure.ret_type().is_some(),
            unwrapped,
            loose: !waits.iter().any(|wait| wait.range == range) && is_loose(&body),
            body: Some(body),
            kept,
        })
    }

    /// The value, where any expression may stand.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// The value, where something binds to it.
    pub(super) fn operand(&self) -> String {
        match self.loose {
            true => format!("({})", self.value),
            false => self.value.clone(),
        }
    }

    /// The value, where a brace would begin a body.
    pub(super) fn condition(&self) -> String {
        let shows_struct = self.body.as_ref().is_some_and(shows_struct);
        match shows_struct {
            true => format!("({})", self.value),
            false => self.value.clone(),
        }
    }

    /// What is in the value if it is no error; an error leaves by `?`.
    pub(super) fn tried(&self) -> String {
        match &self.unwrapped {
            Some(inner) => inner.clone(),
            None => format!("{}?", self.operand()),
        }
    }

    /// Whether the type of an error in the value shows without the call that takes it.
    pub(super) fn says_error(&self) -> bool {
        self.unwrapped.is_some()
            || self.says_type
            || self.body.as_ref().is_none_or(|body| {
                matches!(
                    tail_of(body),
                    ast::Expr::CallExpr(_)
                        | ast::Expr::MethodCallExpr(_)
                        | ast::Expr::AwaitExpr(_)
                        | ast::Expr::PathExpr(_)
                )
            })
    }

    /// The body, if it is a block of its own; with `tried`, what is left of it.
    pub(super) fn block(&self, tried: bool) -> Option<&str> {
        let text = match (tried, &self.unwrapped) {
            (false, _) => &self.value,
            (true, unwrapped) => unwrapped.as_ref()?,
        };
        match &self.body {
            Some(ast::Expr::BlockExpr(block)) if block.modifier().is_none() => {
                text.starts_with('{').then_some(text)
            }
            _ => None,
        }
    }

    /// Whether its value is `()`, or a future of that which is awaited in its place.
    pub(super) fn gives_unit(&self, ctx: &FileContext<'_>, awaits: &[Written]) -> bool {
        let Some((ty, body)) = self
            .body
            .as_ref()
            .and_then(|body| Some((ctx.type_of(body)?, body)))
        else {
            return false;
        };
        let value = match body {
            ast::Expr::BlockExpr(block) if block.modifier().is_none() => {
                block.stmt_list().and_then(|list| list.tail_expr())
            }
            other => Some(other.clone()),
        };
        let range = value.and_then(|value| ctx.source_range(value.syntax()));
        let is_awaited = awaits.iter().any(|wait| Some(wait.range) == range);
        let output = ty.clone().future_output(ctx.db);
        ty.is_unit() || is_awaited && output.is_some_and(|it| it.is_unit())
    }

    /// The pattern of a parameter, and what has to stand before the value where it is bound.
    pub(super) fn pattern(&self, index: usize, nearby: &SyntaxNode) -> (String, String) {
        match self.params.get(index) {
            None => ("_".to_owned(), String::new()),
            Some(param) => match &param.ty {
                None => (param.pattern.clone(), String::new()),
                Some(_) => {
                    let name = fresh_name(nearby, &["value"]);
                    let bind = self.bind(index, &name);
                    (name, bind)
                }
            },
        }
    }

    /// A statement that gives a parameter its value.
    pub(super) fn bind(&self, index: usize, value: &str) -> String {
        match self.params.get(index) {
            None => format!("let _ = {value};"),
            Some(Param { pattern, ty, .. }) => match ty {
                Some(ty) => format!("let {pattern}: {ty} = {value};"),
                None if pattern == value => String::new(),
                None => format!("let {pattern} = {value};"),
            },
        }
    }

    /// A name in its parameters that means something else in `later`.
    pub(super) fn hides(&self, later: &Inline) -> Option<String> {
        let bound = |inline: &'_ Inline| -> Vec<String> {
            let names = inline.params.iter().flat_map(|param| param.names.clone());
            names.collect()
        };
        let own = bound(later);
        let used = match &later.body {
            Some(body) => words(body.syntax()),
            None => later.value.split(':').map(str::to_owned).collect(),
        };
        bound(self)
            .into_iter()
            .find(|name| !own.contains(name) && used.iter().any(|word| names(word, name)))
    }
}

impl Param {
    fn of(ctx: &FileContext<'_>, param: &ast::Param) -> Option<Param> {
        let pattern = param.pat()?;
        let names = pattern
            .syntax()
            .descendants()
            .filter_map(ast::IdentPat::cast)
            .filter_map(|name| Some(name.name()?.text().to_string()));
        Some(Param {
            names: names.collect(),
            pattern: ctx.source_text(pattern.syntax())?.to_owned(),
            ty: match param.ty() {
                Some(ty) => Some(ctx.source_text(ty.syntax())?.to_owned()),
                None => None,
            },
        })
    }

    fn named(name: String) -> Param {
        Param {
            pattern: name.clone(),
            ty: None,
            names: vec![name],
        }
    }
}

/// A part of the file with what is awaited in it replaced and what is `gone` left out, without the
/// indentation of its place.
pub(super) fn replaced(
    ctx: &FileContext<'_>,
    range: TextRange,
    awaits: &[Written],
    gone: &[TextRange],
) -> String {
    let awaits = awaits.iter().map(|wait| (wait.range, wait.text.as_str()));
    let gone = gone.iter().map(|range| (*range, ""));
    let text = spliced(ctx.text, range, awaits.chain(gone));
    shifted(&text, ctx.indent_at(range.start()), "")
}

/// The expression at the end of a body.
fn tail_of(body: &ast::Expr) -> ast::Expr {
    match body {
        ast::Expr::BlockExpr(block) if block.modifier().is_none() => match block.tail_expr() {
            Some(tail) => tail_of(&tail),
            None => body.clone(),
        },
        _ => body.clone(),
    }
}

/// The `Ok(..)` or `Some(..)` at the end of a body, and what is in it.
fn wrapped(ctx: &FileContext<'_>, body: &ast::Expr) -> Option<(ast::Expr, ast::Expr)> {
    let tail = tail_of(body);
    let ast::Expr::CallExpr(call) = &tail else {
        return None;
    };
    let ast::Expr::PathExpr(path) = call.expr()? else {
        return None;
    };
    let Some(PathResolution::Def(ModuleDef::EnumVariant(variant))) =
        ctx.sema.resolve_path(&path.path()?)
    else {
        return None;
    };
    let of = variant.parent_enum(ctx.db).ty(ctx.db);
    let yes = matches!(variant.name(ctx.db).as_str(), "Ok" | "Some")
        && ["core::result::Result", "core::option::Option"]
            .iter()
            .any(|path| ctx.is_adt(&of, path));
    let inner = call.arg_list()?.args().next()?;
    yes.then_some((tail, inner))
}

/// Whether a `?`, a `.` or a `!` beside the expression would bind to a part of it.
fn is_loose(expr: &ast::Expr) -> bool {
    !matches!(
        expr,
        ast::Expr::PathExpr(_)
            | ast::Expr::Literal(_)
            | ast::Expr::CallExpr(_)
            | ast::Expr::MethodCallExpr(_)
            | ast::Expr::FieldExpr(_)
            | ast::Expr::IndexExpr(_)
            | ast::Expr::AwaitExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::ParenExpr(_)
            | ast::Expr::TupleExpr(_)
            | ast::Expr::ArrayExpr(_)
            | ast::Expr::MacroExpr(_)
            | ast::Expr::BlockExpr(_)
            | ast::Expr::MatchExpr(_)
            | ast::Expr::IfExpr(_)
    )
}

/// Whether the brace of a struct literal in the expression would begin a body, if it stood in a
/// condition.
pub(super) fn shows_struct(expr: &ast::Expr) -> bool {
    let nodes = expr.syntax().descendants();
    let mut records = nodes.filter(|node| ast::RecordExpr::can_cast(node.kind()));
    records.any(|record| {
        let mut between = record.ancestors().take_while(|it| it != expr.syntax());
        !between.any(|it| {
            ast::ArgList::can_cast(it.kind())
                || ast::StmtList::can_cast(it.kind())
                || ast::ParenExpr::can_cast(it.kind())
        })
    })
}

/// Lines in braces; those that are empty are left out.
pub(super) fn block(unit: &str, parts: &[&str]) -> String {
    format!("{{\n{}\n}}", indented(unit, &lines(parts)))
}

/// Code moved to the right by one level.
pub(super) fn indented(unit: &str, text: &str) -> String {
    format!("{unit}{}", shifted(text, "", unit))
}

/// Lines that are not empty.
pub(super) fn lines(parts: &[&str]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.copied().collect::<Vec<_>>().join("\n")
}

/// The receiver of a call, where a brace follows.
pub(super) fn head(receiver: &ast::Expr, text: String) -> String {
    match receiver {
        _ if shows_struct(receiver) => format!("({text})"),
        ast::Expr::ParenExpr(paren) => {
            let plain = paren.expr().is_some_and(|inner| {
                !shows_struct(&inner) && !matches!(inner, ast::Expr::ClosureExpr(_))
            });
            let inner = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'));
            match inner {
                Some(inner) if plain => inner.trim().to_owned(),
                _ => text,
            }
        }
        _ => text,
    }
}
