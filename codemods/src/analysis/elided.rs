//! Lifetimes that a signature leaves out of the paths of its types. An async function has to show
//! them: `&Renderer` becomes `&Renderer<'_>`.

use ra_ap_hir::{GenericDef, ModuleDef, PathResolution};
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasGenericArgs},
};

use crate::context::FileContext;

/// What shows the lifetimes in the signature of a function of this file: each text, behind what it
/// stands.
pub fn shown(ctx: &FileContext<'_>, node: &ast::Fn) -> Vec<(TextRange, String)> {
    let parameters = node.param_list().map(|it| it.syntax().clone());
    let returned = node.ret_type().map(|it| it.syntax().clone());
    let parts = parameters.into_iter().chain(returned);
    let paths = parts.flat_map(|part| part.descendants().filter_map(ast::PathType::cast));
    let mut shown: Vec<(TextRange, String)> = paths
        .filter(|path| !is_of_function(path))
        .filter_map(|path| shown_in(ctx, &path.path()?))
        .collect();
    shown.sort_by_key(|(range, _)| range.start());
    shown
}

/// Whether a type is an argument of a closure or of a function pointer, or what that gives.
fn is_of_function(path: &ast::PathType) -> bool {
    let around = path.syntax().ancestors().skip(1);
    let mut around = around.take_while(|it| !ast::Fn::can_cast(it.kind()));
    around.any(|it| {
        ast::FnPtrType::can_cast(it.kind())
            || ast::ParenthesizedArgList::can_cast(it.kind())
            || ast::RetType::can_cast(it.kind())
                && it
                    .parent()
                    .is_some_and(|it| ast::PathSegment::can_cast(it.kind()))
    })
}

fn shown_in(ctx: &FileContext<'_>, path: &ast::Path) -> Option<(TextRange, String)> {
    let definition = match ctx.sema.resolve_path(path)? {
        PathResolution::Def(ModuleDef::Adt(it)) => GenericDef::Adt(it),
        PathResolution::Def(ModuleDef::TypeAlias(it)) => GenericDef::TypeAlias(it),
        PathResolution::Def(ModuleDef::Trait(it)) => GenericDef::Trait(it),
        _ => return None,
    };
    let count = definition.lifetime_params(ctx.db).len();
    let segment = path.segment().filter(|_| count > 0)?;
    let lifetimes = vec!["'_"; count].join(", ");
    let Some(list) = segment.generic_arg_list() else {
        let name = segment.name_ref()?.syntax().text_range();
        return Some((name, format!("<{lifetimes}>")));
    };
    let mut given = list.generic_args();
    if given.any(|it| matches!(it, ast::GenericArg::LifetimeArg(_))) {
        return None;
    }
    let more = list.generic_args().next().map_or("", |_| ", ");
    Some((
        list.l_angle_token()?.text_range(),
        format!("{lifetimes}{more}"),
    ))
}
