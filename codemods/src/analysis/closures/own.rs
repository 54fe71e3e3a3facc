//! A closure that a function of the workspace calls there and then: it becomes async, and the call
//! goes to the function's twin.

use std::sync::Arc;

use ra_ap_syntax::{AstNode, TextRange, TextSize, ast, ast::HasAttrs};

use crate::{
    analysis::{
        awaited::is_called,
        in_place::Written,
        own_combinators::{OwnCombinator, without_async_closures},
        twin::named,
    },
    context::{FileContext, name_of_call},
    refusal::{Refusal, RefusalKind},
};

/// A call of such a function.
#[derive(Debug)]
pub(super) struct OwnCall {
    /// The function.
    pub(super) of: Arc<OwnCombinator>,
    /// The closure among the arguments.
    pub(super) closure: ast::ClosureExpr,
}

impl OwnCall {
    /// What changes around the code that waits.
    ///
    /// # Errors
    /// Why that can't wait.
    pub(super) fn written(
        &self,
        ctx: &FileContext<'_>,
        call: &ast::Expr,
    ) -> Result<Vec<Written>, Refusal> {
        self.of.twin()?;
        if let Some(refusal) = without_async_closures(ctx) {
            return Err(refusal);
        }
        let refuse = |why: &str| {
            let message = format!("the closure of `{}` can't wait: {why}", self.of.name);
            Refusal::new(RefusalKind::F6, message)
        };
        let closure = &self.closure;
        if closure.attrs().next().is_some() || closure.for_binder().is_some() {
            return Err(refuse("it has an attribute or lifetimes of its own"));
        }
        let in_macro = || refuse("it stands among the arguments of a macro");
        let place = |node: &ast::Expr| ctx.source_range(node.syntax()).ok_or_else(in_macro);
        let (start, whole) = (place(&closure.clone().into())?.start(), place(call)?);
        let name = name_of_call(call).and_then(|name| ctx.source_range(name.syntax()));
        let homes = [self.of.home.clone()];
        let function = (self.of.key, self.of.shape);
        let named = named(ctx, name.ok_or_else(in_macro)?, function, &homes);
        let (name, twin) = named.ok_or_else(|| refuse("its twin has no path here"))?;
        let insert = |at: TextSize, text: &str| Written {
            range: TextRange::empty(at),
            text: text.to_owned(),
            kept: Vec::new(),
        };
        let mut written = vec![
            Written {
                range: name,
                text: twin,
                kept: Vec::new(),
            },
            insert(start, "async "),
        ];
        match is_called(call) {
            true => written.extend([insert(whole.start(), "("), insert(whole.end(), ".await)")]),
            false => written.push(insert(whole.end(), ".await")),
        }
        Ok(written)
    }
}
