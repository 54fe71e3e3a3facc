//! What becomes of the value of an expression: whether anyone looks at it.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self, HasArgList, HasName},
};

use super::control::leaves_early;
use crate::{
    context::FileContext,
    knowledge::{Definition, Role},
    syntax::names_types,
};

/// What becomes of a value.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Nobody looks at it.
    Dropped {
        /// How it is dropped.
        how: Dropped,
        /// The statement that does, where the value is that statement's own: code may be put
        /// before it.
        statement: Option<ast::Stmt>,
    },
    /// It is used, returned, stored or passed on.
    Used,
}

/// How a value is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// `value;`
    Statement,
    /// `let _ = value;` or `_ = value;`
    Wildcard,
    /// `drop(value)`
    Drop,
    /// `let name = value;` with a name that nothing mentions afterwards.
    UnusedName,
    /// `value.detach()`
    Detached,
    /// The last expression of an async block or closure whose own value is dropped.
    Tail,
    /// The value of a match or if arm, or of a body that `return` gives others to: dropped with
    /// them.
    Arm,
}

/// Follows a value outwards. Types are asked only where a name decides (`drop`, `spawn`).
pub fn fate_of(ctx: &FileContext<'_>, expr: &ast::Expr) -> Fate {
    let Some(parent) = expr.syntax().parent() else {
        return Fate::Used;
    };
    if let Some(statement) = ast::ExprStmt::cast(parent.clone()) {
        let how = Dropped::Statement;
        return Fate::Dropped {
            how,
            statement: Some(statement.into()),
        };
    }
    if let Some(statement) = ast::LetStmt::cast(parent.clone()) {
        return fate_of_let(&statement);
    }
    if let Some(paren) = ast::ParenExpr::cast(parent.clone()) {
        return fate_of(ctx, &paren.into());
    }
    if let Some(method) = ast::MethodCallExpr::cast(parent.clone()) {
        let detaches = method.receiver().as_ref() == Some(expr)
            && ctx
                .call(&method.clone().into())
                .is_some_and(|it| it.api.role == Role::Detaches);
        return match fate_of(ctx, &method.into()) {
            Fate::Dropped { statement, .. } if detaches => Fate::Dropped {
                how: Dropped::Detached,
                statement,
            },
            _ => Fate::Used,
        };
    }
    if let Some(assignment) = ast::BinExpr::cast(parent.clone()) {
        let wildcard = matches!(assignment.lhs(), Some(ast::Expr::UnderscoreExpr(_)));
        if !wildcard {
            return Fate::Used;
        }
        let statement = assignment.syntax().parent().and_then(ast::ExprStmt::cast);
        return Fate::Dropped {
            how: Dropped::Wildcard,
            statement: statement.map(Into::into),
        };
    }
    if ast::ArgList::can_cast(parent.kind()) {
        return fate_of_argument(ctx, &parent);
    }
    if let Some(list) = ast::StmtList::cast(parent.clone()) {
        return fate_of_tail(ctx, &list);
    }
    if let Some(arm) = ast::MatchArm::cast(parent.clone()) {
        let outer = arm.syntax().ancestors().find_map(ast::MatchExpr::cast);
        return arm_of(outer.map(|outer| fate_of(ctx, &outer.into())));
    }
    if let Some(closure) = ast::ClosureExpr::cast(parent) {
        return fate_of_closure_value(ctx, &closure);
    }
    Fate::Used
}

fn fate_of_let(statement: &ast::LetStmt) -> Fate {
    // A type says that somebody thought about the value.
    if statement.ty().is_some() || statement.let_else().is_some() {
        return Fate::Used;
    }
    let how = match statement.pat() {
        Some(ast::Pat::WildcardPat(_)) => Dropped::Wildcard,
        Some(ast::Pat::IdentPat(name)) if !is_mentioned_after(statement, &name) => {
            Dropped::UnusedName
        }
        _ => return Fate::Used,
    };
    Fate::Dropped {
        how,
        statement: Some(statement.clone().into()),
    }
}

/// Whether the name of a `let` stands again in the rest of its block, in whatever role.
pub fn is_mentioned_after(statement: &ast::LetStmt, name: &ast::IdentPat) -> bool {
    let Some(name) = name.name() else { return true };
    statement
        .syntax()
        .siblings_with_tokens(ra_ap_syntax::Direction::Next)
        .skip(1)
        .filter_map(|element| element.into_node())
        .flat_map(|node| node.descendants_with_tokens().collect::<Vec<_>>())
        .filter_map(|element| element.into_token())
        .any(|token| match token.kind() {
            SyntaxKind::IDENT => token.text() == name.text(),
            // A name in a format string.
            SyntaxKind::STRING => token.text().contains(name.text()),
            _ => false,
        })
}

