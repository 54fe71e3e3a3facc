//! What a call that drives a future does to an async thread, by what it is and by the runtime that
//! the thread belongs to.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasAttrs},
};

use super::contract::attribute_path;
use crate::{
    context::FileContext,
    knowledge::{Api, Flavor, InAsync, Role},
};

/// What happens today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It panics, on every runtime.
    Panics,
    /// It stops one thread of several; the others go on.
    Blocks,
    /// It stops the only thread, which may be what the future waits for.
    MayHang,
    /// It stops a thread, of a runtime of which nothing is known.
    BlocksOrHangs,
    /// The same, of what does not let the only thread of a runtime stop.
    BlocksOrPanics,
}

impl Severity {
    /// What a call does on a thread of a runtime.
    pub fn of(api: &Api, flavor: Option<Flavor>) -> Severity {
        match (&api.role, flavor) {
            (
                Role::BlockOn {
                    in_async: InAsync::Panics,
                    ..
                },
                _,
            ) => Severity::Panics,
            (_, Some(Flavor::MultiThread)) => Severity::Blocks,
            (Role::Offload { .. }, Some(Flavor::CurrentThread)) => Severity::Panics,
            (Role::Offload { .. }, None) => Severity::BlocksOrPanics,
            (_, Some(Flavor::CurrentThread)) => Severity::MayHang,
            (_, None) => Severity::BlocksOrHangs,
        }
    }

    /// One sentence without a full stop, about the function of this path.
    pub fn sentence(self, path: &str) -> String {
        let does = match self {
            Severity::Panics => "panics on an async thread",
            Severity::Blocks => {
                "silently stops one thread of a multi_thread runtime until the future ends"
            }
            Severity::MayHang => {
                "stops the only thread of a current_thread runtime until the future ends, and may hang"
            }
            Severity::BlocksOrHangs => {
                "stops this async thread until the future ends, and may hang"
            }
            Severity::BlocksOrPanics => {
                "stops this async thread until the future ends, and panics on a current_thread runtime"
            }
        };
        format!("`{path}` {does}")
    }
}

/// The runtime that the attribute of an async function starts for it. `None` for a function without
/// one: whoever awaits it decides.
pub fn flavor_of(ctx: &FileContext<'_>, function: &ast::Fn) -> Option<Flavor> {
    function.attrs().find_map(|attr| {
        let path = attribute_path(&attr)?;
        let rows = ctx.known.knowledge.apis.iter();
        let flavor = rows
            .filter(|row| row.path == path)
            .find_map(|row| match row.role {
                Role::Entry { flavor, .. } => flavor,
                _ => None,
            })?;
        let text = attr.syntax().text().to_string();
        Some(match named(&text) {
            Some("multi_thread") => Flavor::MultiThread,
            Some("current_thread" | "local") => Flavor::CurrentThread,
            Some(_) => return None,
            None => flavor,
        })
    })
}

/// The value of `flavor = ".."` in an attribute.
fn named(attribute: &str) -> Option<&str> {
    let (_, after) = attribute.split_once("flavor")?;
    after.split('"').nth(1)
}
