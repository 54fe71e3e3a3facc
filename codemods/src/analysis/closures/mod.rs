//! Closures that are called there and then, written out so that their code may wait.
//!
//! An `.await` can't stand in a closure that is not async. Where std calls the closure on the spot, a
//! `match` or a loop does the same in the same order, and stops where it did; the rows of
//! `knowledge/combinators.toml` say how. What the table does not know is refused by its name.

mod chain;
mod collection;
mod element;
mod inline;
mod leaving;
mod looped;
mod own;
mod template;
mod text;
mod together;

use std::sync::Arc;

use ra_ap_hir::Function;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

pub use self::together::{Wrap, WrittenOut, calls_around, can_be_written, write_out};
use self::{
    chain::{Chain, Driven},
    leaving::{Outer, may_leave, outer_of},
    looped::Loop,
    own::OwnCall,
    text::as_text,
};
use super::{
    in_place::Written,
    own_combinators::{OwnCombinator, OwnCombinators},
    surroundings::begins_statement,
};
use crate::{
    change::Change,
    context::{Enclosing, FileContext},
    knowledge::{Combinator, End},
    refusal::{Refusal, RefusalKind},
    text::shifted,
};

/// What is around a place, up to the innermost body that runs on its own: closures that are called
/// there and then are a part of the body in which they stand.
#[derive(Debug)]
pub struct Around {
    /// The closures, innermost first.
    pub closures: Vec<InClosure>,
    /// That body.
    pub enclosing: Enclosing,
}

/// A closure around a place.
#[derive(Debug)]
pub struct InClosure {
    /// The closure.
    pub closure: ast::ClosureExpr,
    /// What calls it.
    pub called: Called,
}

impl Around {
    /// What is around a node. `None` in a constant.
    pub fn of(ctx: &FileContext<'_>, node: &SyntaxNode) -> Option<Around> {
        Around::with(ctx, node, OwnCombinators::none())
    }

    /// The same, where functions of the workspace may call a closure there and then.
    pub fn with(ctx: &FileContext<'_>, node: &SyntaxNode, own: &OwnCombinators) -> Option<Around> {
        let mut closures = Vec::new();
        let mut enclosing = ctx.enclosing(node)?;
        while let Enclosing::Closure(closure) = &enclosing {
            let Some(called) = called_by(ctx, &closure.clone().into(), own) else {
                break;
            };
            let outer = ctx.enclosing(called.site.syntax())?;
            let closure = closure.clone();
            closures.push(InClosure { closure, called });
            enclosing = outer;
        }
        Some(Around {
            closures,
            enclosing,
        })
    }

    /// The change that lets `wait` take the place of what waits, and whether a comment goes away with
    /// it.
    ///
    /// # Errors
    /// If one of the closures can't be written out.
    pub fn change(&self, ctx: &FileContext<'_>, wait: Written) -> Result<(Change, bool), Refusal> {
        let calls = self.closures.iter().map(|it| &it.called);
        let mut all = change(ctx, calls.clone(), wait)?;
        for own in calls.filter_map(Called::own) {
            all.0.extend(own.twin()?);
        }
        Ok(all)
    }

    /// The functions of the workspace that call the closures.
    pub fn own(&self) -> impl Iterator<Item = &Arc<OwnCombinator>> {
        self.closures.iter().filter_map(|it| it.called.own())
    }
}

/// What takes the place of these calls, innermost first, if `wait` takes the place of what waits.
///
/// # Errors
/// If one of them can't be written out.
pub fn change<'c>(
    ctx: &FileContext<'_>,
    mut calls: impl Iterator<Item = &'c Called>,
    wait: Written,
) -> Result<(Change, bool), Refusal> {
    let written = calls.try_fold(vec![wait], |waits, it| it.written(ctx, waits))?;
    let mut change = Change::default();
    let mut comments = false;
    for it in written {
        let (of, with_comment) = it.change(ctx);
        change.extend(&of);
        comments |= with_comment;
    }
    Ok((change, comments))
}

/// A call that calls the closure, or the function, which it is given there and then.
#[derive(Debug)]
pub struct Called {
    /// What is called, by its own name.
    pub name: String,
    /// The call, or the end of the chain that it is a part of: where the closure runs.
    pub site: ast::Expr,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// A row with a text.
    Text(&'static Combinator, ast::MethodCallExpr, Function),
    /// A chain of iterator methods.
    Chain(Chain),
    /// A function of the workspace.
    Own(OwnCall),
    /// There is no counterpart. What drives it, if it only makes an iterator.
    None(Option<String>),
}

/// What calls `argument` there and then. `None` where it is not known when it is called.
pub fn called_by(
    ctx: &FileContext<'_>,
    argument: &ast::Expr,
    own: &OwnCombinators,
) -> Option<Called> {
    if let ast::Expr::ClosureExpr(closure) = argument
        && let Some((of, site)) = own.taking(ctx, closure)
    {
        let (of, closure) = (of.clone(), closure.clone());
        return of.calls_at_once().then(|| Called {
            name: of.name.clone(),
            site,
            way: Way::Own(OwnCall { of, closure }),
        });
    }
    let list = argument.syntax().parent().and_then(ast::ArgList::cast)?;
    let call = list.syntax().parent().and_then(ast::Expr::cast)?;
    let function = ctx.callee(&call)?;
    let row = ctx.combinator(function);
    let (site, way) = match (&call, row) {
        (ast::Expr::MethodCallExpr(method), Some(row)) if row.text.is_some() => {
            let way = Way::Text(row, method.clone(), function);
            (call.clone(), way)
        }
        (ast::Expr::MethodCallExpr(method), row) if row.is_none_or(Combinator::is_in_chain) => {
            match Chain::of(ctx, method) {
                Driven::Here(chain) => (chain.end.clone().into(), Way::Chain(chain)),
                Driven::By(by, site) => (site, Way::None(Some(by))),
                Driven::Elsewhere => return None,
            }
        }
        (_, Some(_)) => (call, Way::None(None)),
        (_, None) => return None,
    };
    let name = function.name(ctx.db).as_str().to_owned();
    Some(Called { name, site, way })
}

impl Called {
    /// The function that is called, if it is one of the workspace.
    pub fn own(&self) -> Option<&Arc<OwnCombinator>> {
        match &self.way {
            Way::Own(call) => Some(&call.of),
            _ => None,
        }
    }

