//! Which values are alive at a place.
//!
//! A value lives in a local until its block ends or it is moved, and in a temporary until the
//! statement ends, or whatever else ends temporaries in the edition. `temporaries` and `moves` tell;
//! here it is put together for one place.

use ra_ap_hir::{Local, Type};
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::{
    held::{Held, Kind, guard_in, guard_kind, kind_of, temporary},
    moves::{Moved, moved_before},
    temporaries::{self, Ends},
};
use crate::context::FileContext;

/// What is alive where `place` waits, or will, in the code `body` around it: guards, and values that
/// are known not to be `Send`. Closures between the two are taken to run there and then. Innermost
/// first.
pub fn alive_at(ctx: &FileContext<'_>, place: &SyntaxNode, body: &SyntaxNode) -> Vec<Held> {
    look(ctx, place, body, kind_of)
}

/// The guards among them.
pub fn guards_at(ctx: &FileContext<'_>, place: &SyntaxNode, body: &SyntaxNode) -> Vec<Held> {
    let mut held = look(ctx, place, body, guard_kind);
    held.retain(Held::is_guard);
    held
}

fn look<'a>(
    ctx: &FileContext<'a>,
    place: &SyntaxNode,
    body: &SyntaxNode,
    kind: KindOf<'a>,
) -> Vec<Held> {
    let mut alive = Alive {
        ctx,
        place,
        kind,
        ends: Ends::of(ctx),
        arm: None,
        held: Vec::new(),
    };
    alive.awaited();
    let mut inner = place.clone();
    for outer in ctx.sema.ancestors_with_macros(place.clone()).skip(1) {
        alive.step(&outer, &inner);
        if outer == *body {
            break;
        }
        inner = outer;
    }
    alive.held
}

/// What is wrong with holding a value of a type.
type KindOf<'a> = fn(&FileContext<'a>, &Type<'a>) -> Option<Kind>;

struct Alive<'a, 'b> {
    ctx: &'b FileContext<'a>,
    place: &'b SyntaxNode,
    kind: KindOf<'a>,
    ends: Ends,
    /// The pattern of the match arm that was left last.
    arm: Option<ast::Pat>,
    held: Vec<Held>,
}