fn fate_of_argument(ctx: &FileContext<'_>, list: &SyntaxNode) -> Fate {
    let Some(call) = list.parent().and_then(ast::CallExpr::cast) else {
        return Fate::Used;
    };
    let Some(callee) = ctx.callee(&call.clone().into()) else {
        return Fate::Used;
    };
    let is_drop = ctx
        .known
        .definitions(ctx.db, "core::mem::drop")
        .contains(&Definition::Function(callee));
    if !is_drop || names_types(call.syntax()) {
        return Fate::Used;
    }
    let statement = match fate_of(ctx, &call.into()) {
        Fate::Dropped {
            how: Dropped::Statement,
            statement,
        } => statement,
        _ => None,
    };
    Fate::Dropped {
        how: Dropped::Drop,
        statement,
    }
}

fn fate_of_tail(ctx: &FileContext<'_>, list: &ast::StmtList) -> Fate {
    let Some(block) = list.syntax().parent().and_then(ast::BlockExpr::cast) else {
        return Fate::Used;
    };
    let Some(parent) = block.syntax().parent() else {
        return Fate::Used;
    };
    if ast::Fn::can_cast(parent.kind()) {
        return Fate::Used;
    }
    match block.modifier() {
        None | Some(ast::BlockModifier::Unsafe(_)) => {}
        Some(ast::BlockModifier::Async(_)) => return fate_of_async_value(ctx, &block),
        Some(_) => return Fate::Used,
    }
    if let Some(closure) = ast::ClosureExpr::cast(parent.clone()) {
        return fate_of_closure_value(ctx, &closure);
    }
    if let Some(condition) = ast::IfExpr::cast(parent) {
        return arm_of(Some(fate_of(ctx, &condition.into())));
    }
    match fate_of(ctx, &block.into()) {
        // The block's value is the statement's; code may still only go into the block.
        Fate::Dropped { how, .. } => Fate::Dropped {
            how,
            statement: None,
        },
        Fate::Used => Fate::Used,
    }
}

/// The output of an async block is dropped where the block is spawned and the handle dropped.
fn fate_of_async_value(ctx: &FileContext<'_>, block: &ast::BlockExpr) -> Fate {
    let spawn = block
        .syntax()
        .parent()
        .filter(|list| ast::ArgList::can_cast(list.kind()))
        .and_then(|list| list.parent())
        .and_then(ast::Expr::cast);
    let Some(spawn) = spawn else {
        return Fate::Used;
    };
    let spawns = ctx
        .call(&spawn)
        .is_some_and(|call| matches!(call.api.role, Role::Spawn { .. }));
    match fate_of(ctx, &spawn) {
        Fate::Dropped { .. } if spawns => tail_of(ctx, block.syntax()),
        _ => Fate::Used,
    }
}

/// The value of a closure is dropped where it is handed to a method of `Option` or `Result` whose
/// own value is dropped: `task.map(|task| tokio::spawn(task));`
fn fate_of_closure_value(ctx: &FileContext<'_>, closure: &ast::ClosureExpr) -> Fate {
    let call = closure
        .syntax()
        .parent()
        .and_then(|list| list.parent())
        .and_then(ast::MethodCallExpr::cast);
    let Some(call) = call else { return Fate::Used };
    let mapped = matches!(
        call.name_ref().as_ref().map(|name| name.text()),
        Some("map" | "and_then" | "map_or" | "map_or_else")
    );
    let receiver = call.receiver().and_then(|receiver| ctx.type_of(&receiver));
    let holder = receiver.is_some_and(|ty| {
        ctx.is_adt(&ty, "core::option::Option") || ctx.is_adt(&ty, "core::result::Result")
    });
    let typed = closure.ret_type().is_some() || names_types(call.syntax());
    let one = call.arg_list().is_some_and(|list| list.args().count() == 1);
    match fate_of(ctx, &call.into()) {
        Fate::Dropped { .. } if mapped && holder && one && !typed => tail_of(ctx, closure.syntax()),
        _ => Fate::Used,
    }
}

/// The last value of a body that is dropped: one of several where `return` gives others.
fn tail_of(ctx: &FileContext<'_>, body: &SyntaxNode) -> Fate {
    let how = match leaves_early(ctx, body) {
        true => Dropped::Arm,
        false => Dropped::Tail,
    };
    Fate::Dropped {
        how,
        statement: None,
    }
}

fn arm_of(outer: Option<Fate>) -> Fate {
    match outer {
        Some(Fate::Dropped { .. }) => Fate::Dropped {
            how: Dropped::Arm,
            statement: None,
        },
        _ => Fate::Used,
    }
}
