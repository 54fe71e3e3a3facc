//! Puts a call that computes for long where the runtime lets a thread be busy.
//!
//! # What it does
//! Finds calls in async functions, blocks and closures that compute for milliseconds on ordinary input,
//! as the tables know them: the hashing of passwords, the making of RSA keys, compression, archives,
//! images, parsers and compilers, and what waits for the threads of rayon. Functions of your own are
//! named under `[[cpu-bound]]` in `unpark.toml`.
//!
//! Such a call goes into a closure of its own (`spawn_blocking`, `unblock`), which is awaited. A panic
//! in it goes on where it does now. The closure takes along what nobody needs afterwards; of an `Arc` or
//! a `Bytes` it gets a clone, and of a number a copy; of a password, which is short, one too. Where the value of the call borrows from what it
//! was given, the methods behind the call that make it owned go with it: `hash_password(..)?.to_string()`
//! as a whole. So does the chain around a closure that is called there and then, and a chain of rayon's:
//! a thread of the pool waits for it, as `rayon::spawn` would end the program where the closure panics.
//!
//! Where a function that is not async makes such a call, and async code comes to it through others, the
//! calls between are shown, and a person has to choose. Named under `[[cpu-bound]]`, one of them is
//! offloaded where it is called.
//!
//! A regular expression that is compiled in a loop, always the same one, is found too: it is compiled
//! once by hand, for that is no work for another thread.
//!
//! No finding is a call on a literal, which is a handful of bytes; one in the program's entry, for
//! nothing waits for it yet; and one in a closure that runs elsewhere. How large other input is can't be
//! seen: what is small for sure is named under `[[cheap]]`.
//!
//! # Why is this bad
//! An async thread serves many tasks, each for some microseconds at a time. While one of them computes
//! for longer, none of the others goes on: timeouts come late, connections break, and the server is
//! slow for everybody while it is hardly busy.
//!
//! # Before
//! ```rust
//! pub fn register(name: String, password: String) {
//!     tokio::spawn(async move {
//!         let hash = bcrypt::hash(password, 12).unwrap();
//!         store(name, hash).await;
//!     });
//! }
//!
//! async fn store(_name: String, _hash: String) {}
//! ```
//!
//! # After
//! ```rust
//! pub fn register(name: String, password: String) {
//!     tokio::spawn(async move {
//!         let hash = tokio::task::spawn_blocking(move || bcrypt::hash(password, 12))
//!             .await
//!             .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())).unwrap();
//!         store(name, hash).await;
//!     });
//! }
//!
//! async fn store(_name: String, _hash: String) {}
//! ```
//!
//! # When it refuses
//! - The package depends on several runtimes, or on none, and nothing near says which one drives the
//!   code (R1).
//! - The manifest does not ask for the package or the feature that an offload takes (R6). With
//!   `--fix-manifests` the feature of a package that is there is a part of the change.
//! - A guard, or another value that is not `Send`, would be held while it waits (R9).
//! - Left to a person, with the reason: what is borrowed, used again, of a type that a caller chooses, or
//!   not known to be `Send`; what ends where somebody can see it; a call with a `?`, a `.await` or a macro
//!   in it; a comment says why the call is there.
//!
//! # Safety
//! Unsafe: the work goes to another thread, and the code waits in its place, so that other tasks run
//! meanwhile, and a `select!`, a `timeout` or an `abort` around it may drop it there.

use ra_ap_hir::PathResolution;
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList},
};

