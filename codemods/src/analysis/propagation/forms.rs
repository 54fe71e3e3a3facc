//! How the functions of a trait say that they are async.

use std::collections::BTreeSet;

use super::Reason;
use crate::{
    analysis::{
        functions::{Definition, FunctionKey},
        reach::Node,
        traits::{Boxed, InTrait},
    },
    refusal::{Refusal, RefusalKind},
};

/// How a function says that it is async.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As an `async fn`.
    Plain,
    /// As an `async fn`, where the trait promises that the future is `Send`.
    Sent,
    /// As an `async fn` under `#[async_trait]`.
    Boxed(Boxed),
}

impl Form {
    /// Whether each of its futures has to be `Send`.
    pub fn is_sent(self) -> bool {
        matches!(self, Form::Sent | Form::Boxed(Boxed::Send))
    }
}

/// The form of a function, as far as it does not hang on its callers.
///
/// # Errors
/// Why a trait can't have it.
pub(super) fn form(node: &Node) -> Result<Form, Reason> {
    if node.parts.iter().all(|it| it.in_trait.is_none()) {
        return Ok(Form::Plain);
    }
    let Some((declaration, in_trait)) = node.declaration() else {
        let message = format!("a macro makes the trait of `{}`", node.name());
        return Err(at(&node.parts[0], RefusalKind::F5, message));
    };
    let keys: BTreeSet<FunctionKey> = node.parts.iter().map(|it| it.key).collect();
    if in_trait
        .implemented
        .iter()
        .any(|it| !it.is_some_and(|it| keys.contains(&it)))
    {
        let message = format!("a macro implements `{}` for a type", in_trait.name);
        return Err(at(declaration, RefusalKind::F5, message));
    }
    let has_attribute = parts(node).any(|(_, it)| it.boxed.is_some());
    if !has_attribute && node.dynamic.is_none() {
        let promises = declaration.only_in.is_none() && !in_trait.has_body;
        return Ok(if promises { Form::Sent } else { Form::Plain });
    }
    let without = parts(node).find(|(_, it)| it.boxed.is_none() && it.attribute.is_none());
    if let Some((part, _)) = without {
        let message = format!(
            "`{}` is used as `dyn {}`, and `{}` does not depend on `async-trait`: \
             `cargo add -p {} async-trait`",
            in_trait.name, in_trait.name, part.package, part.package
        );
        let mut reason = at(part, RefusalKind::F5, message);
        reason.place = node.dynamic.or(reason.place);
        return Err(reason);
    }
    let local = parts(node).any(|(_, it)| it.boxed == Some(Boxed::Local));
    Ok(Form::Boxed(if local { Boxed::Local } else { Boxed::Send }))
}

/// The form of a function whose callers may need its future to be `Send`.
///
/// # Errors
/// Why it can't be.
pub(super) fn sent(node: &Node, form: Form, bound: bool) -> Result<Form, Reason> {
    let generic = node.sites.iter().any(|site| site.is_generic);
    let form = match form {
        Form::Plain if bound && generic => Form::Sent,
        form => form,
    };
    let Some((declaration, in_trait)) = node.declaration().filter(|_| form.is_sent()) else {
        return Ok(form);
    };
    if form == Form::Sent && in_trait.has_body {
        let message = format!(
            "`{}` has a body in the trait `{}`, and its future may have to be `Send`",
            declaration.name, in_trait.name
        );
        return Err(at(declaration, RefusalKind::F5, message));
    }
    if form == Form::Sent && in_trait.returns.is_none() {
        let message = format!(
            "what `{}` of the trait `{}` gives back has no name, and its future may have to be \
             `Send`",
            declaration.name, in_trait.name
        );
        return Err(at(declaration, RefusalKind::F5, message));
    }
    let held = parts(node).find_map(|(part, it)| Some((part, it.not_send.clone()?)));
    match held {
        Some((part, refusal)) => Err(Reason {
            refusal,
            place: Some((part.key.file, part.place)),
        }),
        None => Ok(form),
    }
}

fn parts(node: &Node) -> impl Iterator<Item = (&Definition, &InTrait)> {
    let parts = node.parts.iter();
    parts.filter_map(|it| Some((it, it.in_trait.as_ref()?)))
}

fn at(part: &Definition, kind: RefusalKind, message: String) -> Reason {
    Reason {
        refusal: Refusal::new(kind, message),
        place: Some((part.key.file, part.place)),
    }
}
