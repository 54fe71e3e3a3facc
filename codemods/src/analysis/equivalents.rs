//! What may take the place of a blocking call in code of a package: a row of the tables, and what its
//! manifest has to say for it.

use ra_ap_syntax::SyntaxNode;

use super::spelling::{Spelling, spelling};
use crate::{
    change::Edit,
    context::FileContext,
    facts::{Dependency, DependencyKind},
    knowledge::{Equivalent, Shape},
    refusal::{Refusal, RefusalKind},
};

/// What takes the place of the function at `path`, on the reactor `family`. `None` if nothing does.
///
/// # Errors
/// If the manifest does not have what it takes.
pub fn equivalent<'a>(
    ctx: &FileContext<'a>,
    place: &SyntaxNode,
    path: &str,
    family: Option<&str>,
) -> Result<Option<&'a Equivalent>, Refusal> {
    let rows = ctx.known.knowledge.equivalents.iter();
    let rows =
        rows.filter(|row| row.of == path && (row.family == "any" || family == Some(&row.family)));
    let (mut possible, mut missing) = (None, None);
    for row in rows {
        if matches!(row.shape, Shape::OtherType | Shape::Followed) {
            return Ok(Some(row));
        }
        match needed(ctx, place, row) {
            Ok(None) => return Ok(Some(row)),
            // A row that takes no edit goes before one that does.
            Ok(Some(_)) => possible = possible.or(Some(row)),
            Err(refusal) => missing = missing.or(Some(refusal)),
        }
    }
    match (possible, missing) {
        (None, Some(refusal)) => Err(refusal),
        (possible, _) => Ok(possible),
    }
}

/// The edit of the manifest that a row takes, if it takes one.
///
/// # Errors
/// If the manifest lacks something, and is not to be edited: how to add it, as R6.
pub fn needed(
    ctx: &FileContext<'_>,
    place: &SyntaxNode,
    row: &Equivalent,
) -> Result<Option<Edit>, Refusal> {
    let Some(lacking) = lacks(ctx, place, row) else {
        return Ok(None);
    };
    let edit = lacking.feature_of.and_then(|(kind, feature)| {
        let package = row.package.as_ref()?;
        ctx.manifest?.with_feature(kind, package, &feature)
    });
    match edit {
        Some(edit) => Ok(Some(edit)),
        None => Err(Refusal::new(RefusalKind::R6, lacking.message)),
    }
}

/// How code at `place` names what a row says. What a feature brings that is only to be asked for is not
/// there yet: it goes by the path of the table.
pub fn spelling_of_row(
    ctx: &FileContext<'_>,
    place: &SyntaxNode,
    row: &Equivalent,
) -> Option<Spelling> {
    spelling(ctx, place, &row.path).or_else(|| {
        let edit = needed(ctx, place, row).ok()?;
        let is_unseen = ctx.known.definitions(ctx.db, &row.path).is_empty();
        edit.filter(|_| is_unseen)?;
        Spelling::of_crate(ctx, place, &row.path)
    })
}

/// What a manifest lacks.
#[derive(Debug, Clone)]
pub struct Lacking {
    /// In words, with how to add it.
    pub message: String,
    /// A feature of a dependency that is there, in this section.
    pub feature_of: Option<(DependencyKind, String)>,
}

/// What code needs of a package.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// The path that it names.
    pub path: &'a str,
    /// The package.
    pub package: &'a str,
    /// The feature of the package that it takes.
    pub feature: Option<&'a str>,
    /// Features of which each turns that one on.
    pub implied_by: &'a [&'a str],
    /// The default features of the package have it.
    pub by_default: bool,
}

/// What the manifest lacks for a row, and how to add it.
pub fn lacks(ctx: &FileContext<'_>, place: &SyntaxNode, row: &Equivalent) -> Option<Lacking> {
    let implied_by = row.implied_by.iter().chain(&row.all);
    let implied_by: Vec<&str> = implied_by.map(String::as_str).collect();
    let need = Need {
        path: &row.path,
        package: row.package.as_deref()?,
        feature: row.feature.as_deref(),
        implied_by: &implied_by,
        by_default: row.by_default,
    };
    lacking(ctx, place, &need)
}

/// What the manifest lacks for some code, and how to add it.
pub fn lacking(ctx: &FileContext<'_>, place: &SyntaxNode, need: &Need<'_>) -> Option<Lacking> {
    let Need {
        path,
        package,
        feature,
        ..
    } = *need;
    let own = &ctx.package.name;
    let declared: Vec<&Dependency> = ctx.package.declared(package, ctx.target).collect();
    let here = |it: &&&Dependency| !it.targeted && (!it.optional || ctx.comes_with(place, it));
    let usable: Vec<&&Dependency> = declared.iter().filter(here).collect();
    let flag = feature.map_or_else(String::new, |it| format!(" --features {it}"));
    let add = format!("`cargo add {package}{flag} -p {own}`");
    let dependency = |message: &str| {
        Some(Lacking {
            message: format!("`{path}` takes `{package}`, which the package {message}: {add}"),
            feature_of: None,
        })
    };
    if declared.is_empty() {
        return dependency("does not depend on");
    }
    let Some(first) = usable.first() else {
        return dependency("has only on some builds");
    };
    let feature = feature?;
    let has = |it: &&&Dependency| {
        let mut asked = it.features.iter().map(String::as_str);
        it.default_features && need.by_default
            || asked.any(|asked| asked == feature || need.implied_by.contains(&asked))
    };
    (!usable.iter().any(has)).then(|| Lacking {
        message: format!(
            "`{path}` takes the feature `{feature}` of `{package}`, which the manifest does not ask \
             for: {add}"
        ),
        feature_of: Some((first.kind, feature.to_owned())),
    })
}
