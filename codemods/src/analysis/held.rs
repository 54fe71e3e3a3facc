//! What may not be held where a future waits: guards, and what may not move to another thread.

use ra_ap_hir::{Adt, AsAssocItem, HasCrate, Type, TypeInfo};
use ra_ap_syntax::{AstNode, TextRange, ast};

pub use super::alive::{alive_at, guards_at};
use super::{
    awaited::Future,
    send::{future_is_not_send, is_not_send},
    temporaries::{self, Ends},
    traits::{Boxed, boxed},
    waits::waits_in,
};
use crate::{
    codemod::Note,
    context::{Enclosing, FileContext},
    knowledge::{Guard, Holds},
    refusal::{Refusal, RefusalKind},
};

/// How deep the fields of a type are looked at for a guard.
const DEPTH: usize = 4;

/// Something that is alive where a future waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The name of the local, or the code that makes the temporary.
    pub name: String,
    /// What is wrong with holding it.
    pub kind: Kind,
    /// Where it is made, if that is in the file as it is.
    pub range: Option<TextRange>,
}

/// What is wrong with holding a value while a future waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It is a guard, or has one in it: what it guards stays taken. Its type's name.
    Guard {
        /// The name of the guard's type.
        ty: String,
        /// What it keeps for itself.
        holds: Holds,
        /// Whether it is known not to be `Send` as well.
        not_send: bool,
    },
    /// It is not `Send`, and neither is the future then.
    NotSend,
    /// It is of a type that a caller chooses, and need not be `Send`.
    Chosen,
    /// It is dropped or moved before, but was borrowed: for the compiler, the future is not `Send`.
    Lingers,
}

impl Held {
    /// Whether the future is not `Send` because of it.
    pub fn refutes_send(&self) -> bool {
        match self.kind {
            Kind::Guard { not_send, .. } => not_send,
            Kind::NotSend | Kind::Lingers => true,
            Kind::Chosen => false,
        }
    }

    /// Whether it is a guard, or has one in it.
    pub fn is_guard(&self) -> bool {
        matches!(self.kind, Kind::Guard { .. })
    }

    /// Why nothing may wait while it is alive. `None` if nothing but a bound by `Send` forbids it.
    pub fn refusal(&self) -> Option<Refusal> {
        let name = &self.name;
        let message = match &self.kind {
            Kind::Guard { ty, .. } => {
                format!("`{name}`, a `{ty}`, would be held while the future waits")
            }
            Kind::NotSend => {
                format!("`{name}`, which is not `Send`, would be held while the future waits")
            }
            Kind::Chosen | Kind::Lingers => return None,
        };
        Some(Refusal::new(RefusalKind::R9, message))
    }

    /// Why the future is not `Send` because of it.
    pub fn not_send(&self) -> Refusal {
        self.refusal().unwrap_or_else(|| {
            let message = match self.kind {
                Kind::Chosen => format!("`{}` is not `Send` for every caller", self.name),
                _ => format!(
                    "`{}`, which is not `Send`, is dropped before, but was borrowed",
                    self.name
                ),
            };
            Refusal::new(RefusalKind::R3, message)
        })
    }

    /// That it is held, and does not forbid to wait, at the place where it is made.
    pub fn aside(&self, ctx: &FileContext<'_>) -> Note {
        let name = &self.name;
        let message = match self.kind {
            Kind::Chosen => self.not_send().message,
            Kind::Lingers => return self.note(ctx),
            Kind::Guard { .. } | Kind::NotSend => format!(
                "`{name}`, which is not known to be `Send`, is held where the code waits today too"
            ),
        };
        Note::at(self.range.map(|range| (ctx.file, range)), message)
    }

    /// Where it is made, for a refusal that names it.
    pub fn note(&self, ctx: &FileContext<'_>) -> Note {
        let name = &self.name;
        let message = match self.kind {
            Kind::Lingers => format!(
                "`{name}` is dropped before, but was borrowed: the future is not `Send` for the \
                 compiler"
            ),
            _ => format!("`{name}` is made here"),
        };
        Note::at(self.range.map(|range| (ctx.file, range)), message)
    }
}

/// Whether the future of async code is not `Send` as it is, as far as can be known: another value
/// that is not makes no difference to it.
pub fn is_not_send_already(ctx: &FileContext<'_>, code: &Enclosing) -> bool {
    let parameters: Vec<Type<'_>> = match code {
        Enclosing::AsyncFn(function) => ctx
            .sema
            .to_fn_def(function)
            .map(|it| it.assoc_fn_params(ctx.db))
            .unwrap_or_default()
            .iter()
            .map(|it| it.ty().clone())
            .collect(),
        Enclosing::AsyncClosure(closure) => closure
            .param_list()
            .iter()
            .flat_map(ast::ParamList::params)
            .filter_map(|it| ctx.sema.type_of_pat(&it.pat()?))
            .map(TypeInfo::original)
            .collect(),
        _ => Vec::new(),
    };
    let captures = match code {
        Enclosing::AsyncBlock(block) => ctx.type_of(&block.clone().into()),
        _ => None,
    };
    let Some(body) = code.body() else {
        return false;
    };
    captures.is_some_and(|ty| refutes(ctx, &ty))
        || parameters.iter().any(|ty| refutes(ctx, ty))
        || waits_in(ctx, &body).iter().any(|wait| {
            let held = alive_at(ctx, wait, &body);
            held.iter().any(Held::refutes_send)
        })
}

