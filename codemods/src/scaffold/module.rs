//! The module of a service, and where it is declared.

use ra_ap_hir::{Module as HirModule, ScopeDef};
use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{
    AstNode, SyntaxKind, TextSize,
    ast::{self, HasModuleItem, HasName},
};

use crate::{
    analysis::equivalents::{Need, lacking},
    codemod::Verdict,
    context::FileContext,
    facts::{PackageFacts, TargetKind},
    knowledge::is_named,
    logging::{Logger, Shown, safety_of_logging},
    refusal::{Refusal, RefusalKind},
};

const TEMPLATE: &str = include_str!("background_service.rs.in");

/// What the template takes of its packages.
const NEEDS: [Need<'static>; 5] = [
    tokio("tokio::select", "macros", &["full"]),
    tokio(
        "tokio::task::JoinSet",
        "rt",
        &["full", "rt-multi-thread", "test-util"],
    ),
    tokio("tokio::sync::mpsc", "sync", &["full", "test-util"]),
    tokio("tokio::time::timeout", "time", &["full", "test-util"]),
    Need {
        path: "tokio_util::task::TaskTracker",
        package: "tokio-util",
        feature: Some("rt"),
        implied_by: &["full", "join-map"],
        by_default: false,
    },
];

const fn tokio<'a>(path: &'a str, feature: &'a str, implied_by: &'a [&'a str]) -> Need<'a> {
    Need {
        path,
        package: "tokio",
        feature: Some(feature),
        implied_by,
        by_default: false,
    }
}

/// What the template takes that an older version has not: path, package, the first that has it.
const VERSIONS: [(&str, &str, &str); 2] = [
    ("tokio::runtime::Handle::id", "tokio", "1.49"),
    ("tokio_util::task::TaskTracker", "tokio-util", "0.7.10"),
];

/// The module of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The text of its file.
    pub text: String,
    /// How the file above it says that it is there.
    pub declaration: Declaration,
}

/// An edit that declares a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Where it goes.
    pub at: TextSize,
    /// What is written there.
    pub text: String,
}

/// The module `name`, declared in the file of the context.
///
/// # Errors
/// If the name is taken, or the package has not what the module needs; with a next step.
pub fn declare(ctx: &FileContext<'_>, name: &str) -> Result<Module, Refusal> {
    if ctx.package.edition < Edition::Edition2018 {
        let message = "a crate of edition 2015 has no async code: `cargo fix --edition` goes on";
        return Err(Refusal::new(RefusalKind::F22, message));
    }
    if ctx.target == TargetKind::BuildScript {
        let message = "a build script has nothing to do in the background";
        return Err(Refusal::new(RefusalKind::R5, message));
    }
    is_free(ctx, name)?;
    is_there(ctx)?;
    let place = ctx.source.syntax();
    if let Err(verdict) = safety_of_logging(ctx, place) {
        let message = match verdict {
            Verdict::Refused(refusal) => return Err(refusal),
            _ => "the macros of the package's logger take a logger, and a new module has none",
        };
        return Err(Refusal::new(RefusalKind::R6, message));
    }
    let logger = Logger::in_new_module(ctx, place);
    let job = format!("a job of `{name}`");
    let text = TEMPLATE
        .replace("{{panicked}}", &logger.statement(&job, Shown::Display))
        .replace("{{failed}}", &logger.statement(&job, Shown::Chain))
        .replace("{{name}}", name);
    Ok(Module {
        text,
        declaration: declaration(ctx, name),
    })
}

/// Whether a module of a package may have this name.
///
/// # Errors
/// If not, with the reason.
pub fn check_name(name: &str, package: &PackageFacts) -> Result<(), Refusal> {
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let message = if SyntaxKind::from_keyword(name, package.edition).is_some() {
        format!("`{name}` is a keyword")
    } else if !starts || !name.chars().all(snake) || name.chars().all(|c| c == '_') {
        format!("`{name}` is no name of a module: those are in snake_case, as in `mailer`")
    } else {
        let dependencies = package.dependencies.iter();
        let own = package.name.replace('-', "_");
        let mut crates =
            dependencies
                .map(|it| it.name.as_str())
                .chain(["core", "std", "alloc", own.as_str()]);
        return match crates.any(|it| it == name) {
            true => Err(taken(name, "a crate")),
            false => Ok(()),
        };
    };
    Err(Refusal::new(RefusalKind::R5, message))
}

