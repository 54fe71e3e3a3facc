//! What the elements of an iterator are collected into.

use ra_ap_hir::Type;

use crate::context::FileContext;

/// What a collection may be inside of, where the first that is not good ends all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapper {
    Result,
    Option,
}

impl Wrapper {
    pub(super) fn of<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<(Wrapper, Type<'a>)> {
        let wrapper = if ctx.is_adt(ty, "core::result::Result") {
            Wrapper::Result
        } else if ctx.is_adt(ty, "core::option::Option") {
            Wrapper::Option
        } else {
            return None;
        };
        Some((wrapper, ty.type_arguments().next()?))
    }

    pub(super) fn yes(self) -> &'static str {
        match self {
            Wrapper::Result => "Ok",
            Wrapper::Option => "Some",
        }
    }
}

/// What elements are collected into, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Unit,
    Vec,
    VecDeque,
    HashSet,
    BTreeSet,
    HashMap,
    BTreeMap,
}

impl Collection {
    pub(super) fn of<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<Collection> {
        if ty.is_unit() {
            return Some(Collection::Unit);
        }
        let all = [
            (Collection::Vec, "alloc::vec::Vec"),
            (Collection::VecDeque, "alloc::collections::VecDeque"),
            (Collection::HashSet, "std::collections::HashSet"),
            (Collection::BTreeSet, "alloc::collections::BTreeSet"),
            (Collection::HashMap, "std::collections::HashMap"),
            (Collection::BTreeMap, "alloc::collections::BTreeMap"),
        ];
        let found = all.into_iter().find(|(_, path)| ctx.is_adt(ty, path))?.0;
        let hashed = matches!(found, Collection::HashSet | Collection::HashMap);
        let usual = || {
            let mut arguments = ty.type_arguments();
            arguments.any(|it| ctx.is_adt(&it, "std::hash::RandomState"))
        };
        (!hashed || usual()).then_some(found)
    }

    /// An empty one.
    pub(super) fn empty(self) -> &'static str {
        match self {
            Collection::Unit => "",
            Collection::Vec => "Vec::new()",
            Collection::VecDeque => "std::collections::VecDeque::new()",
            Collection::HashSet => "std::collections::HashSet::new()",
            Collection::BTreeSet => "std::collections::BTreeSet::new()",
            Collection::HashMap => "std::collections::HashMap::new()",
            Collection::BTreeMap => "std::collections::BTreeMap::new()",
        }
    }
}
