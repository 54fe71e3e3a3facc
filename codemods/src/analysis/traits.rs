//! Functions of the workspace's own traits: what declares one and all that implement it become async
//! together.

use ra_ap_hir::{AsAssocItem, AssocItemContainer, Function};
use ra_ap_syntax::{
    AstNode, AstToken, NodeOrToken, SyntaxNode, TextRange, TextSize,
    ast::{self, HasAttrs},
};

use super::{
    contract::attribute_path,
    functions::{FunctionKey, key_of},
    recursion::implementing,
    send::is_not_send,
};
use crate::{
    context::FileContext,
    refusal::{Refusal, RefusalKind},
};

/// The part that a function plays in a trait of the workspace.
#[derive(Debug, Clone)]
pub struct InTrait {
    /// The trait's name.
    pub name: String,
    /// Whether the trait itself declares it.
    pub declares: bool,
    /// Of a declaration, all that are known to implement it; `None` for what a macro makes.
    pub implemented: Vec<Option<FunctionKey>>,
    /// Whether it has a body.
    pub has_body: bool,
    /// What `#[async_trait]` makes of its future already.
    pub boxed: Option<Boxed>,
    /// How the attribute would be written, where the manifest declares it.
    pub attribute: Option<Attribute>,
    /// How a declaration says which future it gives. `None` where no type can say it.
    pub returns: Option<Returns>,
    /// Why its future could not be `Send`, whatever it awaits.
    pub not_send: Option<Refusal>,
}

/// What a boxed future promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boxed {
    /// To be `Send`.
    Send,
    /// Nothing.
    Local,
}

/// An attribute on a trait or an impl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Where it would stand.
    pub at: TextSize,
    /// Its path.
    pub path: String,
    /// The white space before the item.
    pub indent: String,
}

/// The text around the type that a declaration gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returns {
    /// The type, or where it would stand.
    pub range: TextRange,
    /// What stands before it.
    pub before: String,
    /// What stands behind it.
    pub after: String,
}

impl InTrait {
    /// The part of a function, if the trait is one of the workspace.
    pub fn of(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> Option<InTrait> {
        let (trait_, declares) = match function.as_assoc_item(ctx.db)?.container(ctx.db) {
            AssocItemContainer::Trait(trait_) => (trait_, true),
            AssocItemContainer::Impl(it) => (it.trait_(ctx.db)?, false),
        };
        let declared = match declares {
            true => function,
            false => ctx.in_trait(function)?,
        };
        if !ctx.is_local(declared) {
            return None;
        }
        let item = node
            .syntax()
            .ancestors()
            .find_map(|it| match ast::Item::cast(it)? {
                it @ (ast::Item::Trait(_) | ast::Item::Impl(_)) => Some(it),
                _ => None,
            })?;
        Some(InTrait {
            name: trait_.name(ctx.db).as_str().to_owned(),
            declares,
            implemented: match declares {
                true => implementing(ctx, function)
                    .into_iter()
                    .map(|it| key_of(ctx, it))
                    .collect(),
                false => Vec::new(),
            },
            has_body: node.body().is_some(),
            boxed: boxed(&item),
            attribute: attribute(ctx, &item),
            returns: returns(ctx, node),
            not_send: not_send(ctx, node, function),
        })
    }
}

/// What `#[async_trait]` on a trait or an impl makes of its futures.
pub fn boxed(item: &ast::Item) -> Option<Boxed> {
    item.attrs().find_map(|attr| {
        let path = attribute_path(&attr)?;
        let is_it = path.rsplit("::").next() == Some("async_trait");
        is_it.then(
            || match attr.syntax().text().to_string().contains("?Send") {
                true => Boxed::Local,
                false => Boxed::Send,
            },
        )
    })
}

fn attribute(ctx: &FileContext<'_>, item: &ast::Item) -> Option<Attribute> {
    let dependency = ctx.package.dependency("async-trait", ctx.target)?;
    let at = item
        .syntax()
        .children_with_tokens()
        .find(|it| match it {
            NodeOrToken::Node(it) => !ast::Attr::can_cast(it.kind()),
            NodeOrToken::Token(it) => {
                !it.kind().is_trivia() && ast::Comment::cast(it.clone()).is_none()
            }
        })?
        .text_range()
        .start();
    Some(Attribute {
        at,
        path: format!("{}::async_trait", dependency.name),
        indent: ctx.indent_at(at).to_owned(),
    })
}

fn returns(ctx: &FileContext<'_>, node: &ast::Fn) -> Option<Returns> {
    let core = ctx.trait_at("core::future::Future");
    let future = match ctx.trait_in_scope(node.syntax(), "Future") {
        near if near.is_some() && near == core => "Future",
        _ => "std::future::Future",
    };
    let Some(ret) = node.ret_type() else {
        return Some(Returns {
            range: TextRange::empty(node.param_list()?.syntax().text_range().end()),
            before: format!(" -> impl {future}<Output = ()> + Send"),
            after: String::new(),
        });
    };
    let ty = ret.ty()?;
    let inside = |node: SyntaxNode| {
        ast::ImplTraitType::can_cast(node.kind()) || ast::NeverType::can_cast(node.kind())
    };
    if ty.syntax().descendants().any(inside) {
        return None;
    }
    Some(Returns {
        range: ty.syntax().text_range(),
        before: format!("impl {future}<Output = "),
        after: "> + Send".to_owned(),
    })
}

/// The parameters stay with the future until its end.
fn not_send(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> Option<Refusal> {
    node.body()?;
    let held = function
        .assoc_fn_params(ctx.db)
        .into_iter()
        .find(|it| it.ty().contains_unknown() || is_not_send(ctx, it.ty()))?;
    let name = held.name(ctx.db);
    let name = name.map_or_else(
        || "a parameter".to_owned(),
        |it| format!("`{}`", it.as_str()),
    );
    let message = format!(
        "{name} of `{}`, which is not known to be `Send`, would be held while it waits",
        function.name(ctx.db).as_str()
    );
    Some(Refusal::new(RefusalKind::F15, message))
}
