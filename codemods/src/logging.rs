//! How an error is logged in a package: with which macro, in which words.

use ra_ap_hir::Type;
use ra_ap_syntax::SyntaxNode;

use crate::{
    codemod::{Note, Safety, Verdict},
    context::FileContext,
    facts::{Dependency, TargetKind},
    knowledge::{self, Definition},
    refusal::{Refusal, RefusalKind},
};

/// The logger in a package's manifest.
enum Declared<'a> {
    /// It is there wherever the place is compiled, under this name in code.
    Always(&'a knowledge::Logger, &'a str),
    /// It may be off.
    Sometimes(&'a Dependency),
    /// There is none.
    Never,
}

impl<'a> Declared<'a> {
    fn of(ctx: &FileContext<'a>, place: &SyntaxNode) -> Declared<'a> {
        let (package, target) = (ctx.package, ctx.target);
        let loggers = || ctx.known.knowledge.loggers.iter();
        let always = loggers().find_map(|row| {
            let dependency = package
                .declared(&row.package, target)
                .find(|it| !it.targeted && (!it.optional || ctx.comes_with(place, it)))?;
            Some(Declared::Always(row, &dependency.name))
        });
        let sometimes = || {
            loggers()
                .find_map(|row| package.declared(&row.package, target).next())
                .map(Declared::Sometimes)
        };
        always.or_else(sometimes).unwrap_or(Declared::Never)
    }
}

/// How far a change that logs an error at this place may be trusted, and what has to be said of it;
/// or why an error can't be logged there.
pub fn safety_of_logging(
    ctx: &FileContext<'_>,
    place: &SyntaxNode,
) -> Result<(Safety, Option<Note>), Verdict> {
    match Declared::of(ctx, place) {
        Declared::Always(row, _) if row.takes_logger => Err(Verdict::Manual(format!(
            "log the error inside the task with `{}!`, and the logger that is at hand there",
            row.path
        ))),
        Declared::Always(..) => Ok((Safety::Safe, None)),
        Declared::Sometimes(logger) => {
            let (name, package) = (&logger.package, &ctx.package.name);
            let (when, flag) = match logger.optional {
                true => ("behind a feature", " --no-optional"),
                false => ("on some targets", ""),
            };
            Err(Verdict::Refused(Refusal::new(
                RefusalKind::R6,
                format!(
                    "the package has its logger `{name}` only {when}; with \
                     `cargo add {name}{flag} -p {package}` it is there on every build"
                ),
            )))
        }
        Declared::Never if ctx.target == TargetKind::Lib && ctx.package.publish => {
            let note = "the package has no logger, and what a library prints is seen by those who \
                        use it";
            Ok((Safety::Unsafe, Some(Note::new(note))))
        }
        Declared::Never => Ok((Safety::Safe, None)),
    }
}

/// The macro that a package logs errors with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logger {
    /// The macro as it is written at the place.
    path: String,
    /// The crate in code, where values are logged as fields.
    tracing: Option<String>,
}

/// How a value of an error's type is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// With `Display`.
    Display,
    /// With `Debug`, for want of `Display`.
    Debug,
    /// With `{:#}`: the whole chain of an `anyhow` or `eyre` report.
    Chain,
    /// Not at all: it has neither.
    Not,
}

/// How a value of this type is best shown.
pub fn shown<'a>(ctx: &FileContext<'a>, error: &Type<'a>) -> Shown {
    if ctx.is_adt(error, "anyhow::Error") || ctx.is_adt(error, "eyre::Report") {
        Shown::Chain
    } else if ctx.implements(error, "core::fmt::Display") {
        Shown::Display
    } else if ctx.implements(error, "core::fmt::Debug") {
        Shown::Debug
    } else {
        Shown::Not
    }
}

impl Logger {
    /// The first logger that the package declares, as it can be written at `place`: by the name
    /// that the file imports, else by its full path. See [`safety_of_logging`] for whether it may.
    pub fn at(ctx: &FileContext<'_>, place: &SyntaxNode) -> Logger {
        let whole = Logger::in_new_module(ctx, place);
        let Declared::Always(row, _) = Declared::of(ctx, place) else {
            return whole;
        };
        let item = knowledge::last_segment(&row.path);
        let path = whole.path;
        let macros = ctx.known.definitions(ctx.db, &row.path);
        let is_it = |text: &str| {
            let named = ctx.macro_in_scope(place, text).map(Definition::Macro);
            named.is_some_and(|it| macros.contains(&it))
        };
        let written = if is_it(item) {
            item.to_owned()
        } else if ctx.macro_in_scope(place, &path).is_none() || is_it(&path) {
            path
        } else {
            format!("::{path}")
        };
        Logger {
            path: written,
            ..whole
        }
    }

    /// The same, by the name of its crate, as code can write it that declares and imports nothing.
    pub fn in_new_module(ctx: &FileContext<'_>, place: &SyntaxNode) -> Logger {
        let Declared::Always(row, name) = Declared::of(ctx, place) else {
            return Logger {
                path: "eprintln".to_owned(),
                tracing: None,
            };
        };
        Logger {
            path: format!("{name}::{}", knowledge::last_segment(&row.path)),
            tracing: (row.package == "tracing").then(|| name.to_owned()),
        }
    }

    /// The function that runs a future in the current span, where the logger has spans.
    pub fn instrument(&self) -> Option<String> {
        self.tracing
            .as_ref()
            .map(|name| format!("{name}::Instrument::in_current_span"))
    }

    /// The macro as it is written at the place.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The statement that logs `error` as the end of what is named by `task`.
    pub fn statement(&self, task: &str, shown: Shown) -> String {
        let path = &self.path;
        match (shown, self.tracing.is_some()) {
            (Shown::Display, true) => format!("{path}!(%error, \"{task} failed\");"),
            (Shown::Debug, true) => format!("{path}!(?error, \"{task} failed\");"),
            (Shown::Chain, _) => format!("{path}!(\"{task} failed: {{error:#}}\");"),
            (Shown::Display, false) => format!("{path}!(\"{task} failed: {{error}}\");"),
            (Shown::Debug, false) => format!("{path}!(\"{task} failed: {{error:?}}\");"),
            (Shown::Not, _) => format!("{path}!(\"{task} failed\");"),
        }
    }
}
