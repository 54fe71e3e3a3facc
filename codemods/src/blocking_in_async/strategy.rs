//! What is to be done about a blocking call, by what it waits for, and what a person is told.

use std::collections::BTreeMap;

use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    analysis::{
        blocking_calls::BlockingCall, closures::Around, runtime_of::is_entry, to_thread::Pool,
    },
    context::{Enclosing, FileContext},
    knowledge::{BlockingKind, Blocks, InAsync},
    settings::Fs,
    syntax::is_repeated,
    workspace::WorkspaceContext,
};

/// How many calls of the file system may be awaited one by one.
const FEW: usize = 2;

/// Whether a call is looked for in functions that are not async as well: one that waits for long.
pub fn is_followed(kind: BlockingKind) -> bool {
    match kind {
        BlockingKind::Sleep
        | BlockingKind::Process
        | BlockingKind::Net
        | BlockingKind::Http
        | BlockingKind::Channel => true,
        BlockingKind::Stated => true,
        BlockingKind::Fs
        | BlockingKind::Database
        | BlockingKind::Sync
        | BlockingKind::Stdin
        | BlockingKind::Computes(_) => false,
    }
}

/// What a call does to async code, one sentence without a full stop.
pub fn stops(blocks: &Blocks<'_>) -> String {
    let path = blocks.path;
    if blocks.in_async == InAsync::Panics {
        return format!("`{path}` panics on an async thread");
    }
    let until = match blocks.kind {
        BlockingKind::Sleep => "while it sleeps",
        BlockingKind::Fs => "until the file system has answered",
        BlockingKind::Process => "until the process ends",
        BlockingKind::Net => "until the other side answers",
        BlockingKind::Http => "until the server answers",
        BlockingKind::Database => "until the database answers",
        BlockingKind::Sync => "until another thread lets it go on",
        BlockingKind::Channel => "until there is a message, or room for one",
        BlockingKind::Stdin => "until somebody types",
        BlockingKind::Stated => {
            return format!("`{path}` stops this async thread, unpark.toml says");
        }
        BlockingKind::Computes(_) => "until it has computed",
    };
    format!("`{path}` stops this async thread {until}")
}

/// Whether some runtime has an equivalent.
pub fn has_any(ctx: &FileContext<'_>, path: &str) -> bool {
    let mut rows = ctx.known.knowledge.equivalents.iter();
    rows.any(|row| row.of == path)
}

/// The calls of a file that wait for the file system, but for cheap ones.
pub struct Files {
    calls: Vec<FileCall>,
}

struct FileCall {
    range: TextRange,
    /// The body around it.
    body: SyntaxNode,
    /// The innermost block around it.
    block: Option<SyntaxNode>,
}

/// Several calls of the file system that belong into one offload.
pub struct Crowd {
    /// Why.
    pub because: String,
    /// The places of the others.
    pub others: Vec<TextRange>,
}

