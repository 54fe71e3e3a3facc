//! Fixtures: cases in Markdown, each with its files before, after, and what is said about them.
//!
//! A case starts with a heading of the first level. A line `options: ..` after it sets words of
//! [`Options`]. Blocks of Rust before the first heading of the second level are the files as they
//! are, those of another package as `../NAME/src/lib.rs`, and one of TOML is its unpark.toml; below `## after` they are the files that changed, and below `## findings` stands a line
//! for each finding. `UPDATE=1` writes the last two.

use std::{collections::BTreeMap, fmt::Write as _, num::NonZeroUsize};

use unpark_codemods::settings::Fs;

/// One case of a fixture file.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// The heading, and what stands before the first block.
    pub head: String,
    /// See [`Options`].
    pub options: Options,
    /// What stands in unpark.toml: a block of that name.
    pub config: String,
    /// The files, by path.
    pub before: BTreeMap<String, String>,
    /// The files that change, by path.
    pub after: BTreeMap<String, String>,
    /// A line for each finding.
    pub findings: String,
}

/// What a case may ask for.
#[derive(Debug, Clone)]
pub struct Options {
    /// `package=NAME`: the package of the stage that it plays in.
    pub package: String,
    /// `unsafe-fixes`
    pub unsafe_fixes: bool,
    /// `include-tests`
    pub include_tests: bool,
    /// `keep-sync-api`
    pub keep_sync_api: bool,
    /// `root=PATH`
    pub root: Option<String>,
    /// `max-functions=N`
    pub max_functions: Option<NonZeroUsize>,
    /// `fs=HOW`
    pub fs: Option<Fs>,
    /// The codemod that it is a case of, if it is one of a fixture.
    pub own: String,
    /// `also=NAME`: other codemods that may fire.
    pub also: Vec<String>,
    /// `uncompiled`: the compiler is not asked, because the code names what the stage lacks.
    pub uncompiled: bool,
    /// `config=KEY=VALUE`: a line of the codemod's own table in unpark.toml.
    pub config: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            package: "with-tracing".to_owned(),
            unsafe_fixes: false,
            include_tests: false,
            keep_sync_api: false,
            root: None,
            max_functions: None,
            fs: None,
            own: String::new(),
            also: Vec::new(),
            uncompiled: false,
            config: Vec::new(),
        }
    }
}

impl Options {
    /// Whether a codemod is this case's own, or may fire beside it.
    pub fn looks_at(&self, codemod: &str) -> bool {
        self.own == codemod || self.also.iter().any(|also| also == codemod)
    }

    fn parse(line: &str) -> Options {
        let mut options = Options::default();
        for word in line.split_whitespace() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("package", name) => options.package = name.to_owned(),
                ("root", path) => options.root = Some(path.to_owned()),
                ("max-functions", most) => {
                    options.max_functions = Some(most.parse().expect("a number"));
                }
                ("fs", how) => {
                    let how = [Fs::Auto, Fs::Tokio, Fs::Offload, Fs::Keep]
                        .into_iter()
                        .find(|it| it.name() == how);
                    options.fs = Some(how.expect("a way to deal with files"));
                }
                ("also", name) => options.also.push(name.to_owned()),
                ("config", line) => options.config.push(line.to_owned()),
                ("unsafe-fixes", "") => options.unsafe_fixes = true,
                ("keep-sync-api", "") => options.keep_sync_api = true,
                ("include-tests", "") => options.include_tests = true,
                ("uncompiled", "") => options.uncompiled = true,
                _ => panic!("unknown option `{word}` in a fixture"),
            }
        }
        options
    }
}

impl Case {
    /// The title, for messages.
    pub fn title(&self) -> &str {
        self.head
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("# ")
    }
}

/// Reads a fixture file.
pub fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("# ") {
            cases.push(Case {
                head: format!("{line}\n"),
                ..Case::default()
            });
            section.clear();
            continue;
        }
        let case = cases.last_mut().expect("a fixture starts with a heading");
        if let Some(name) = line.strip_prefix("## ") {
            section = name.to_owned();
        } else if let Some(info) = line.strip_prefix("```") {
            let mut block = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                block.push_str(line);
                block.push('\n');
            }
            let path = info
                .split_whitespace()
                .nth(1)
                .unwrap_or("src/lib.rs")
                .to_owned();
            match section.as_str() {
                "" if path == "unpark.toml" => case.config = block,
                "" => drop(case.before.insert(path, block)),
                "after" => drop(case.after.insert(path, block)),
                "findings" => case.findings = block,
                other => panic!("unknown section `{other}` in a fixture"),
            }
        } else if section.is_empty() && case.before.is_empty() && case.config.is_empty() {
            if let Some(options) = line.strip_prefix("options: ") {
                case.options = Options::parse(options);
            }
            writeln!(case.head, "{line}").expect("writing to a string");
        }
    }
    cases
}

/// Writes a fixture file.
pub fn print(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(case.head.trim_end());
        text.push('\n');
        if !case.config.is_empty() {
            write!(text, "\n```toml unpark.toml\n{}```\n", case.config).expect("a string");
        }
        print_blocks(&mut text, &case.before);
        if !case.after.is_empty() {
            text.push_str("\n## after\n");
            print_blocks(&mut text, &case.after);
        }
        write!(text, "\n## findings\n\n```text\n{}```\n", case.findings).expect("a string");
    }
    text
}

fn print_blocks(text: &mut String, blocks: &BTreeMap<String, String>) {
    for (path, block) in blocks {
        write!(text, "\n```rust {path}\n{block}```\n").expect("writing to a string");
    }
}
