//! Takes a value out of a guard without a name, in a statement of its own before.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, T, TextRange, TextSize,
    ast::{self, HasLoopBody},
};

use super::holding::Guarded;
use crate::{
    analysis::{alive::is_place_expr, borrowing::may_borrow},
    change::Change,
    codemod::{Effect, Safety, Verdict},
    context::FileContext,
    text::{fresh_name, has_comment},
};

/// What becomes of a guard without a name.
pub fn verdict(ctx: &FileContext<'_>, guarded: &Guarded, guard: &ast::Expr) -> Verdict {
    let value = taken_out(ctx, guard);
    let change = value.and_then(|it| looped(ctx, &it).or_else(|| hoisted(ctx, guard, &it)));
    let Some(change) = change else {
        let shown = guarded.short_name();
        return guarded.manual(&format!(
            "`{shown}` has no name, and lives until the end of what it is a part of"
        ));
    };
    Verdict::Rewrite {
        safety: Safety::Unsafe,
        change,
        effects: vec![Effect::Timing],
    }
}

/// The smallest expression around a guard that gives a value of its own, and waits for nothing.
fn taken_out(ctx: &FileContext<'_>, guard: &ast::Expr) -> Option<ast::Expr> {
    for node in guard.syntax().ancestors() {
        let Some(expr) = ast::Expr::cast(node.clone()) else {
            let goes_on = ast::ArgList::can_cast(node.kind());
            match goes_on {
                true => continue,
                false => return None,
            }
        };
        if expr
            .syntax()
            .descendants()
            .any(|it| ast::AwaitExpr::can_cast(it.kind()) || ast::MacroCall::can_cast(it.kind()))
        {
            return None;
        }
        let Some(ty) = ctx.type_of(&expr) else {
            continue;
        };
        if may_borrow(ctx, &ty) || ty.is_unit() || ty.is_never() {
            continue;
        }
        if !is_place_expr(&expr) || (ty.is_copy(ctx.db) && is_read(&expr)) {
            return Some(expr);
        }
    }
    None
}

/// Whether a place is only read.
fn is_read(place: &ast::Expr) -> bool {
    let Some(parent) = place.syntax().parent() else {
        return false;
    };
    match ast::Expr::cast(parent) {
        Some(ast::Expr::RefExpr(it)) => it.mut_token().is_none(),
        Some(ast::Expr::BinExpr(it)) => {
            let assigns = matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. }));
            !assigns || it.rhs().as_ref() == Some(place)
        }
        // A part of it may be meant.
        Some(ast::Expr::FieldExpr(_) | ast::Expr::IndexExpr(_) | ast::Expr::MethodCallExpr(_)) => {
            false
        }
        _ => true,
    }
}

/// `while let` over a value as `loop` with `let else`: the statement ends the guard.
fn looped(ctx: &FileContext<'_>, value: &ast::Expr) -> Option<Change> {
    let condition = value.syntax().parent().and_then(ast::LetExpr::cast)?;
    let looped = condition.syntax().parent().and_then(ast::WhileExpr::cast)?;
    let pattern = condition.pat()?;
    let text = ctx.source_text(value.syntax())?;
    let body = looped.loop_body()?.stmt_list()?;
    let open = body.l_curly_token()?.text_range().end();
    let head = TextRange::new(looped.while_token()?.text_range().start(), open);
    // What `let else` can't have, or a comment that would have no place.
    let lazy = matches!(value, ast::Expr::BinExpr(it) if matches!(it.op_kind(), Some(ast::BinaryOp::LogicOp(_))));
    let several = matches!(pattern, ast::Pat::OrPat(_));
    if lazy || several || text.ends_with('}') || has_comment(looped.syntax(), head) {
        return None;
    }
    let indent = ctx.indent_at(looped.syntax().text_range().start());
    let inner = format!("{indent}{}", ctx.indent_unit());
    let bound = ctx.source_text(pattern.syntax())?;
    let rest = &ctx.text[usize::from(open)..];
    let goes_on = rest.trim_start_matches([' ', '\t']);
    let (head, next) = match goes_on.starts_with(['\n', '\r']) || goes_on.starts_with("//") {
        true => (head, String::new()),
        false => {
            let space = TextSize::try_from(rest.len() - goes_on.len()).ok()?;
            let whole = TextRange::new(head.start(), head.end() + space);
            (whole, format!("\n{inner}"))
        }
    };
    let first = format!(
        "loop {{\n{inner}let {bound} = {text} else {{\n{inner}{}break;\n{inner}}};{next}",
        ctx.indent_unit()
    );
    let mut change = Change::default();
    change.replace(ctx.file, head, first);
    Some(change)
}

/// The value in a `let` before the statement, if nothing else comes first there.
fn hoisted(ctx: &FileContext<'_>, guard: &ast::Expr, value: &ast::Expr) -> Option<Change> {
    let statement = comes_first_in(value)?;
    let has_attributes = statement.first_token()?.kind() == T![#];
    if has_attributes || has_mutable_binding(value.syntax()) || changes_a_local(value.syntax()) {
        return None;
    }
    let text = ctx.source_text(value.syntax())?;
    let function = statement
        .ancestors()
        .find(|node| ast::Fn::can_cast(node.kind()))?;
    let wanted = field_name(guard);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).chain(["value"]).collect();
    let name = fresh_name(&function, &wanted);
    if !ctx.can_be_bound(&statement, &name) {
        return None;
    }
    let adjusted = ctx.sema.type_of_expr(value).and_then(|it| it.adjusted);
    let mutable = match adjusted.is_some_and(|ty| ty.is_mutable_reference()) {
        true => "mut ",
        false => "",
    };
    let start = statement.text_range().start();
    let indent = ctx.indent_at(start);
    let before = &ctx.text[..usize::from(start)];
    let then = match before.trim_end_matches([' ', '\t']).ends_with('\n') {
        true => format!("\n{indent}"),
        false => " ".to_owned(),
    };
    let mut change = Change::default();
    change.insert(
        ctx.file,
        start,
        format!("let {mutable}{name} = {text};{then}"),
    );
    change.replace(ctx.file, ctx.source_range(value.syntax())?, name);
    Some(change)
}

