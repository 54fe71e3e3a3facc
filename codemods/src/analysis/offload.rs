//! An offload of a future: what its closure does, and what becomes of what it gives.

use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::{
    driven::{Offloaded, offloaded},
    join_error::{consumer, outermost},
    task_handle::{Handle, fate_of_handle},
};
use crate::{
    context::{Call, Enclosing, FileContext},
    knowledge::{Returns, Role},
};

/// One offload of a future.
pub struct Site<'a, 'b> {
    /// The file.
    pub ctx: &'b FileContext<'a>,
    /// The call.
    pub call: &'b Call<'a>,
    /// What it gives.
    pub returns: Returns,
    /// The error around its value, where there is one.
    pub join: Option<&'b str>,
    /// What its closure does.
    pub does: Offloaded<'a>,
    /// What becomes of what it gives.
    pub fate: Handle,
    /// The body that it stands in.
    pub body: SyntaxNode,
    /// Whether that is async.
    pub is_async: bool,
}

impl<'a, 'b> Site<'a, 'b> {
    /// A call that is worth a word: its closure drives or makes a future, and async code waits for
    /// it, or a task can take its place.
    pub fn of(ctx: &'b FileContext<'a>, call: &'b Call<'a>) -> Option<Site<'a, 'b>> {
        let Role::Offload {
            closure,
            returns,
            join,
            ..
        } = &call.api.role
        else {
            return None;
        };
        let does = offloaded(ctx, call.argument(*closure)?);
        let enclosing = ctx.enclosing(call.expr.syntax())?;
        let is_async = enclosing.is_async();
        let fate = match returns {
            Returns::Value if !is_async => return None,
            Returns::Value => Handle::Awaited(call.expr.clone()),
            Returns::Owned => Handle::Kept,
            Returns::Handle | Returns::Result => fate_of_handle(ctx, &call.expr, is_async),
        };
        let in_closure = matches!(enclosing, Enclosing::Closure(_));
        let seen = match (&does, &fate) {
            (Offloaded::Other, _) => false,
            (Offloaded::Mixed(_), _) => is_async,
            (Offloaded::Only(_), Handle::Kept | Handle::Dropped) => true,
            (Offloaded::Only(_), Handle::Returned) => is_async || !in_closure,
            (Offloaded::Only(_), _) => is_async,
        };
        let (returns, join) = (*returns, join.as_deref());
        let body = enclosing.body()?;
        seen.then_some(Site {
            ctx,
            call,
            returns,
            join,
            does,
            fate,
            body,
            is_async,
        })
    }

    /// What is wrong with it, one sentence without a full stop.
    pub fn message(&self) -> String {
        let name = self.call.api.short_path();
        match &self.does {
            Offloaded::Only(driven) if driven.by.is_none() && self.is_polled_after() => {
                format!("`{name}` takes a thread only to make a future, which does nothing yet")
            }
            Offloaded::Only(driven) if driven.by.is_none() => {
                "the closure makes a future that nobody polls".to_owned()
            }
            Offloaded::Mixed(_) => {
                format!("`{name}` takes a thread that waits for a future beside its own work")
            }
            _ if self.returns == Returns::Value => format!(
                "`{name}` stops an async thread only to drive a future, and panics on a \
                 current_thread runtime"
            ),
            _ => format!("`{name}` takes a thread only to drive a future"),
        }
    }

    /// Whether the closure's value is awaited behind the layer of the task.
    fn is_polled_after(&self) -> bool {
        let Handle::Awaited(awaited) = &self.fate else {
            return false;
        };
        let whole = match consumer(self.ctx, awaited, self.join) {
            Ok(consumer) => outermost(&consumer.whole),
            Err(_) => return false,
        };
        let parent = whole.syntax().parent();
        parent.is_some_and(|parent| ast::AwaitExpr::can_cast(parent.kind()))
    }

    /// Whether the task that replaces the offload is spawned through the same receiver.
    pub fn keeps_receiver(&self) -> bool {
        !matches!(self.fate, Handle::Awaited(_)) || self.call.api.path.contains("TaskTracker")
    }
}
