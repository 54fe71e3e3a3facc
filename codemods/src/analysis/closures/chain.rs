//! A chain of iterator methods, and what drives it.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use crate::{
    analysis::in_place::Written,
    context::FileContext,
    knowledge::{Combinator, Step},
};

/// A chain of iterator methods and what drives it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The adapters from the first that waits on, innermost first.
    pub(super) steps: Vec<(Step, ast::MethodCallExpr)>,
    /// What drives it.
    pub(super) end: ast::MethodCallExpr,
    /// The row of that.
    pub(super) row: &'static Combinator,
    /// A method between those and the end that has no counterpart.
    pub(super) between: Option<String>,
}

/// What becomes of the iterator that a method gives.
pub(super) enum Driven {
    /// It is driven where it stands.
    Here(Chain),
    /// It is driven where it stands, by what has no counterpart.
    By(String, ast::Expr),
    /// Nobody can tell when.
    Elsewhere,
}

impl Chain {
    /// The chain that the closure of `call` is a part of.
    pub(super) fn of(ctx: &FileContext<'_>, call: &ast::MethodCallExpr) -> Driven {
        let mut steps = Vec::new();
        let mut between = None;
        let mut inner = call.clone();
        loop {
            let Some(function) = ctx.sema.resolve_method_call(&inner) else {
                return Driven::Elsewhere;
            };
            let name = function.name(ctx.db).as_str().to_owned();
            match ctx.combinator(function) {
                Some(row) if row.end.is_some() => {
                    return Driven::Here(Chain {
                        steps,
                        end: inner,
                        row,
                        between,
                    });
                }
                Some(Combinator {
                    step: Some(step), ..
                }) => steps.push((*step, inner.clone())),
                _ => {
                    let iterator = ctx.trait_at("core::iter::Iterator");
                    let declared = ctx.in_trait(function).unwrap_or(function);
                    let of = iterator.and_then(|it| it.function(ctx.db, declared.name(ctx.db)));
                    if of != Some(declared) {
                        return Driven::Elsewhere;
                    }
                    let ty = ctx.type_of(&inner.clone().into());
                    if !ty.is_some_and(|ty| ctx.implements(&ty, "core::iter::Iterator")) {
                        return Driven::By(name, inner.into());
                    }
                    between.get_or_insert(name);
                }
            }
            let outer = inner.syntax().parent();
            let outer = outer.and_then(ast::MethodCallExpr::cast);
            match outer.filter(|outer| outer.receiver() == Some(inner.clone().into())) {
                Some(outer) => inner = outer,
                None if is_looped_over(&inner) => {
                    return Driven::By("for".to_owned(), inner.into());
                }
                None => return Driven::Elsewhere,
            }
        }
    }

    /// The same chain from the first of its adapters that waits.
    pub(super) fn beginning_at_wait(&self, ctx: &FileContext<'_>, awaits: &[Written]) -> Chain {
        let waits = |call: &ast::MethodCallExpr| {
            let list = call
                .arg_list()
                .and_then(|list| ctx.source_range(list.syntax()));
            list.is_some_and(|list| awaits.iter().any(|wait| list.contains_range(wait.range)))
        };
        let mut before = Vec::new();
        let mut needed = 0;
        let mut inner = self.first().clone();
        while let Some(ast::Expr::MethodCallExpr(receiver)) = inner.receiver() {
            let function = ctx.callee(&receiver.clone().into());
            let row = function.and_then(|function| ctx.combinator(function));
            let Some(step) = row.and_then(|row| row.step) else {
                break;
            };
            before.push((step, receiver.clone()));
            if waits(&receiver) {
                needed = before.len();
            }
            inner = receiver;
        }
        before.truncate(needed);
        before.reverse();
        before.extend(self.steps.iter().cloned());
        Chain {
            steps: before,
            ..self.clone()
        }
    }

    /// The method whose receiver is the iterator that the loop goes over.
    pub(super) fn first(&self) -> &ast::MethodCallExpr {
        self.steps.first().map_or(&self.end, |(_, call)| call)
    }
}

/// Whether a `for` goes over what a call gives.
fn is_looped_over(call: &ast::MethodCallExpr) -> bool {
    let looped = call.syntax().parent().and_then(ast::ForExpr::cast);
    looped.is_some_and(|it| it.iterable() == Some(call.clone().into()))
}