/// The statement, or last value of a block, in which `expr` is what runs first, whatever happens.
fn comes_first_in(expr: &ast::Expr) -> Option<SyntaxNode> {
    let mut inner = expr.syntax().clone();
    loop {
        let outer = inner.parent()?;
        if ast::StmtList::can_cast(outer.kind()) {
            return Some(inner);
        }
        if !runs_first(&outer, &inner) {
            return None;
        }
        inner = outer;
    }
}

/// Whether `inner`, a child of `outer`, is what `outer` begins with.
fn runs_first(outer: &SyntaxNode, inner: &SyntaxNode) -> bool {
    let is = |expr: Option<ast::Expr>| expr.is_some_and(|expr| expr.syntax() == inner);
    match outer.kind() {
        SyntaxKind::EXPR_STMT => return true,
        SyntaxKind::LET_STMT => {
            let statement = ast::LetStmt::cast(outer.clone());
            return statement.is_some_and(|it| is(it.initializer()));
        }
        SyntaxKind::ARG_LIST | SyntaxKind::RECORD_EXPR_FIELD_LIST => {
            return earlier_are_still(outer, inner);
        }
        SyntaxKind::RECORD_EXPR_FIELD => return true,
        _ => {}
    }
    let Some(expr) = ast::Expr::cast(outer.clone()) else {
        return false;
    };
    match expr {
        ast::Expr::MatchExpr(it) => is(it.expr()),
        ast::Expr::ForExpr(it) => is(it.iterable()),
        ast::Expr::IfExpr(it) => {
            // An `else if` comes after another condition.
            let first = it
                .syntax()
                .parent()
                .is_none_or(|it| !ast::IfExpr::can_cast(it.kind()));
            first && is(it.condition())
        }
        ast::Expr::LetExpr(it) => is(it.expr()),
        ast::Expr::BinExpr(it) => match it.op_kind() {
            Some(ast::BinaryOp::Assignment { op: None }) => is(it.rhs()),
            Some(ast::BinaryOp::ArithOp(_) | ast::BinaryOp::CmpOp(_)) => {
                is(it.lhs()) || it.lhs().is_some_and(|it| is_still(&it))
            }
            _ => false,
        },
        ast::Expr::AwaitExpr(_)
        | ast::Expr::TryExpr(_)
        | ast::Expr::ParenExpr(_)
        | ast::Expr::RefExpr(_)
        | ast::Expr::CastExpr(_)
        | ast::Expr::PrefixExpr(_)
        | ast::Expr::FieldExpr(_)
        | ast::Expr::ReturnExpr(_) => true,
        ast::Expr::CallExpr(_)
        | ast::Expr::MethodCallExpr(_)
        | ast::Expr::TupleExpr(_)
        | ast::Expr::ArrayExpr(_)
        | ast::Expr::RecordExpr(_) => earlier_are_still(outer, inner),
        _ => false,
    }
}

/// Whether what stands before `inner` in `outer` does nothing: names, fields and literals.
fn earlier_are_still(outer: &SyntaxNode, inner: &SyntaxNode) -> bool {
    let earlier = outer.children().take_while(|child| child != inner);
    let mut earlier = earlier.flat_map(|child| match ast::RecordExprField::cast(child.clone()) {
        Some(field) => field.expr(),
        None => ast::Expr::cast(child),
    });
    earlier.all(|expr| is_still(&expr))
}

fn is_still(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Literal(_) | ast::Expr::PathExpr(_) => true,
        ast::Expr::FieldExpr(it) => it.expr().is_some_and(|it| is_still(&it)),
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|it| is_still(&it)),
        ast::Expr::RefExpr(it) => {
            it.mut_token().is_none() && it.expr().is_some_and(|it| is_still(&it))
        }
        _ => false,
    }
}

/// Whether a value takes something that is there already to change it.
fn changes_a_local(value: &SyntaxNode) -> bool {
    let mut borrows = value.descendants().filter_map(ast::RefExpr::cast);
    borrows.any(|it| it.mut_token().is_some())
}

/// Whether a pattern around the value binds a part of it to be changed.
fn has_mutable_binding(value: &SyntaxNode) -> bool {
    let Some(parent) = value.parent() else {
        return false;
    };
    let patterns: Vec<ast::Pat> = if let Some(it) = ast::LetExpr::cast(parent.clone()) {
        it.pat().into_iter().collect()
    } else if let Some(it) = ast::MatchExpr::cast(parent) {
        let arms = it.match_arm_list();
        arms.iter()
            .flat_map(|list| list.arms())
            .filter_map(|arm| arm.pat())
            .collect()
    } else {
        Vec::new()
    };
    let mut names = patterns
        .iter()
        .flat_map(|it| it.syntax().descendants())
        .filter_map(ast::IdentPat::cast);
    names.any(|name| name.ref_token().is_some() && name.mut_token().is_some())
}

/// The name of the field that is locked or borrowed, for the local.
fn field_name(guard: &ast::Expr) -> Option<String> {
    let mut fields = guard
        .syntax()
        .descendants()
        .filter_map(ast::FieldExpr::cast);
    let name = fields.find_map(|it| it.name_ref())?;
    let text = name.text().to_string();
    let plain = name.ident_token().is_some_and(|it| it.kind() == T![ident]);
    plain.then_some(text)
}
