//! `spawn_logged`: the function, written once for each crate, that logs a task's error and panic.

use ra_ap_hir::{ModuleDef, ScopeDef};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    change::Change,
    context::{Call, FileContext, tokens_of},
    knowledge::is_named,
    logging::{Logger, safety_of_logging},
};

const NAME: &str = "spawn_logged";
/// What else the helper names.
const WORDS: [&str; 4] = ["TaskOutput", "Send", "Ok", "Err"];

/// The helper of one crate.
pub struct SpawnHelper {
    root: FileId,
    text: String,
    is_there: bool,
}

impl SpawnHelper {
    /// The helper for a call, if the call can go through it; else why not.
    pub fn at(ctx: &FileContext<'_>, call: &Call<'_>) -> Result<SpawnHelper, String> {
        if call.api.path != "tokio::spawn" {
            return Err(format!(
                "`{NAME}` spawns on the current tokio runtime, which `{}` may not",
                call.api.path
            ));
        }
        let mut modules = ctx.sema.file_to_module_defs(ctx.file);
        let (Some(module), None) = (modules.next(), modules.next()) else {
            return Err(format!(
                "the file belongs to several crates, and `{NAME}` to one"
            ));
        };
        let krate = module.krate(ctx.db);
        let root = krate.root_file(ctx.db);
        let source = ctx.sema.parse_guess_edition(root);
        if safety_of_logging(ctx, source.syntax()).is_err() {
            return Err(format!(
                "the logger may be off where `{NAME}` would stand, in the root of the crate"
            ));
        }
        let scope = krate.root_module(ctx.db).scope(ctx.db, None);
        let means = |word: &str| scope.iter().find(|(name, _)| is_named(name, word));
        let text = helper(&Logger::at(ctx, source.syntax()), means("Result").is_some());
        let existing = means(NAME).map(|(_, existing)| *existing);
        if existing.is_none()
            && let Some(word) = WORDS.iter().find(|word| means(word).is_some())
        {
            return Err(format!(
                "`{word}` has a meaning of its own in the root of the crate"
            ));
        }
        let is_there = match existing {
            None => false,
            Some(ScopeDef::ModuleDef(ModuleDef::Function(function))) => {
                let ours = ctx.sema.source(function).is_some_and(|source| {
                    let wanted = ra_ap_syntax::SourceFile::parse(&text, krate.edition(ctx.db));
                    let wanted = wanted.tree().syntax().descendants().find_map(ast::Fn::cast);
                    wanted.is_some_and(|wanted| {
                        tokens_of(wanted.syntax()) == tokens_of(source.value.syntax())
                    })
                });
                if !ours {
                    return Err(format!("the crate has another `{NAME}`"));
                }
                true
            }
            Some(_) => return Err(format!("the crate has another `{NAME}`")),
        };
        Ok(SpawnHelper {
            root,
            text,
            is_there,
        })
    }

    /// The call through the helper; and the helper itself, if the crate has none yet.
    pub fn used(
        &self,
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        future: TextRange,
        name: &str,
    ) -> Change {
        let mut change = Change::default();
        let before = TextRange::new(call.range.start(), future.start());
        change.replace(ctx.file, before, format!("crate::{NAME}(\"{name}\", "));
        if !self.is_there {
            let source = ctx.sema.parse_guess_edition(self.root);
            let end = source.syntax().text_range().end();
            change.insert(self.root, end, format!("\n{}", self.text));
        }
        change
    }
}

fn helper(logger: &Logger, has_own_result: bool) -> String {
    let log = logger.path();
    let result = match has_own_result {
        true => "std::result::Result",
        false => "Result",
    };
    format!(
        "\
/// Spawns a task, and logs its error or panic.
pub(crate) fn {NAME}<F>(name: &'static str, task: F) -> tokio::task::JoinHandle<()>
where
    F: std::future::Future + Send + 'static,
    F::Output: TaskOutput + Send + 'static,
{{
    let task = tokio::spawn(task);
    tokio::spawn(async move {{
        match task.await {{
            Ok(output) => output.log(name),
            Err(error) if error.is_panic() => {log}!(\"{{name}} panicked: {{error}}\"),
            Err(_) => {{}}
        }}
    }})
}}

/// What a task that is spawned by `{NAME}` may end in.
pub(crate) trait TaskOutput {{
    /// Logs the error, if it is one.
    fn log(self, name: &'static str);
}}

impl TaskOutput for () {{
    fn log(self, _: &'static str) {{}}
}}

impl<T, E: std::fmt::Display> TaskOutput for {result}<T, E> {{
    fn log(self, name: &'static str) {{
        if let Err(error) = self {{
            {log}!(\"{{name}} failed: {{error:#}}\");
        }}
    }}
}}
"
    )
}