    /// What changes in the call, with `awaits` in the place of what they replace: in closures, in the
    /// receiver, or a function that is handed over by its path and is awaited.
    ///
    /// # Errors
    /// Why that can't be.
    pub fn written(
        &self,
        ctx: &FileContext<'_>,
        mut awaits: Vec<Written>,
    ) -> Result<Vec<Written>, Refusal> {
        match &self.way {
            Way::Own(call) => {
                awaits.extend(call.written(ctx, &self.site)?);
                Ok(awaits)
            }
            _ => {
                awaits.sort_by_key(|it| (it.range.start(), it.range.end()));
                Ok(vec![self.written_out(ctx, &awaits)?])
            }
        }
    }

    /// The call written out.
    fn written_out(&self, ctx: &FileContext<'_>, awaits: &[Written]) -> Result<Written, Refusal> {
        let name = &self.name;
        let written = match &self.way {
            Way::None(Some(by)) if by != name => Err(format!(
                "nothing that waits can take the place of `{by}` behind it"
            )),
            Way::None(_) | Way::Own(_) => Err("nothing that waits can take its place".to_owned()),
            _ if hides_std(ctx, self.site.syntax()) => {
                Err("`Some`, `Ok` or `Vec` is something else here".to_owned())
            }
            Way::Text(row, call, function) => as_text(ctx, row, call, *function, awaits),
            Way::Chain(chain) => as_loop(ctx, chain, awaits),
        };
        written.map_err(|why| {
            let message = format!("the closure of `{name}` can't wait: {why}");
            Refusal::new(RefusalKind::F6, message)
        })
    }
}

/// Whether one of the names that are written means something else at a place.
fn hides_std(ctx: &FileContext<'_>, place: &SyntaxNode) -> bool {
    let names = [
        ("Some", "core::option::Option"),
        ("None", "core::option::Option"),
        ("Ok", "core::result::Result"),
        ("Err", "core::result::Result"),
        ("Vec", "alloc::vec::Vec"),
    ];
    names
        .iter()
        .any(|(name, path)| !ctx.names_std(place, name, path))
}

/// A chain of iterator methods.
fn as_loop(ctx: &FileContext<'_>, chain: &Chain, awaits: &[Written]) -> Result<Written, String> {
    let end = ast::Expr::from(chain.end.clone());
    let chain = chain.beginning_at_wait(ctx, awaits);
    let outer = match chain.row.end {
        Some(End::Collect | End::TryForEach | End::TryFold) => outer_of(ctx, &end),
        _ => Outer::Value,
    };
    let mut looped = Loop::new(ctx, &chain, awaits, outer)?;
    for (body, passes) in looped.bodies() {
        let outer = if passes { outer } else { Outer::Value };
        may_leave(ctx, &body, &end, outer)?;
    }
    let text = looped.text()?;
    let whole = match (chain.row.end, looped.leaves_by_try()) {
        (Some(End::Drain), _) => chain.end.receiver().ok_or("it has no receiver")?,
        (_, true) if outer == Outer::Try => {
            let outer = end.syntax().parent().and_then(ast::Expr::cast);
            outer.ok_or("it stands alone")?
        }
        _ => end,
    };
    place(ctx, &whole, text, looped.kept)
}

/// The text in the place of an expression: with parentheses where it could not stand as it is, and
/// without the semicolon behind a statement.
fn place(
    ctx: &FileContext<'_>,
    whole: &ast::Expr,
    text: String,
    mut kept: Vec<TextRange>,
) -> Result<Written, String> {
    let mut range = ctx.source_range(whole.syntax()).ok_or("a macro makes it")?;
    let is_statement = text.starts_with("for ") || text.starts_with("if let ");
    if is_statement && let Some(statement) = statement_of(ctx, whole) {
        range = statement;
    }
    let before_else = whole
        .syntax()
        .ancestors()
        .find_map(ast::LetStmt::cast)
        .is_some_and(|it| {
            let value = it.initializer().map(|it| it.syntax().text_range().end());
            it.let_else().is_some() && value == Some(whole.syntax().text_range().end())
        });
    let text = match begins_statement(whole) || before_else {
        true => format!("({text})"),
        false => text,
    };
    kept.sort_by_key(|range| (range.start(), range.end()));
    Ok(Written {
        text: shifted(&text, "", ctx.indent_at(range.start())),
        range,
        kept,
    })
}

/// The statement that an expression is, with the semicolon behind it.
fn statement_of(ctx: &FileContext<'_>, whole: &ast::Expr) -> Option<TextRange> {
    let statement = whole.syntax().parent().and_then(ast::ExprStmt::cast)?;
    statement.semicolon_token()?;
    ctx.source_range(statement.syntax())
}
