//! Mutated real files on the whole way from their bytes to the diff: nothing panics or hangs, and
//! the laws hold that hold for fixtures.
//!
//! The same few cases run with all other tests. `UNPARK_FUZZ_SECONDS` goes on for so long,
//! with new ones (`UNPARK_FUZZ_SEED` names the first), and `UNPARK_FUZZ_SOURCES` adds the Rust
//! files of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs, io, panic,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::{
        Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use clap::ValueEnum as _;
use ignore::WalkBuilder;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner},
};
use unpark::{
    collect::{self, SyntaxVerdict},
    config,
    discover::{self, CandidateFile},
    limits,
    options::Options,
    outcome::{Defect, Outcome},
    report::{
        Palette, diff,
        format::{Format, Shown},
        invocation::Invocation,
    },
};
use unpark_codemods::{CATALOGUE, Codemod};

use crate::{
    fixtures,
    support::{
        fixture::Case,
        folder::write,
        laws::{self, Texts, law},
        mutate::{self, Mutation},
        stage::stage,
    },
};

/// Where the case that runs is kept, for when the process ends in the middle of it.
const CURRENT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/fuzz");

/// Cases of the short run, and of each part of a long one.
const CASES: u32 = 60;

/// The name of the threads that it runs on.
const NAME: &str = "fuzz";

/// What a long run came to.
#[derive(Default)]
struct Tally {
    cases: AtomicUsize,
    analysed: AtomicUsize,
    changed: AtomicUsize,
    upstream: Mutex<BTreeMap<String, usize>>,
}

#[derive(Debug, Clone)]
struct Input {
    case: Index,
    file: Index,
    from: Index,
    unsafe_fixes: bool,
    mutations: Vec<Mutation>,
}

fn input() -> impl Strategy<Value = Input> {
    let parts = (
        any::<Index>(),
        any::<Index>(),
        any::<Index>(),
        any::<bool>(),
        mutate::mutations(),
    );
    parts.prop_map(|(case, file, from, unsafe_fixes, mutations)| Input {
        case,
        file,
        from,
        unsafe_fixes,
        mutations,
    })
}

#[test]
fn mutated_files_end_well() {
    note_panics();
    let cases = cases();
    let tally = Tally::default();
    let seconds = env::var("UNPARK_FUZZ_SECONDS").ok();
    let long = seconds.map(|it| Duration::from_secs(it.parse().expect("a number of seconds")));
    let mut seed = match (env::var("UNPARK_FUZZ_SEED"), long) {
        (Ok(seed), _) => seed.parse().expect("a number"),
        (_, Some(_)) => now(),
        (_, None) => 0x756e_7061_726b,
    };
    let started = Instant::now();
    let mut failures = BTreeSet::new();
    loop {
        failures.extend(run(&cases, seed, &tally));
        seed += 1;
        if long.is_none_or(|long| started.elapsed() >= long) {
            break;
        }
    }
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (analysed, changed) = (count(&tally.analysed), count(&tally.changed));
    println!(
        "{} cases in {:.0} s, of which {analysed} were analysed and {changed} changed",
        count(&tally.cases),
        started.elapsed().as_secs_f64(),
    );
    for (place, times) in tally.upstream.into_inner().expect("no panic while held") {
        println!("rust-analyzer panicked {times} times: {place}");
    }
    let failures: Vec<String> = failures.into_iter().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(analysed > 0 && changed > 0, "nothing was reached");
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("the clock is right").as_secs() << 20
}

/// What failed, once it is as small as it gets.
fn run(cases: &[Case], seed: u64, tally: &Tally) -> Option<String> {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 300,
        ..Config::default()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .stack_size(limits::STACK)
        .thread_name(|_| NAME.to_owned())
        .build()
        .expect("a thread can be had");
    let result = pool.install(|| {
        TestRunner::new(config).run(&input(), |input| {
            tally.cases.fetch_add(1, Ordering::Relaxed);
            let (case, files) = mutated(cases, &input);
            let ended = ends_well(&case, &files, tally);
            ended.map_err(TestCaseError::fail)
        })
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(broken, input)) => {
            let (case, files) = mutated(cases, &input);
            let failure = format!("seed {seed}: {broken}\n{}\n{}", case.head, shown(&files));
            eprintln!("{failure}");
            Some(failure)
        }
        Err(TestError::Abort(reason)) => Some(reason.to_string()),
    }
}