fn taken(name: &str, by: &str) -> Refusal {
    let message = format!("`{name}` is the name of {by}\nhelp: choose another name");
    Refusal::new(RefusalKind::R5, message)
}

/// Whether nothing else goes by the name in the module of the file.
fn is_free(ctx: &FileContext<'_>, name: &str) -> Result<(), Refusal> {
    let declared = ctx.source.items().any(|item| match item {
        // It may be one that this configuration leaves out.
        ast::Item::Module(it) => it.name().is_some_and(|it| it.text() == name),
        _ => false,
    });
    let module = ctx.sema.file_to_module_def(ctx.file);
    let scope = module.map_or_else(Vec::new, |it: HirModule| it.scope(ctx.db, None));
    let in_scope = scope.iter().any(|(known, def)| {
        let is_value = matches!(def, ScopeDef::ModuleDef(ra_ap_hir::ModuleDef::Function(_)));
        is_named(known, name) && !is_value
    });
    match declared || in_scope {
        true => Err(taken(name, "something in this module")),
        false => Ok(()),
    }
}

/// Whether the package declares what the template takes, and the versions have it.
fn is_there(ctx: &FileContext<'_>) -> Result<(), Refusal> {
    let place = ctx.source.syntax();
    let own = &ctx.package.name;
    let missing: Vec<&Need<'_>> = NEEDS
        .iter()
        .filter(|need| lacking(ctx, place, need).is_some())
        .collect();
    if !missing.is_empty() {
        let mut message = "the service takes what the package does not declare".to_owned();
        for package in ["tokio", "tokio-util"] {
            let features = missing.iter().filter(|need| need.package == package);
            let features: Vec<&str> = features.filter_map(|need| need.feature).collect();
            if !features.is_empty() {
                let features = features.join(",");
                message += &format!("\nhelp: `cargo add {package} --features {features} -p {own}`");
            }
        }
        return Err(Refusal::new(RefusalKind::R6, message));
    }
    for (path, package, version) in VERSIONS {
        let name = package.replace('-', "_");
        if let Some(it) = ctx.package.dependency(package, ctx.target)
            && it.name != name
        {
            let message = format!(
                "the service says `{name}`, and the package says `{}`",
                it.name
            );
            return Err(Refusal::new(RefusalKind::R6, message));
        }
        if ctx.known.definitions(ctx.db, path).is_empty() {
            let message = format!(
                "the service takes `{path}`, which `{package}` has from {version} on\n\
                 help: `cargo update -p {package}`"
            );
            return Err(Refusal::new(RefusalKind::R6, message));
        }
    }
    Ok(())
}

/// Beside the other modules, in their order; else before what the file declares, behind its imports.
fn declaration(ctx: &FileContext<'_>, name: &str) -> Declaration {
    let items: Vec<ast::Item> = ctx.source.items().collect();
    let others = items.iter().filter_map(|item| match item {
        ast::Item::Module(it) if it.item_list().is_none() => Some(it),
        _ => None,
    });
    let others: Vec<&ast::Module> = others.collect();
    let name_of = |it: &&ast::Module| it.name().map(|it| it.text().to_string());
    let sorted = others.is_sorted_by_key(name_of);
    let next = others
        .iter()
        .find(|it| sorted && name_of(it).is_some_and(|it| it.as_str() > name));
    if let Some(next) = next {
        return Declaration {
            at: next.syntax().text_range().start(),
            text: format!("mod {name};\n"),
        };
    }
    if let Some(last) = others.last() {
        return Declaration {
            at: last.syntax().text_range().end(),
            text: format!("\nmod {name};"),
        };
    }
    let uses = items
        .iter()
        .take_while(|item| matches!(item, ast::Item::Use(_) | ast::Item::ExternCrate(_)));
    if let Some(last) = uses.last() {
        return Declaration {
            at: last.syntax().text_range().end(),
            text: format!("\n\nmod {name};"),
        };
    }
    match items.first() {
        Some(first) => Declaration {
            at: first.syntax().text_range().start(),
            text: format!("mod {name};\n\n"),
        },
        None => Declaration {
            at: ctx.source.syntax().text_range().end(),
            text: format!("\nmod {name};\n"),
        },
    }
}
