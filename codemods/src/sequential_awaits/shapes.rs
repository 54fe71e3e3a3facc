//! Awaits in a row, and loops that await, by their trees.

use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList, HasAttrs, HasLoopBody, HasName},
};

use crate::{
    analysis::control::is_own_body,
    text::{names, words},
};

/// `let PATTERN = CALL.await;` or `let PATTERN = CALL.await?;`
#[derive(Debug, Clone)]
pub struct Step {
    /// The statement.
    pub statement: ast::LetStmt,
    /// What it binds.
    pub pattern: ast::Pat,
    /// The `.await`.
    pub awaited: ast::AwaitExpr,
    /// The call that makes the future.
    pub call: ast::Expr,
    /// Whether `?` stands behind it.
    pub tries: bool,
}

impl Step {
    fn of(awaited: &ast::AwaitExpr) -> Option<Step> {
        let (value, tries) = whole(awaited);
        let statement = ast::LetStmt::cast(value.syntax().parent()?)?;
        let plain = statement.attrs().next().is_none() && statement.let_else().is_none();
        let pattern = statement.pat().filter(|it| plain && is_plain(it))?;
        let call = plain_call(awaited)?;
        Some(Step {
            statement,
            pattern,
            awaited: awaited.clone(),
            call,
            tries,
        })
    }

    fn is_behind(&self, other: &Step) -> bool {
        let next = other.statement.syntax().next_sibling();
        next.as_ref() == Some(self.statement.syntax()) && self.tries == other.tries
    }

    /// The names that it binds.
    pub fn bound(&self) -> Vec<String> {
        let names = self.pattern.syntax().descendants();
        names
            .filter_map(ast::IdentPat::cast)
            .filter_map(|it| Some(it.name()?.text().to_string()))
            .collect()
    }

    /// Whether it may need what another one binds, or hides it.
    fn needs(&self, other: &Step) -> bool {
        let own = self.bound();
        let bound = other.bound();
        bound
            .iter()
            .any(|name| own.contains(name) || uses(&self.call, name))
    }
}

/// Whether code may name a local.
pub fn uses(code: &impl AstNode, local: &str) -> bool {
    words(code.syntax()).iter().any(|word| names(word, local))
}

/// An `.await` with the `?` behind it.
fn whole(awaited: &ast::AwaitExpr) -> (ast::Expr, bool) {
    match awaited.syntax().parent().and_then(ast::TryExpr::cast) {
        Some(tried) => (tried.into(), true),
        None => (awaited.clone().into(), false),
    }
}

/// The call that is awaited, if nothing in it waits or leaves by itself.
fn plain_call(awaited: &ast::AwaitExpr) -> Option<ast::Expr> {
    let call = awaited.expr()?;
    let is_call = matches!(call, ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_));
    (is_call && !waits_or_leaves(call.syntax())).then_some(call)
}

/// Whether an `.await`, a `?` or a jump in some code belongs to the code around.
fn waits_or_leaves(code: &SyntaxNode) -> bool {
    let leaves = matches!(
        ast::Expr::cast(code.clone()),
        Some(
            ast::Expr::AwaitExpr(_)
                | ast::Expr::TryExpr(_)
                | ast::Expr::ReturnExpr(_)
                | ast::Expr::BreakExpr(_)
                | ast::Expr::ContinueExpr(_)
                | ast::Expr::YieldExpr(_)
        )
    );
    leaves
        || code
            .children()
            .any(|child| !is_own_body(&child) && waits_or_leaves(&child))
}

/// A name, or a tuple of names.
fn is_plain(pattern: &ast::Pat) -> bool {
    match pattern {
        ast::Pat::IdentPat(it) => it.ref_token().is_none() && it.pat().is_none(),
        ast::Pat::TuplePat(it) => it
            .fields()
            .all(|field| matches!(field, ast::Pat::WildcardPat(_)) || is_plain(&field)),
        _ => false,
    }
}

/// The steps that follow each other, all with `?` or all without, in the order of the file.
pub fn rows(awaits: impl Iterator<Item = ast::AwaitExpr>) -> Vec<Vec<Step>> {
    let mut rows: Vec<Vec<Step>> = Vec::new();
    for step in awaits.filter_map(|awaited| Step::of(&awaited)) {
        // Between two steps stand those of async blocks in the arguments of the second.
        let row = rows.iter_mut().rev().find(|row| {
            let last = row.last();
            last.is_some_and(|last| step.is_behind(last))
        });
        match row {
            Some(row) => row.push(step),
            None => rows.push(vec![step]),
        }
    }
    rows.retain(|row| row.len() > 1);
    rows
}