use crate::{
    analysis::{
        blocking_calls::{BlockingCall, blocking_calls},
        call_chains::{InFile, Seed, in_files, short_path},
        closures::Around,
        functions::{Definition, definition},
        held::made_beside,
        in_place::{Rewritten, Trust, cancellation, goes_elsewhere, held},
        runtime_of::{Driver, driver_of, is_entry, unknown_runtime},
        surroundings::comment_about,
        taken_along::Copies,
        to_thread::{Pool, offloaded},
        waits::waits_in,
    },
    codemod::{Codemod, Effect, Finding, Findings, Note, Pass, Safety, Verdict},
    context::{Enclosing, FileContext},
    knowledge::{BlockingFilter, BlockingKind, Blocks, Work},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "cpu-bound-in-async",
    summary: "a call that computes for long on an async thread",
    title: Some("Compute where a thread may be busy"),
    docs: include_str!("cpu_bound_in_async.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |knowledge| {
        let words = knowledge.blocking_words.iter();
        let words = words.filter(|word| computes(word.kind));
        words.map(|word| word.hint().to_owned()).collect()
    },
    tokens: |tokens| tokens.name_what_computes(),
    candidates: |outline, knowledge| outline.blocking_calls(knowledge, FILTER),
    pass: Pass::Workspace(pass),
};

const IN_CLOSURES: &str = "heavy calls in closures that run elsewhere";
const IN_SYNC: &str = "heavy calls in functions that are not async";
const IN_STATED: &str = "heavy calls in functions that unpark.toml names";
const IN_ENTRY: &str = "heavy calls in the program's entry";
const OWN_THREAD: &str = "heavy calls in async code that has a thread of its own";
const CHEAP: &str = "calls that unpark.toml says are cheap";
const OF_LITERALS: &str = "heavy calls on literals";
const COMPILED_ONCE: &str = "patterns that are not compiled again and again";

fn computes(kind: BlockingKind) -> bool {
    kind.work().is_some()
}

/// Whether a call is looked for in functions that are not async as well.
fn is_followed(kind: BlockingKind) -> bool {
    kind.work().is_some_and(|work| work != Work::Pattern)
}

const FILTER: BlockingFilter = BlockingFilter {
    kinds: computes,
    anywhere: is_followed,
};

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    in_files(ws, &CODEMOD, IN_SYNC, in_file, findings);
}

fn in_file(ctx: &FileContext<'_>) -> InFile {
    let InFile {
        mut found,
        mut inside,
    } = InFile::default();
    for call in blocking_calls(ctx, FILTER, &mut found) {
        let Some(work) = call.blocks.kind.work() else {
            continue;
        };
        let Some(around) = Around::of(ctx, call.expr.syntax()) else {
            continue;
        };
        let Some(body) = around.enclosing.body() else {
            found.quiet(IN_CLOSURES);
            continue;
        };
        let driver = driver_of(ctx, &around.enclosing);
        let site = Site {
            ctx,
            call: &call,
            work,
            around: &around,
            body,
            driver,
        };
        if let Some(reason) = site.quiet() {
            found.quiet(reason);
            continue;
        }
        if let Enclosing::SyncFn(function) = &around.enclosing {
            match Seed::new(ctx, &call, function, message(work, &call.blocks)) {
                Some(seed) => inside.push(seed),
                None => found.quiet(IN_SYNC),
            }
            continue;
        }
        let mut why = Vec::new();
        let verdict = site.verdict(&mut why);
        found.items.push(Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message: message(work, &call.blocks),
            why,
            conversion: None,
            verdict,
        });
    }
    InFile { found, inside }
}

/// What is wrong, one sentence without a full stop.
fn message(work: Work, blocks: &Blocks<'_>) -> String {
    let path = blocks.path;
    let does = match work {
        Work::Password => "computes on this async thread, and is slow on purpose",
        Work::Key => "looks for primes on this async thread",
        Work::Compression => "packs or unpacks its input on this async thread",
        Work::Archive => "packs or unpacks files on this async thread",
        Work::Image => "goes over all pixels on this async thread",
        Work::ImageFile => "goes over all pixels of a file on this async thread",
        Work::Parsing => "parses a whole file on this async thread",
        Work::Compiling => "compiles a program on this async thread",
        Work::Parallel => "stops this async thread until the threads of rayon are done",
        Work::Pattern => "compiles the same pattern again each time around the loop",
        Work::Stated => {
            let reason = blocks.reason.map(|it| format!(": {it}"));
            let reason = reason.unwrap_or_default();
            return format!(
                "`{path}` computes for long on this async thread, unpark.toml says{reason}"
            );
        }
    };
    format!("`{path}` {does}")
}