impl<'a> Alive<'a, '_> {
    /// What the awaited expression leaves behind.
    fn awaited(&mut self) {
        if let Some(wait) = ast::AwaitExpr::cast(self.place.clone())
            && let Some(awaited) = wait.expr()
        {
            self.temporaries(&awaited);
        }
    }

    /// What is alive in `outer` while `inner`, a child of it, runs.
    fn step(&mut self, outer: &SyntaxNode, inner: &SyntaxNode) {
        if let Some(list) = ast::StmtList::cast(outer.clone()) {
            for statement in list.statements() {
                if statement.syntax() == inner {
                    break;
                }
                self.statement(&statement);
            }
            return;
        }
        if let Some(arm) = ast::MatchArm::cast(outer.clone()) {
            self.bound(arm.pat().filter(|pat| pat.syntax() != inner));
            self.arm = arm.pat();
            return;
        }
        if let Some(function) = ast::Fn::cast(outer.clone()) {
            self.parameters(function.param_list());
            return;
        }
        match ast::Expr::cast(outer.clone()) {
            Some(ast::Expr::ClosureExpr(closure)) => self.parameters(closure.param_list()),
            Some(ast::Expr::MatchExpr(it)) => {
                let arm = self.arm.take();
                self.scrutinee(it.expr().filter(|it| it.syntax() != inner), arm);
            }
            Some(ast::Expr::ForExpr(it)) => {
                let Some(iterable) = it.iterable().filter(|it| it.syntax() != inner) else {
                    return;
                };
                let before = self.held.len();
                self.operand(&iterable);
                // What a guard of the iterator's gives out is held by that one as well.
                if !self.held[before..].iter().any(Held::is_guard) {
                    self.bound(it.pat());
                }
            }
            Some(ast::Expr::WhileExpr(it)) => {
                self.condition(it.condition().filter(|it| it.syntax() != inner));
            }
            Some(ast::Expr::IfExpr(it)) => {
                let condition = it.condition().filter(|it| it.syntax() != inner);
                let in_else = it.else_branch().is_some_and(|branch| match branch {
                    ast::ElseBranch::Block(it) => it.syntax() == inner,
                    ast::ElseBranch::IfExpr(it) => it.syntax() == inner,
                });
                match in_else {
                    true if self.ends.before_else => {}
                    true => self.scrutinees(condition, false),
                    false => self.condition(condition),
                }
            }
            Some(ast::Expr::BinExpr(it)) => self.binary(&it, inner),
            Some(ast::Expr::BlockExpr(_) | ast::Expr::LoopExpr(_)) => {}
            _ => self.siblings(outer, inner),
        }
    }

    /// What was evaluated in an expression before `inner`.
    fn siblings(&mut self, outer: &SyntaxNode, inner: &SyntaxNode) {
        if ast::LetElse::can_cast(inner.kind()) {
            // What the value was made of is gone there.
            return;
        }
        for child in outer.children().take_while(|child| child != inner) {
            match ast::Expr::cast(child.clone()) {
                Some(expr) => self.operand(&expr),
                // A field, or an argument of a macro.
                None => {
                    for expr in child.children().filter_map(ast::Expr::cast) {
                        self.operand(&expr);
                    }
                }
            }
        }
        let lent = ast::MethodCallExpr::cast(outer.clone()).and_then(|call| call.receiver());
        if let Some(receiver) = lent.filter(|receiver| receiver.syntax() != inner) {
            self.lent(&receiver);
        }
    }

    fn binary(&mut self, expr: &ast::BinExpr, inner: &SyntaxNode) {
        let Some(lhs) = expr.lhs().filter(|lhs| lhs.syntax() != inner) else {
            return;
        };
        match expr.op_kind() {
            Some(ast::BinaryOp::LogicOp(_)) => self.condition(Some(lhs)),
            // The right side of an assignment comes first; of `+=` only where it is no method.
            Some(ast::BinaryOp::Assignment { op: None }) => {}
            Some(ast::BinaryOp::Assignment { op: Some(_) }) => {
                if !self.ctx.type_of(&lhs).is_some_and(|ty| ty.is_scalar()) {
                    self.operand(&lhs);
                }
            }
            _ => self.operand(&lhs),
        }
    }

    /// A condition that holds where code runs: what its patterns bind, and its temporaries.
    fn condition(&mut self, condition: Option<ast::Expr>) {
        let Some(condition) = condition else { return };
        // What else stands in it ends with its own operand.
        for it in lets_in(&condition) {
            self.bound(it.pat());
        }
        self.scrutinees(Some(condition), true);
    }

    /// What the patterns of a condition looked at, and whether they match.
    fn scrutinees(&mut self, condition: Option<ast::Expr>, matched: bool) {
        for it in condition.iter().flat_map(lets_in) {
            self.scrutinee(it.expr(), it.pat().filter(|_| matched));
        }
    }

    /// A value that patterns look into: it lives as long as its parts are borrowed. `pattern` is the one
    /// that matches.
    fn scrutinee(&mut self, expr: Option<ast::Expr>, pattern: Option<ast::Pat>) {
        let Some(expr) = expr else { return };
        let whole = without_parens(&expr);
        for made in temporaries::in_expr(self.ctx, &expr, self.ends) {
            if made != whole || self.has_value(&made, pattern.as_ref()) {
                self.hold(&made);
            }
        }
    }

    /// Whether the value that a pattern looked into has something to hold where it matches: a guard
    /// that is bound is the local's, and `None` is none.
    fn has_value(&self, expr: &ast::Expr, pattern: Option<&ast::Pat>) -> bool {
        let ty = self.ctx.type_of(expr);
        let is_guard = |ty: &Type<'a>| guard_in(self.ctx, ty).is_some();
        if !ty.as_ref().is_some_and(is_guard) {
            return true;
        }
        let adt = ty.and_then(|ty| ty.as_adt());
        let alone = adt.is_some_and(|adt| self.ctx.known.guard(self.ctx.db, adt).is_some());
        let Some(pattern) = pattern else { return alone };
        let mut parts = pattern.syntax().descendants();
        let binds = parts.any(|part| {
            let name = ast::IdentPat::cast(part);
            let local = name.and_then(|name| self.ctx.sema.to_def(&name));
            local.is_some_and(|local| is_guard(&local.ty(self.ctx.db)))
        });
        let ignores = pattern.syntax().descendants().skip(1).any(|part| {
            ast::WildcardPat::can_cast(part.kind()) || ast::RestPat::can_cast(part.kind())
        });
        !binds && (alone || ignores)
    }

    /// A value that was evaluated, and is not used yet.
    fn operand(&mut self, expr: &ast::Expr) {
        if !is_place_expr(expr) {
            self.hold(expr);
        }
        self.temporaries(expr);
    }

    /// What an expression makes beside its value, and drops when the statement ends.
    fn temporaries(&mut self, expr: &ast::Expr) {
        for made in temporaries::in_expr(self.ctx, expr, self.ends) {
            self.hold(&made);
        }
    }

    fn hold(&mut self, expr: &ast::Expr) {
        let kind = self.ctx.type_of(expr);
        if let Some(kind) = kind.and_then(|ty| (self.kind)(self.ctx, &ty)) {
            self.held.push(temporary(self.ctx, expr, kind));
        }
    }

    /// The receiver that a method call has borrowed while its arguments are evaluated.
    fn lent(&mut self, receiver: &ast::Expr) {
        let types = self.ctx.sema.type_of_expr(receiver);
        let Some(lent) = types.and_then(|types| types.adjusted) else {
            return;
        };
        if is_place_expr(receiver)
            && let Some(kind @ (Kind::NotSend | Kind::Chosen)) = (self.kind)(self.ctx, &lent)
        {
            self.held.push(temporary(self.ctx, receiver, kind));
        }
    }

    /// What a statement before leaves behind.
    fn statement(&mut self, statement: &ast::Stmt) {
        let ast::Stmt::LetStmt(it) = statement else {
            return;
        };
        self.bound(it.pat());
        if let Some(value) = it.initializer() {
            for made in temporaries::extended(&value, it.pat().as_ref()) {
                self.hold(&made);
            }
        }
    }

    fn parameters(&mut self, list: Option<ast::ParamList>) {
        for param in list.iter().flat_map(ast::ParamList::params) {
            let pattern = param.pat();
            if let Some(ast::Pat::WildcardPat(it)) = &pattern {
                // It has no name, and is dropped with the others.
                let ty = self.ctx.sema.type_of_pat(&it.clone().into());
                let kind = ty.and_then(|ty| (self.kind)(self.ctx, &ty.original));
                self.held.extend(kind.map(|kind| Held {
                    name: "_".to_owned(),
                    kind,
                    range: self.ctx.source_range(it.syntax()),
                }));
            }
            self.bound(pattern);
        }
    }

    /// The locals that a pattern binds, if they still have their value where the future waits.
    fn bound(&mut self, pattern: Option<ast::Pat>) {
        let Some(pattern) = pattern else { return };
        let names = pattern.syntax().descendants();
        for name in names.filter_map(ast::IdentPat::cast) {
            let Some(local) = self.ctx.sema.to_def(&name) else {
                continue;
            };
            self.local(local, &name);
        }
    }

    fn local(&mut self, local: Local<'a>, name: &ast::IdentPat) {
        let Some(kind) = (self.kind)(self.ctx, &local.ty(self.ctx.db)) else {
            return;
        };
        let not_send = match &kind {
            Kind::Guard { not_send, .. } => *not_send,
            Kind::NotSend | Kind::Chosen | Kind::Lingers => true,
        };
        let kind = match moved_before(self.ctx, local, name, self.place) {
            Moved::No => kind,
            Moved::Yes { borrowed: true } if kind == Kind::Chosen => Kind::Chosen,
            Moved::Yes { borrowed: true } if not_send => Kind::Lingers,
            Moved::Yes { .. } => return,
        };
        self.held.push(Held {
            name: local.name(self.ctx.db).as_str().to_owned(),
            kind,
            range: self.ctx.source_range(name.syntax()),
        });
    }
}

/// The `let`s of a condition itself.
fn lets_in(condition: &ast::Expr) -> Vec<ast::LetExpr> {
    match condition {
        ast::Expr::LetExpr(it) => vec![it.clone()],
        ast::Expr::ParenExpr(it) => it.expr().iter().flat_map(lets_in).collect(),
        ast::Expr::BinExpr(it) => [it.lhs(), it.rhs()]
            .iter()
            .flatten()
            .flat_map(lets_in)
            .collect(),
        _ => Vec::new(),
    }
}

fn without_parens(expr: &ast::Expr) -> ast::Expr {
    match expr {
        ast::Expr::ParenExpr(it) => it.expr().map_or(expr.clone(), |it| without_parens(&it)),
        _ => expr.clone(),
    }
}

/// Whether an expression names a place, and makes no value.
pub fn is_place_expr(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::PathExpr(_) | ast::Expr::IndexExpr(_) => true,
        ast::Expr::FieldExpr(it) => it.expr().is_none_or(|it| is_place_expr(&it)),
        ast::Expr::PrefixExpr(it) => it.op_kind() == Some(ast::UnaryOp::Deref),
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|it| is_place_expr(&it)),
        _ => false,
    }
}