fn shown(files: &Files) -> String {
    let shown = files
        .iter()
        .map(|(name, bytes)| format!("--- {name}\n{}", String::from_utf8_lossy(bytes)));
    shown.collect()
}

/// What is mutated: the fixtures, and the files of a folder, if one is given.
fn cases() -> Vec<Case> {
    let fixtures = fixtures::all().into_iter();
    let mut cases: Vec<Case> = fixtures.flat_map(|(_, _, cases)| cases).collect();
    // The diff of two packages does not apply in the folder of one.
    cases.retain(|case| case.before.keys().all(|name| !name.starts_with("../")));
    if let Some(folder) = env::var_os("UNPARK_FUZZ_SOURCES") {
        let files = WalkBuilder::new(folder).build().flatten();
        let rust = files.filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"));
        let texts = rust.filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            let words = ["spawn", "block_on"];
            (text.len() < 100_000 && words.iter().any(|word| text.contains(word))).then_some(text)
        });
        let sources: Vec<Case> = texts
            .map(|text| Case {
                before: BTreeMap::from([("src/lib.rs".to_owned(), text)]),
                ..Case::default()
            })
            .collect();
        // As many of the ones as of the others.
        cases = vec![cases.clone(); 1 + sources.len() / cases.len()].concat();
        cases.extend(sources);
    }
    cases
}

/// The bytes of files, by their path in the package.
type Files = BTreeMap<String, Vec<u8>>;

fn mutated(cases: &[Case], input: &Input) -> (Case, Files) {
    let mut case = input.case.get(cases).clone();
    case.options.unsafe_fixes |= input.unsafe_fixes;
    case.options.include_tests |= input.unsafe_fixes;
    let from: Vec<&String> = input.from.get(cases).before.values().collect();
    let from: &String = input.file.get::<&String>(&from);
    let before = case.before.iter();
    let mut files: Files = before
        .map(|(name, text)| (name.clone(), text.clone().into_bytes()))
        .collect();
    let names: Vec<String> = files.keys().cloned().collect();
    let file = files.get_mut(input.file.get(&names)).expect("it is one");
    for mutation in &input.mutations {
        mutation.apply(file, from);
    }
    (case, files)
}

fn ends_well(case: &Case, files: &Files, tally: &Tally) -> Result<(), String> {
    let folder = Path::new(CURRENT);
    fs::remove_dir_all(folder).ok();
    for (name, bytes) in files {
        write(&folder.join(name), bytes);
    }
    let outcome = look(case, files, tally)?;
    if outcome.files.is_empty() {
        return Ok(());
    }
    tally.changed.fetch_add(1, Ordering::Relaxed);
    let mut changed = files.clone();
    for file in &outcome.files {
        changed.insert(outcome.shown(&file.path), file.before.encode(&file.after));
    }
    is_patch(&outcome, files, &changed)?;
    let second = look(case, &changed, tally)?;
    law(second.files.is_empty(), "a second run changes something")
}

/// A whole look at files, and the laws that hold for what it comes to.
fn look(case: &Case, files: &Files, tally: &Tally) -> Result<Outcome, String> {
    let mut stage = stage();
    stage.options = Options {
        give_up: Some(give_up),
        ..Options::default()
    };
    let texts: Texts = files
        .iter()
        .map(|(name, bytes)| (name.clone(), loaded(bytes)))
        .collect();
    // Those that run only where they are named, too.
    let mut case = case.clone();
    case.options.also.extend(named_only());
    let case = &case;
    let selection = stage.selected(case);
    let found = found(case, &stage.folder(case), files, &selection)?;
    let by_syntax = by_syntax(&found, &selection);
    if !found.is_empty() {
        tally.analysed.fetch_add(1, Ordering::Relaxed);
    }
    PANICS.lock().expect("no panic while held").clear();
    let outcome = stage.perform(case, &texts, found, &BTreeMap::new());
    for place in PANICS.lock().expect("no panic while held").drain(..) {
        law(!is_ours(&place), &format!("a panic: {place}"))?;
        let mut upstream = tally.upstream.lock().expect("no panic while held");
        *upstream.entry(place).or_default() += 1;
    }
    let late = outcome
        .skipped
        .iter()
        .find(|it| it.reason.contains("took longer"));
    law(late.is_none(), &format!("a hang: {late:?}"))?;
    laws::hold(&texts, &outcome)?;
    for outcome in [&outcome, &by_syntax] {
        reports(outcome).map_err(|error| error.to_string())?;
    }
    Ok(outcome)
}