/// A heavy call.
struct Site<'a, 'b> {
    ctx: &'b FileContext<'a>,
    call: &'b BlockingCall<'a>,
    work: Work,
    around: &'b Around,
    /// The function, block or closure around it.
    body: SyntaxNode,
    driver: Driver,
}

impl Site<'_, '_> {
    /// Why the call is fine where it is, or is none of ours.
    fn quiet(&self) -> Option<&'static str> {
        let ctx = self.ctx;
        if self.call.is_cheap {
            return Some(CHEAP);
        }
        if self.work == Work::Pattern && !self.is_same_each_time() {
            return Some(COMPILED_ONCE);
        }
        if self.work.takes_bytes() && is_of_literal(&self.call.expr) {
            return Some(OF_LITERALS);
        }
        match &self.around.enclosing {
            Enclosing::SyncFn(_) if self.work == Work::Pattern => Some(IN_SYNC),
            Enclosing::SyncFn(function) => {
                let function = ctx.sema.to_fn_def(function);
                let is_named =
                    |it| ctx.known.is_cheap(it) || ctx.known.blocks(ctx.db, it).is_some();
                function.is_some_and(is_named).then_some(IN_STATED)
            }
            Enclosing::Closure(_) => Some(IN_CLOSURES),
            Enclosing::AsyncFn(function) if is_entry(ctx, function) => Some(IN_ENTRY),
            _ => (self.driver == Driver::OwnThread).then_some(OWN_THREAD),
        }
    }

    /// Whether the call stands in a loop, and does the same in each round.
    fn is_same_each_time(&self) -> bool {
        let node = self.call.expr.syntax();
        let around = node.ancestors().skip(1);
        let around = around.take_while(|it| *it != self.body);
        let mut loops = around.filter(|it| {
            ast::ForExpr::can_cast(it.kind())
                || ast::WhileExpr::can_cast(it.kind())
                || ast::LoopExpr::can_cast(it.kind())
        });
        let Some(innermost) = loops.next() else {
            return false;
        };
        let mut paths = node.descendants().filter_map(ast::Path::cast);
        paths.all(|path| match self.ctx.sema.resolve_path(&path) {
            Some(PathResolution::Local(local)) => {
                let declared = local.primary_source(self.ctx.db);
                let range = declared.syntax().text_range();
                !local.is_mut(self.ctx.db) && !innermost.text_range().contains_range(range)
            }
            Some(_) => true,
            None => false,
        }) && !node
            .descendants()
            .any(|it| ast::MacroCall::can_cast(it.kind()))
    }

    /// The one place where it is decided; each refusal says why.
    fn verdict(&self, why: &mut Vec<Note>) -> Verdict {
        let (ctx, path) = (self.ctx, self.call.blocks.path);
        let node = self.call.expr.syntax();
        let until = self.call.range.start();
        if let Some(advice) = comment_about(ctx, node, short_path(path), until) {
            return Verdict::Manual(advice);
        }
        if self.work == Work::Pattern {
            let advice = "compile it once, before the loop or in a `static` with `LazyLock`";
            return Verdict::Manual(advice.to_owned());
        }
        let family = match &self.driver {
            Driver::Family(family) => family.as_str(),
            Driver::OwnThread => return Verdict::Refused(unknown_runtime(&[])),
            Driver::Unknown(families) => return Verdict::Refused(unknown_runtime(families)),
        };
        let pool = Pool {
            ctx,
            family: Some(family),
        };
        let Some(row) = pool.row() else {
            return Verdict::Manual(self.advice(&pool));
        };
        let whole = self.whole();
        let copies = match self.work {
            Work::Password => Copies::Texts,
            _ => Copies::Cheap,
        };
        let rewritten = match offloaded(ctx, &whole, row, copies) {
            Ok(rewritten) => rewritten,
            Err(refusal) if refusal.kind != RefusalKind::R5 => return Verdict::Refused(refusal),
            Err(refusal) => {
                why.push(Note::new(refusal.message));
                return Verdict::Manual(self.advice(&pool));
            }
        };
        if self.is_all_that_waits() {
            why.push(Note::new(
                "nothing else here waits: a function that is not async would leave it to its callers on \
                 which thread it computes",
            ));
        }
        let mut trust = Trust::default();
        if let Err(refusal) = self.may_wait(&whole, &mut trust, why) {
            return Verdict::Refused(refusal);
        }
        self.rewrite(&whole, &rewritten, trust, why)
    }

    fn rewrite(
        &self,
        whole: &ast::Expr,
        rewritten: &Rewritten,
        mut trust: Trust,
        why: &mut Vec<Note>,
    ) -> Verdict {
        let ctx = self.ctx;
        let (mut change, _) = rewritten.written.clone().change(ctx);
        rewritten.complete(ctx, &mut change);
        let mut effects = Vec::new();
        if let Some(cancelled) = cancellation(ctx, whole.syntax()) {
            why.push(cancelled);
            effects.push(Effect::Cancellation);
        }
        effects.push(goes_elsewhere(&mut trust, why));
        Verdict::Rewrite {
            safety: trust.safety(),
            change,
            effects,
        }
    }

    /// Whether the offload will be all that a public function of a library is async for.
    fn is_all_that_waits(&self) -> bool {
        let Enclosing::AsyncFn(function) = &self.around.enclosing else {
            return false;
        };
        let definition = definition(self.ctx, function);
        let may_change = |it: Definition| it.public && it.in_trait.is_none() && !it.uncalled;
        definition.is_some_and(may_change) && waits_in(self.ctx, function.syntax()).is_empty()
    }

    /// What goes to another thread as a whole: the call, or what calls the closure around it.
    fn whole(&self) -> ast::Expr {
        let outermost = self.around.closures.last();
        outermost.map_or_else(|| self.call.expr.clone(), |it| it.called.site.clone())
    }

    /// Whether an `.await` may stand in its place.
    fn may_wait(
        &self,
        whole: &ast::Expr,
        trust: &mut Trust,
        why: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
        let beside = made_beside(self.ctx, whole);
        let refusal = beside
            .iter()
            .find_map(|it| it.refusal())
            .or_else(|| held(self.ctx, whole.syntax(), &self.body, trust, why));
        refusal.map_or(Ok(()), Err)
    }

    /// What a person does.
    fn advice(&self, pool: &Pool<'_, '_>) -> String {
        let advice = pool.advice();
        match self.work {
            Work::Parallel => format!(
                "{advice}; or hand it to `rayon::spawn`, with a `oneshot` channel for its value, where \
                 it can't panic"
            ),
            _ => advice,
        }
    }
}

/// Whether what a function is given is written out in the call: a handful of bytes.
fn is_of_literal(call: &ast::Expr) -> bool {
    let ast::Expr::CallExpr(call) = call else {
        return false;
    };
    let first = call.arg_list().and_then(|list| list.args().next());
    first.is_some_and(|it| is_literal(it.syntax()))
}

fn is_literal(node: &SyntaxNode) -> bool {
    let mut tokens = node.descendants().filter_map(ast::Expr::cast);
    let plain = |it: ast::Expr| {
        matches!(
            it,
            ast::Expr::Literal(_)
                | ast::Expr::RefExpr(_)
                | ast::Expr::ArrayExpr(_)
                | ast::Expr::IndexExpr(_)
                | ast::Expr::RangeExpr(_)
                | ast::Expr::ParenExpr(_)
        )
    };
    tokens.all(plain)
}
