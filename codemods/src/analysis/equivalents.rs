//! What may take the place of a blocking call in code of a package: a row of the tables, and what its
//! manifest has to say for it.

use ra_ap_syntax::SyntaxNode;

use crate::{
    context::FileContext,
    facts::Dependency,
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
    let mut missing = None;
    for row in rows {
        if row.shape == Shape::OtherType {
            return Ok(Some(row));
        }
        match lacks(ctx, place, row) {
            None => return Ok(Some(row)),
            Some(message) => {
                missing.get_or_insert(message);
            }
        }
    }
    match missing {
        Some(message) => Err(Refusal::new(RefusalKind::R6, message)),
        None => Ok(None),
    }
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
pub fn lacks(ctx: &FileContext<'_>, place: &SyntaxNode, row: &Equivalent) -> Option<String> {
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

/// The same for any code.
pub fn lacking(ctx: &FileContext<'_>, place: &SyntaxNode, need: &Need<'_>) -> Option<String> {
    let Need {
        path,
        package,
        feature,
        ..
    } = need;
    let own = &ctx.package.name;
    let declared: Vec<&Dependency> = ctx.package.declared(package, ctx.target).collect();
    let here = |it: &&&Dependency| !it.targeted && (!it.optional || ctx.comes_with(place, it));
    let usable: Vec<&&Dependency> = declared.iter().filter(here).collect();
    let flag = feature.map_or_else(String::new, |it| format!(" --features {it}"));
    let add = format!("`cargo add {package}{flag} -p {own}`");
    if declared.is_empty() {
        return Some(format!(
            "`{path}` takes `{package}`, which the package does not depend on: {add}"
        ));
    }
    if usable.is_empty() {
        return Some(format!(
            "`{path}` takes `{package}`, which the package has only on some builds: {add}"
        ));
    }
    let feature = (*feature)?;
    let has = |it: &&&Dependency| {
        let mut asked = it.features.iter().map(String::as_str);
        it.default_features && need.by_default
            || asked.any(|asked| asked == feature || need.implied_by.contains(&asked))
    };
    (!usable.iter().any(has)).then(|| {
        format!(
            "`{path}` takes the feature `{feature}` of `{package}`, which the manifest does not ask \
             for: {add}"
        )
    })
}