/// Whether a type is not `Send`, whatever a caller chooses for its parameters.
fn refutes<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let mut chosen = false;
    ty.walk(ctx.db, |it| {
        chosen |= it.as_type_param(ctx.db).is_some() || it.as_impl_traits(ctx.db).is_some();
    });
    !chosen && is_not_send(ctx, ty)
}

/// What refutes that a future is `Send`, in words: its type, or what its own body holds where it
/// waits.
pub fn refutes_send(ctx: &FileContext<'_>, future: &Future) -> Option<String> {
    let expr = match future {
        Future::Expr(expr) => {
            let not_send = match ctx.type_of(expr).filter(|ty| !ty.contains_unknown()) {
                Some(ty) => future_is_not_send(ctx, expr, &ty),
                None => of_trait(ctx, expr) == Some(Boxed::Local),
            };
            if not_send {
                return Some("the future is not `Send`".to_owned());
            }
            if let Some(words) = makes_not_send(ctx, expr) {
                return Some(words);
            }
            expr
        }
        Future::Function(path) => path,
    };
    let body = match expr {
        ast::Expr::BlockExpr(block) => block.syntax().clone(),
        ast::Expr::PathExpr(path) => {
            let function = ctx.function_of_path(&path.path()?)?;
            ctx.sema.source(function)?.value.syntax().clone()
        }
        _ => {
            let callee = ctx.callee(expr).filter(|callee| ctx.is_local(*callee))?;
            ctx.sema.source(callee)?.value.syntax().clone()
        }
    };
    waits_in(ctx, &body).into_iter().find_map(|wait| {
        let held = alive_at(ctx, &wait, &body);
        let held = held.into_iter().find(Held::refutes_send)?;
        Some(match held.kind {
            Kind::Lingers => format!(
                "for the compiler, the future holds `{}`, which is not `Send`, while it waits",
                held.name
            ),
            _ => format!(
                "the future holds `{}`, which is not `Send`, while it waits",
                held.name
            ),
        })
    })
}

/// What `#[async_trait]` makes of the future of a call of a trait's method.
fn of_trait(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<Boxed> {
    let item = ctx.callee(call)?.as_assoc_item(ctx.db)?;
    let trait_ = item.container_or_implemented_trait(ctx.db)?;
    boxed(&ctx.sema.source(trait_)?.value.into())
}

/// What an expression makes beside its value, and holds until the statement ends.
pub fn made_beside(ctx: &FileContext<'_>, expr: &ast::Expr) -> Vec<Held> {
    let made = temporaries::in_expr(ctx, expr, Ends::of(ctx));
    let held = |it: &ast::Expr| Some(temporary(ctx, it, kind_of(ctx, &ctx.type_of(it)?)?));
    made.iter().filter_map(held).collect()
}

/// What of this is not `Send`, in words.
pub fn makes_not_send(ctx: &FileContext<'_>, expr: &ast::Expr) -> Option<String> {
    let made = made_beside(ctx, expr);
    let made = made.iter().find(|it| it.refutes_send())?;
    Some(format!(
        "`{}`, which is not `Send`, would be held while the future waits",
        made.name
    ))
}

/// The value of an expression as one that is held.
pub(super) fn temporary(ctx: &FileContext<'_>, expr: &ast::Expr, kind: Kind) -> Held {
    let range = ctx.source_range(expr.syntax());
    let name = range.map(|range| ctx.slice(range).to_owned());
    Held {
        name: name.unwrap_or_else(|| expr.syntax().text().to_string()),
        kind,
        range,
    }
}

/// What is wrong with holding a value of this type.
pub fn kind_of<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<Kind> {
    let other = || {
        let not_send = is_not_send(ctx, ty);
        match not_send && is_chosen(ctx, ty) {
            true => Some(Kind::Chosen),
            false => not_send.then_some(Kind::NotSend),
        }
    };
    guard_kind(ctx, ty).or_else(other)
}

/// The same, if it is a guard or has one in it.
pub fn guard_kind<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<Kind> {
    let (adt, guard) = guard_in(ctx, ty)?;
    Some(Kind::Guard {
        ty: adt.name(ctx.db).as_str().to_owned(),
        holds: guard.holds,
        not_send: is_not_send(ctx, ty),
    })
}

/// Whether a type is one that a caller chooses, or a reference to one.
pub fn is_chosen<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let ty = ty.strip_references();
    ty.as_type_param(ctx.db).is_some() || ty.as_impl_traits(ctx.db).is_some()
}

/// The guard that a value of this type owns.
pub fn guard_in<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<(Adt, &'static Guard)> {
    guard_within(ctx, ty, DEPTH)
}

fn guard_within<'a>(
    ctx: &FileContext<'a>,
    ty: &Type<'a>,
    depth: usize,
) -> Option<(Adt, &'static Guard)> {
    if depth == 0 || ty.is_reference() {
        return None;
    }
    if ty.is_tuple() {
        let fields = ty.tuple_fields(ctx.db);
        return fields
            .iter()
            .find_map(|it| guard_within(ctx, it, depth - 1));
    }
    let adt = ty.as_adt()?;
    if let Some(guard) = ctx.known.guard(ctx.db, adt) {
        return Some((adt, guard));
    }
    let in_arguments = ty
        .type_arguments()
        .find_map(|it| guard_within(ctx, &it, depth - 1));
    let in_fields = || {
        let fields = ty.fields(ctx.db);
        let own = adt.krate(ctx.db).origin(ctx.db).is_local();
        let mut fields = fields.iter().filter(|_| own);
        fields.find_map(|(_, it)| guard_within(ctx, it, depth - 1))
    };
    in_arguments.or_else(in_fields)
}