/// The parts of a row in which no step needs what another one gives.
pub fn independent(row: &[Step]) -> Vec<&[Step]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, step) in row.iter().enumerate() {
        if row[start..at].iter().any(|before| step.needs(before)) {
            parts.push(&row[start..at]);
            start = at;
        }
    }
    parts.push(&row[start..]);
    parts
}

/// `for PATTERN in ITERABLE { OUT.push(CALL.await?); }`, or with the value bound before.
#[derive(Debug, Clone)]
pub struct Loop {
    /// The loop.
    pub whole: ast::ForExpr,
    /// The call that collects.
    pub collects: ast::MethodCallExpr,
    /// The `.await`.
    pub awaited: ast::AwaitExpr,
    /// The call that makes the future.
    pub call: ast::Expr,
}

impl Loop {
    fn of(awaited: &ast::AwaitExpr) -> Option<Loop> {
        let call = plain_call(awaited)?;
        let (value, _) = whole(awaited);
        let (list, collects) = on_the_spot(&value).or_else(|| by_name(&value))?;
        let block = ast::BlockExpr::cast(list.syntax().parent()?)?;
        let whole = ast::ForExpr::cast(block.syntax().parent()?)?;
        let ast::Expr::PathExpr(target) = collects.receiver()? else {
            return None;
        };
        let target = target.syntax().text().to_string();
        let is_body = whole.loop_body().as_ref() == Some(&block);
        (is_body && !uses(&call, &target)).then_some(Loop {
            whole,
            collects,
            awaited: awaited.clone(),
            call,
        })
    }
}

/// The value as an argument of the call that collects, which is all that stands in the body.
fn on_the_spot(value: &ast::Expr) -> Option<(ast::StmtList, ast::MethodCallExpr)> {
    let arguments = ast::ArgList::cast(value.syntax().parent()?)?;
    let collects = ast::MethodCallExpr::cast(arguments.syntax().parent()?)?;
    let outer = collects.syntax().parent()?;
    let list = match ast::ExprStmt::cast(outer.clone()) {
        Some(statement) => statement.syntax().parent()?,
        None => outer,
    };
    let list = ast::StmtList::cast(list)?;
    let mut others = arguments.args().filter(|it| it != value);
    let waits = others.any(|it| waits_or_leaves(it.syntax()));
    let is_alone = list.syntax().children().count() == 1;
    (is_alone && !waits).then_some((list, collects))
}

/// The value bound by the first statement of a body whose second, and last, collects it.
fn by_name(value: &ast::Expr) -> Option<(ast::StmtList, ast::MethodCallExpr)> {
    let statement = ast::LetStmt::cast(value.syntax().parent()?)?;
    let list = ast::StmtList::cast(statement.syntax().parent()?)?;
    let mut parts = list.syntax().children();
    let is_first = parts.next().as_ref() == Some(statement.syntax());
    let collects = collecting(&parts.next()?)?;
    let is_all = parts.next().is_none() && statement.let_else().is_none();
    let pattern = statement.pat().filter(is_plain)?;
    let name = pattern
        .syntax()
        .descendants()
        .find_map(ast::IdentPat::cast)?;
    let is_used = uses(&collects.arg_list()?, name.name()?.text());
    let waits = waits_or_leaves(collects.syntax());
    (is_first && is_all && is_used && !waits).then_some((list, collects))
}

/// The method call that a statement is.
fn collecting(statement: &SyntaxNode) -> Option<ast::MethodCallExpr> {
    match ast::ExprStmt::cast(statement.clone()) {
        Some(statement) => ast::MethodCallExpr::cast(statement.expr()?.syntax().clone()),
        None => ast::MethodCallExpr::cast(statement.clone()),
    }
}

/// The loops that do nothing but await a call for each element and collect what it gives.
pub fn loops(awaits: impl Iterator<Item = ast::AwaitExpr>) -> Vec<Loop> {
    let mut seen = FxHashSet::default();
    awaits
        .filter_map(|awaited| Loop::of(&awaited))
        .filter(|found| seen.insert(found.whole.clone()))
        .collect()
}
