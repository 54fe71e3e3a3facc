//! Which runtime drives async code.

use std::collections::BTreeSet;

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasAttrs},
};

use super::contract::attribute_path;
use crate::{
    context::{Enclosing, FileContext},
    facts::{DependencyKind, TargetKind},
    knowledge::{Drives, Role},
    refusal::{Refusal, RefusalKind},
};

/// What drives async code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// The runtimes of one reactor, by the name of its family.
    Family(String),
    /// A thread that does nothing else: it may stop.
    OwnThread,
    /// One of these reactors; or, if there is none, one that the package does not know.
    Unknown(Vec<String>),
}

/// Whether a function is the body of the runtime's entry: a program, or a test.
pub fn is_entry(ctx: &FileContext<'_>, function: &ast::Fn) -> bool {
    family_of_entry(ctx, function).is_some()
}

/// What drives the async code `code`: who it is handed to on the spot, or the attribute of the
/// function around it, or what the package depends on.
pub fn driver_of(ctx: &FileContext<'_>, code: &Enclosing) -> Driver {
    let mut code = code.clone();
    loop {
        let node = match &code {
            Enclosing::AsyncFn(function) => {
                return match family_of_entry(ctx, function) {
                    Some(family) => Driver::Family(family),
                    None => driver_of_package(ctx),
                };
            }
            Enclosing::AsyncBlock(block) => block.syntax().clone(),
            Enclosing::AsyncClosure(closure) => closure.syntax().clone(),
            _ => return driver_of_package(ctx),
        };
        if let Some(driver) = handed_to(ctx, &node) {
            return driver;
        }
        match ctx.enclosing(&node) {
            Some(outer) => code = outer,
            None => return driver_of_package(ctx),
        }
    }
}

/// What a call that takes the future drives it with.
fn handed_to(ctx: &FileContext<'_>, future: &SyntaxNode) -> Option<Driver> {
    let parent = future.parent()?;
    let call = match ast::ArgList::can_cast(parent.kind()) {
        true => parent.parent()?,
        false => parent,
    };
    let call = ctx.call(&ast::Expr::cast(call)?)?;
    let family = &call.api.family;
    match &call.api.role {
        Role::Spawn { .. } if family != "any" => Some(Driver::Family(family.clone())),
        Role::BlockOn { drives, .. } => match drives {
            Drives::Runtime => Some(Driver::Family(family.clone())),
            // It comes from a thread that is none of the runtime's.
            Drives::Handle => Some(Driver::OwnThread),
            Drives::Executor => Some(Driver::OwnThread),
        },
        _ => None,
    }
}

fn family_of_entry(ctx: &FileContext<'_>, function: &ast::Fn) -> Option<String> {
    function.attrs().find_map(|attr| {
        let path = attribute_path(&attr)?;
        let mut rows = ctx.known.knowledge.apis.iter();
        let row = rows.find(|row| row.path == path && matches!(row.role, Role::Entry { .. }))?;
        Some(row.family.clone())
    })
}

/// The one reactor whose runtimes the package depends on.
pub fn driver_of_package(ctx: &FileContext<'_>) -> Driver {
    let mut families = BTreeSet::new();
    for row in &ctx.known.knowledge.apis {
        let runs = matches!(
            row.role,
            Role::Spawn { .. } | Role::BlockOn { .. } | Role::Entry { .. }
        );
        let krate = row.path.split("::").next().unwrap_or_default();
        if runs && row.family != "any" && is_dependency(ctx, krate) {
            families.insert(row.family.clone());
        }
    }
    match families.len() {
        1 => Driver::Family(families.pop_first().expect("there is one")),
        _ => Driver::Unknown(families.into_iter().collect()),
    }
}

/// Why it can't be told what to call.
pub fn unknown_runtime(families: &[String]) -> Refusal {
    let message = match families {
        [] => {
            "no runtime is among the dependencies of the package, and which one drives this code \
               is not known"
                .to_owned()
        }
        [first @ .., last] => format!(
            "the package depends on {} and {last}, and which of them drives this code is not known",
            first.join(", ")
        ),
    };
    Refusal::new(RefusalKind::R1, message)
}

fn is_dependency(ctx: &FileContext<'_>, krate: &str) -> bool {
    let mut dependencies = ctx.package.dependencies.iter();
    dependencies.any(|it| {
        let applies = match ctx.target {
            TargetKind::Test => it.kind != DependencyKind::Build,
            TargetKind::BuildScript => it.kind == DependencyKind::Build,
            TargetKind::Lib | TargetKind::Bin => it.kind == DependencyKind::Normal,
        };
        applies && it.package.replace('-', "_") == krate
    })
}
