//! How code at a place names something of another crate: as short as its imports allow.

use ra_ap_syntax::{SyntaxNode, TextRange};

use super::leftovers::import_at;
use crate::{
    change::Change,
    context::FileContext,
    knowledge::{Definition, last_segment},
};

/// A path as it is written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The path.
    pub text: String,
    /// The import that it goes through.
    through: Option<TextRange>,
}

impl Spelling {
    /// The whole of a path in another crate, which can't be looked up there.
    pub fn of_crate(ctx: &FileContext<'_>, place: &SyntaxNode, path: &str) -> Option<Spelling> {
        let (krate, _) = path.split_once("::")?;
        let root = ctx.module_in_scope(place, krate)?;
        let named = root.krate(ctx.db).display_name(ctx.db)?;
        let is_it = root.is_crate_root(ctx.db) && named.crate_name().as_str() == krate;
        is_it.then(|| Spelling {
            text: path.to_owned(),
            through: None,
        })
    }

    /// Notes in a change which import it goes through.
    pub fn note_import(&self, ctx: &FileContext<'_>, change: &mut Change) {
        self.through
            .iter()
            .for_each(|&it| change.uses(ctx.file, it));
    }
}

/// How code at `place` names the function or the type at `path`. `None` where it can't, because
/// something else goes by that path there.
pub fn spelling(ctx: &FileContext<'_>, place: &SyntaxNode, path: &str) -> Option<Spelling> {
    if let Some(own) = in_own_crate(ctx, path) {
        return spelled(ctx, place, path, &own);
    }
    spelled(ctx, place, path, path)
}

/// A path as code of its own crate has it.
fn in_own_crate(ctx: &FileContext<'_>, path: &str) -> Option<String> {
    let (krate, rest) = path.split_once("::")?;
    let module = ctx.sema.file_to_module_def(ctx.file)?;
    let name = module.krate(ctx.db).display_name(ctx.db)?;
    (name.crate_name().as_str() == krate).then(|| format!("crate::{rest}"))
}

/// The same of what is found at `path`, and goes by `whole` at the longest.
fn spelled(ctx: &FileContext<'_>, place: &SyntaxNode, path: &str, whole: &str) -> Option<Spelling> {
    // A method is named behind its type.
    if let Some((owner, name)) = path.rsplit_once("::")
        && last_segment(owner).starts_with(char::is_uppercase)
    {
        let whole = whole.rsplit_once("::").map_or(whole, |(owner, _)| owner);
        let owner = spelled(ctx, place, owner, whole)?;
        return Some(Spelling {
            text: format!("{}::{name}", owner.text),
            ..owner
        });
    }
    let known = ctx.known.definitions(ctx.db, path);
    let is_it = |text: &str| {
        let function = ctx.function_in_scope(place, text).map(Definition::Function);
        let found = function.or_else(|| ctx.type_in_scope(place, text).map(Definition::Adt));
        found.is_some_and(|it| known.contains(&it))
    };
    // The crate is named in the manifest, whatever is imported.
    if !is_it(whole) {
        return None;
    }
    let ranges = ctx.source_range(place)?;
    let mut starts: Vec<usize> = whole.match_indices("::").map(|(at, _)| at + 2).collect();
    starts.reverse();
    for start in starts {
        let text = &whole[start..];
        if !is_it(text) {
            continue;
        }
        let first = text.split("::").next().unwrap_or_default();
        let through = import_at(ctx, first, ranges);
        // What is of this crate may stand beside the place.
        if through.is_some() || whole != path {
            return Some(Spelling {
                text: text.to_owned(),
                through,
            });
        }
    }
    Some(Spelling {
        text: whole.to_owned(),
        through: None,
    })
}