fn named_only() -> impl Iterator<Item = String> {
    let named = CATALOGUE.iter().filter(|codemod| codemod.opt_in);
    named.map(|codemod| codemod.name.to_owned())
}

/// What discovery makes of the files, as if they stood on the stage.
fn found(
    case: &Case,
    stage: &Path,
    files: &Files,
    selection: &[&Codemod],
) -> Result<Vec<CandidateFile>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (name, bytes) in files {
        write(&folder.path().join(name), bytes);
    }
    let knowledge = config::Config::default().knowledge();
    let paths = [folder.path().to_owned()];
    let found = discover::discover(&paths, selection, &knowledge, 1);
    let found = found.map_err(|error| format!("{}: {error:#}", case.title()))?;
    let on_stage = |file: CandidateFile| {
        let name = file.path.strip_prefix(folder.path()).expect("it is below");
        CandidateFile {
            path: stage.join(name),
            ..file
        }
    };
    Ok(found.candidates.into_iter().map(on_stage).collect())
}

/// What a load leaves of a file.
fn loaded(bytes: &[u8]) -> String {
    let text = str::from_utf8(bytes).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match limits::of_text(text) {
        Some(_) => String::new(),
        None => text.to_owned(),
    }
}

fn by_syntax(found: &[CandidateFile], selection: &[&'static Codemod]) -> Outcome {
    let mut outcome = Outcome::default();
    for file in found {
        collect::by_syntax(&mut outcome, file, selection, &SyntaxVerdict::Manual);
    }
    collect::finish(&mut outcome);
    outcome
}

fn reports(outcome: &Outcome) -> io::Result<()> {
    let invocation = Invocation {
        program: "unpark",
        command: Vec::new(),
        options: Options::default(),
        here: PathBuf::from("/"),
    };
    let shown = Shown {
        outcome,
        success: true,
        verbose: true,
        invocation: &invocation,
    };
    let mut formats = Format::value_variants().iter();
    formats.try_for_each(|format| format.write(shown, Palette::new(true), &mut io::sink()))
}

/// git makes of the old files and the diff what the run says.
fn is_patch(outcome: &Outcome, files: &Files, changed: &Files) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = folder.path();
    for (name, bytes) in files {
        write(&folder.join(name), bytes);
    }
    let mut patch = Vec::new();
    diff::write(outcome, Palette::default(), &mut patch).expect("a vector takes all");
    let file = folder.join("it.diff");
    write(&file, &patch);
    let git = Command::new("git")
        .args(["apply", "--whitespace=nowarn", "it.diff"])
        .current_dir(folder)
        .env(
            "GIT_CEILING_DIRECTORIES",
            folder.parent().expect("it has one"),
        )
        .output()
        .expect("git is there");
    law(git.status.success(), &format!("git: {git:?}"))?;
    for (name, bytes) in changed {
        let patched = fs::read(folder.join(name)).map_err(|error| error.to_string())?;
        law(patched == *bytes, "the patch makes something else")?;
    }
    Ok(())
}

/// The places of panics, with what they say.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps what threads of this test panic with, for itself.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(NAME) => {
                let mut panics = PANICS.lock().expect("no panic while held");
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                let message = info.payload_as_str().unwrap_or_default();
                panics.push(format!("{place}: {message}"));
            }
            _ => loud(info),
        }));
    });
}

/// Whether a panic is one of unpark, and not of the crates that it is built on: those are caught.
fn is_ours(place: &str) -> bool {
    !place.contains("/ra_ap_") && !place.contains("/salsa-")
}

fn give_up(defect: &Defect) -> ! {
    eprintln!("a hang, with what is in {CURRENT}: {}", defect.message);
    process::abort()
}
