//! The places where a future may be dropped, by the tree alone.

use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{
    AstNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasArgList},
};

use crate::{analysis::discard::is_mentioned_after, context::FileContext, outline::discards};

/// The expressions of a file that may make a future and drop it, in the order of the file.
pub fn places(ctx: &FileContext<'_>) -> Vec<ast::Expr> {
    let tokens = LexedStr::new(Edition::CURRENT, ctx.text);
    let size = |offset| TextSize::try_from(offset).expect("files are smaller than 4 GiB");
    let mut places: Vec<ast::Expr> = discards(&tokens)
        .map(|at| tokens.text_range(at))
        .map(|range| TextRange::new(size(range.start), size(range.end)))
        .filter_map(|range| ctx.source.syntax().covering_element(range).into_token())
        .flat_map(|token| places_at(&token))
        .collect();
    places.sort_by_key(|it| {
        (
            it.syntax().text_range().start(),
            it.syntax().text_range().end(),
        )
    });
    places.dedup();
    places
}

/// What may be a future that the code at a token drops.
pub fn places_at(token: &SyntaxToken) -> Vec<ast::Expr> {
    let Some(parent) = token.parent() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match token.kind() {
        T![let] => {
            let statement = ast::LetStmt::cast(parent).filter(is_unused);
            made_by(statement.and_then(|it| it.initializer()), &mut found);
        }
        T![_] => {
            let assignment = parent.parent().and_then(ast::BinExpr::cast);
            made_by(assignment.and_then(|it| it.rhs()), &mut found);
        }
        _ => {
            let Some(call) = parent.ancestors().skip(1).find_map(called) else {
                return found;
            };
            let list = match &call {
                ast::Expr::CallExpr(call) => call.arg_list(),
                ast::Expr::MethodCallExpr(call) => call.arg_list(),
                _ => None,
            };
            match token.text() {
                "drop" => {
                    let mut arguments = list.into_iter().flat_map(|list| list.args());
                    made_by(arguments.next(), &mut found);
                }
                "map" | "and_then" | "spawn" if ends_unseen(&call) => {
                    for argument in list.into_iter().flat_map(|list| list.args()) {
                        made_by_argument(argument, &mut found);
                    }
                }
                _ => {}
            }
            if is_statement(&call) {
                made_by(Some(call), &mut found);
            }
        }
    }
    found
}

/// The call whose callee a name belongs to.
fn called(node: ra_ap_syntax::SyntaxNode) -> Option<ast::Expr> {
    match ast::Expr::cast(node)? {
        ast::Expr::PathExpr(_) => None,
        call => Some(call),
    }
}

/// Whether a `let` gives its value no name that stands again.
fn is_unused(statement: &ast::LetStmt) -> bool {
    statement.ty().is_none()
        && match statement.pat() {
            Some(ast::Pat::WildcardPat(_)) => true,
            Some(ast::Pat::IdentPat(name)) => !is_mentioned_after(statement, &name),
            _ => false,
        }
}

/// Whether a chain of methods that begins with this call ends where nothing looks at its value.
fn ends_unseen(call: &ast::Expr) -> bool {
    let Some(parent) = call.syntax().parent() else {
        return false;
    };
    if let Some(statement) = ast::LetStmt::cast(parent.clone()) {
        return is_unused(&statement);
    }
    match ast::Expr::cast(parent.clone()) {
        Some(
            outer @ (ast::Expr::MethodCallExpr(_)
            | ast::Expr::ParenExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::AwaitExpr(_)),
        ) => ends_unseen(&outer),
        Some(ast::Expr::BinExpr(assignment)) => {
            matches!(assignment.lhs(), Some(ast::Expr::UnderscoreExpr(_)))
        }
        _ => ast::ExprStmt::can_cast(parent.kind()),
    }
}

fn made_by_argument(argument: ast::Expr, found: &mut Vec<ast::Expr>) {
    match argument {
        ast::Expr::ClosureExpr(closure) if closure.async_token().is_none() => {
            made_by(closure.body(), found);
        }
        ast::Expr::PathExpr(_) => found.push(argument),
        _ => {}
    }
}

/// What of an expression may be a future that it makes.
fn made_by(expr: Option<ast::Expr>, found: &mut Vec<ast::Expr>) {
    match expr {
        Some(ast::Expr::ParenExpr(inner)) => made_by(inner.expr(), found),
        Some(ast::Expr::BlockExpr(block)) => match block.modifier() {
            Some(ast::BlockModifier::Async(_)) => found.push(block.into()),
            None => {
                let tail = block.stmt_list().and_then(|list| list.tail_expr());
                made_by(tail, found);
            }
            Some(_) => {}
        },
        Some(ast::Expr::CallExpr(call)) => {
            // `Ok(load())`
            if makes_variant(&call) {
                let mut arguments = call.arg_list().into_iter().flat_map(|list| list.args());
                made_by(arguments.next(), found);
            } else {
                found.push(call.into());
            }
        }
        Some(call @ ast::Expr::MethodCallExpr(_)) => found.push(call),
        _ => {}
    }
}

/// Whether a call is of something that can only be a variant, or a struct.
fn makes_variant(call: &ast::CallExpr) -> bool {
    let Some(ast::Expr::PathExpr(callee)) = call.expr() else {
        return false;
    };
    let name = callee.path().and_then(|path| path.segment()?.name_ref());
    name.is_some_and(|name| name.text().starts_with(char::is_uppercase))
}

/// Whether nothing looks at a value by the tree: a statement, an arm, or the end of a block that is
/// no function's.
fn is_statement(expr: &ast::Expr) -> bool {
    let Some(parent) = expr.syntax().parent() else {
        return false;
    };
    let of_block = || {
        let block = parent.parent()?.parent()?;
        Some(!ast::Fn::can_cast(block.kind()))
    };
    ast::ExprStmt::can_cast(parent.kind())
        || ast::MatchArm::can_cast(parent.kind())
        || ast::StmtList::can_cast(parent.kind()) && of_block() == Some(true)
}
