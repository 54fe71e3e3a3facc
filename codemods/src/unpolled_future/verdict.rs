//! What is done about a future that is dropped.

use ra_ap_hir::Type;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasAttrs},
};

use crate::{
    analysis::{
        awaited::{Future, awaited_at},
        closures::{calls_around, change},
        discard::{Dropped, Fate, fate_of},
        in_place::{Written, cancellation, polled_anew},
        lazy::Unpolled,
        own_combinators::OwnCombinators,
        surroundings::comment_with,
    },
    codemod::{Effect, Note, Safety, Verdict},
    context::{Enclosing, FileContext, Output},
    refusal::Refusal,
};

/// Words of a comment that says why the future is dropped.
const REASONS: [&str; 4] = ["future", "await", "lazy", "poll"];

/// Lints that speak of such futures.
const LINTS: [&str; 3] = [
    "let_underscore_future",
    "unused_must_use",
    "let_underscore_must_use",
];

/// A future that is dropped.
pub struct Site<'a, 'b> {
    pub ctx: &'b FileContext<'a>,
    /// What makes it, or the function that does.
    pub expr: &'b ast::Expr,
    /// Where that stands.
    pub range: TextRange,
    /// Its type.
    pub future: Type<'a>,
    /// The function's name.
    pub name: Option<&'b str>,
    /// What dropping it means.
    pub found: Unpolled,
    /// What is dropped, with the future in it.
    pub dropped: ast::Expr,
}

impl Site<'_, '_> {
    /// The one place where it is decided; each refusal says why.
    pub fn verdict(&self, why: &mut Vec<Note>) -> Result<Verdict, Refusal> {
        let (ctx, node) = (self.ctx, self.expr.syntax());
        if self.dropped != *self.expr {
            let place = ctx.source_range(self.dropped.syntax());
            why.push(Note::at(
                place.map(|range| (ctx.file, range)),
                "the future is dropped with this",
            ));
        }
        let name = self.name.unwrap_or("await");
        if let Some(advice) = comment_with(ctx, node, name, &REASONS, self.range.end()) {
            return Ok(Verdict::Manual(advice));
        }
        if let Some(lint) = allowed(node) {
            let help = format!("`{lint}` is allowed here: somebody means it, or has overlooked it");
            return Ok(Verdict::Manual(help));
        }
        if self.found == Unpolled::MaybeBegun {
            let help = "what makes the future is not async, and may have begun its work already; \
                        await it if it is meant to run to its end";
            return Ok(Verdict::Manual(help.to_owned()));
        }
        let Some((calls, enclosing)) = calls_around(ctx, self.expr, OwnCombinators::none()) else {
            return Ok(Verdict::Manual(self.outside_of_async()));
        };
        let Some(body) = enclosing.body().filter(|_| enclosing.is_async()) else {
            return Ok(Verdict::Manual(self.help(&enclosing)));
        };
        if let Some(called) = calls.first()
            && self.is_value_of(&called.site)
        {
            let help = format!(
                "write the closure of `{}` out, and await the future in it",
                called.name
            );
            return Ok(Verdict::Manual(help));
        }
        let future = Future::Expr(self.expr.clone());
        let site = calls.last().map_or(self.expr, |call| &call.site);
        if let Some(refusal) = polled_anew(ctx, &future, site.syntax(), &body, why) {
            return Err(refusal);
        }
        let (change, comments) = change(ctx, calls.iter(), self.written(&future))?;
        why.push(Note::new(
            "where the code must not wait for it, spawn the future instead, with its error logged",
        ));
        why.extend(cancellation(ctx, site.syntax()));
        let output = self.future.clone().future_output(ctx.db);
        if let Some(Output::Result(_)) = output.map(|ty| ctx.classify(ty)) {
            why.push(Note::new(
                "it gives a `Result`, and nobody looks at that either",
            ));
        }
        if comments {
            why.push(Note::new("a comment in the call goes away with it"));
        }
        Ok(Verdict::Rewrite {
            safety: Safety::Unsafe,
            change,
            effects: vec![Effect::Timing],
        })
    }

    /// What stands there afterwards: the whole statement where there is no value to keep from sight.
    fn written(&self, future: &Future) -> Written {
        let ctx = self.ctx;
        let (outer, end) = match fate_of(ctx, self.expr) {
            Fate::Dropped {
                how: Dropped::Wildcard | Dropped::Drop | Dropped::UnusedName,
                statement: Some(statement),
            } if self.gives_nothing() => (Some(statement.syntax().clone()), ";"),
            Fate::Dropped {
                how: Dropped::Drop, ..
            } if self.gives_nothing() => {
                let mut around = self.expr.syntax().ancestors();
                (
                    around
                        .find(|it| ast::CallExpr::can_cast(it.kind()) && it != self.expr.syntax()),
                    "",
                )
            }
            _ => (None, ""),
        };
        let to = outer.and_then(|outer| ctx.source_range(&outer));
        let to = to.unwrap_or(self.range);
        let text = awaited_at(ctx, future, self.expr, to, false).expect("it is a node of the file");
        Written {
            range: to,
            text: text + end,
            kept: vec![self.range],
        }
    }

    /// Whether the future is what a closure gives, or a function that stands for one, and no simple
    /// statement can take the place of the call.
    fn is_value_of(&self, call: &ast::Expr) -> bool {
        let ctx = self.ctx;
        let around = self.expr.syntax().ancestors();
        let inside = around.take_while(|it| !ast::ClosureExpr::can_cast(it.kind()));
        let is_value = !inside.into_iter().any(|it| ast::Stmt::can_cast(it.kind()));
        let is_path = matches!(self.expr, ast::Expr::PathExpr(_));
        let in_statement = call
            .syntax()
            .parent()
            .is_some_and(|it| ast::ExprStmt::can_cast(it.kind()));
        let of_option = ctx
            .type_of(call)
            .is_some_and(|ty| ctx.is_adt(&ty, "core::option::Option"));
        let dropped = matches!(
            fate_of(ctx, self.expr),
            Fate::Dropped {
                how: Dropped::Drop,
                ..
            }
        );
        is_path || is_value && !dropped && !(in_statement && of_option && self.gives_nothing())
    }

    fn gives_nothing(&self) -> bool {
        let output = self.future.clone().future_output(self.ctx.db);
        output.is_some_and(|ty| ty.is_unit())
    }

    fn help(&self, enclosing: &Enclosing) -> String {
        match enclosing {
            Enclosing::Closure(_) => "the closure is not async, and nobody knows when it is \
                                      called: drive the future in it with the handle of a \
                                      runtime, or spawn it"
                .to_owned(),
            _ => self.outside_of_async(),
        }
    }

    fn outside_of_async(&self) -> String {
        "the code around is not async: spawn the future with its error logged, drive it, or make \
         the function async and await it"
            .to_owned()
    }
}

/// The lint that an attribute around a place allows.
fn allowed(node: &SyntaxNode) -> Option<&'static str> {
    let attributes = node
        .ancestors()
        .filter_map(ast::AnyHasAttrs::cast)
        .flat_map(|it| it.attrs().collect::<Vec<_>>());
    attributes
        .map(|attr| attr.syntax().text().to_string())
        .filter(|text| text.contains("allow") || text.contains("expect"))
        .find_map(|text| LINTS.into_iter().find(|lint| text.contains(lint)))
}