impl Files {
    /// Those among these.
    pub fn of(calls: &[(BlockingCall<'_>, Around)]) -> Files {
        let files = calls
            .iter()
            .filter(|(call, _)| call.blocks.kind == BlockingKind::Fs && !is_cheap(call));
        let files = files.filter_map(|(call, around)| {
            let mut outer = call.expr.syntax().ancestors();
            Some(FileCall {
                range: call.range,
                body: around.enclosing.body()?,
                block: outer.find(|it| ast::StmtList::can_cast(it.kind())),
            })
        });
        Files {
            calls: files.collect(),
        }
    }

    /// Why a call is left as it is, if it is one that waits for the file system.
    pub fn quiet(
        &self,
        ctx: &FileContext<'_>,
        call: &BlockingCall<'_>,
        code: &Enclosing,
    ) -> Option<&'static str> {
        if call.blocks.kind != BlockingKind::Fs {
            return None;
        }
        let in_entry = match code {
            Enclosing::AsyncFn(function) => is_entry(ctx, function),
            _ => false,
        };
        match ctx.settings.blocking_in_async.fs {
            Fs::Keep => Some("calls of the file system (--fs keep)"),
            Fs::Auto if is_cheap(call) => Some("cheap calls of the file system"),
            Fs::Auto if in_entry => Some("calls of the file system in the program's entry"),
            Fs::Auto | Fs::Offload => {
                let crowd = self.beside(call);
                let later = crowd.first().is_some_and(|first| *first != call.range);
                let one_by_one = ctx.settings.blocking_in_async.fs == Fs::Auto
                    && crowd.len() <= FEW
                    && !self.is_repeated(call);
                (later && !one_by_one).then_some("calls of the file system beside a finding")
            }
            Fs::Tokio => None,
        }
    }

    /// Why a call should not be awaited by itself.
    pub fn crowd(&self, ctx: &FileContext<'_>, call: &BlockingCall<'_>) -> Option<Crowd> {
        if call.blocks.kind != BlockingKind::Fs {
            return None;
        }
        let beside = self.beside(call);
        let because = match ctx.settings.blocking_in_async.fs {
            Fs::Offload => "an offload was asked for".to_owned(),
            Fs::Auto if self.is_repeated(call) => {
                "each time around, it would take a thread of the pool".to_owned()
            }
            Fs::Auto if beside.len() > FEW => format!(
                "it is one of {} calls here, and each would take a thread of the pool",
                beside.len()
            ),
            _ => return None,
        };
        let others = beside.into_iter().filter(|it| *it != call.range);
        Some(Crowd {
            because,
            others: others.collect(),
        })
    }

    fn find(&self, call: &BlockingCall<'_>) -> Option<&FileCall> {
        self.calls.iter().find(|it| it.range == call.range)
    }

    /// The calls in the same block, in the order of the file, this one among them.
    fn beside(&self, call: &BlockingCall<'_>) -> Vec<TextRange> {
        let Some(own) = self.find(call) else {
            return Vec::new();
        };
        let same = |it: &&FileCall| it.body == own.body && it.block == own.block;
        self.calls.iter().filter(same).map(|it| it.range).collect()
    }

    fn is_repeated(&self, call: &BlockingCall<'_>) -> bool {
        let own = self.find(call);
        own.is_some_and(|own| is_repeated(call.expr.syntax(), &own.body))
    }
}

/// Whether a call of the file system asks the disk for nothing, or for next to nothing.
fn is_cheap(call: &BlockingCall<'_>) -> bool {
    let ast::Expr::CallExpr(plain) = &call.expr else {
        return call.blocks.is_cheap;
    };
    let path = plain.arg_list().and_then(|list| list.args().next());
    // What the kernel makes up is in memory.
    let in_memory = path.is_some_and(|path| {
        let text = path.syntax().text().to_string();
        let text = text.trim_start_matches(['&', '"']);
        ["/proc/", "/sys/", "/dev/"]
            .iter()
            .any(|it| text.starts_with(it))
    });
    call.blocks.is_cheap || in_memory
}

/// What a person is told to do in code of a runtime.
pub struct Advice<'a, 'b> {
    /// Where a call may stop its thread there.
    pub pool: Pool<'a, 'b>,
}

impl Advice<'_, '_> {
    /// One closure for several calls.
    pub fn together(&self, crowd: &Crowd) -> String {
        let because = &crowd.because;
        match (crowd.others.as_slice(), self.pool.path()) {
            ([], _) => format!("{because}: {}", self.pool.advice()),
            (_, Some(path)) => {
                format!("{because}: put them into one `{path}(move || ..)`, and await that")
            }
            (_, None) => format!("{because}: put them together where the runtime lets code block"),
        }
    }

    /// Another type.
    pub fn other_type(&self, path: &str) -> String {
        let offload = self.pool.advice();
        format!(
            "await `{path}`, whose type is another, so that each use of it changes; or {offload}"
        )
    }
}

/// What may drive futures and can't drive those of tokio's timer and its input and output, which panic
/// there: one sentence without a full stop for each package that has such a thing.
pub fn bare_runtimes(ws: &WorkspaceContext<'_>) -> BTreeMap<String, String> {
    let builders = ["new_multi_thread", "new_current_thread"];
    let executors = ["pollster", "futures_executor", "executor", "futures_lite"];
    let words = builders.iter().chain(&executors);
    let words: FxHashSet<String> = words.map(|&it| it.to_owned()).collect();
    let mut bare = BTreeMap::new();
    for file in ws.members.mentioning(&words) {
        let text = ws.members.text(file.file);
        let enabled = ["enable_all", "enable_time", "enable_io"];
        let is_enabled = enabled.iter().any(|it| text.contains(it));
        let built = builders.iter().find_map(|it| text.find(it));
        let drives = text.find("block_on").or_else(|| text.find("LocalPool"));
        let drives = drives.filter(|_| executors.iter().any(|it| text.contains(it)));
        let (what, at) = match (built.filter(|_| !is_enabled), drives) {
            (Some(at), _) => ("a runtime is built without `enable_all`", at),
            (None, Some(at)) => ("an executor without a reactor drives futures", at),
            (None, None) => continue,
        };
        let place = ws.members.place(file.file, at);
        bare.entry(file.package)
            .or_insert_with(|| format!("{what} at {place}"));
    }
    bare
}
