//! Small cargo projects in a folder of their own, and the program run over them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder that is gone when it is dropped.
pub struct Project {
    folder: TempDir,
}

/// What a run came to.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output, byte for byte.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The lines of `--message-format json`.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let text = self.text();
        text.lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}

impl Project {
    /// A folder with these files and nothing else.
    pub fn bare(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let project = Project { folder };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// A package that depends on a stand-in for tokio.
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project::bare(files);
        let standin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins/tokio");
        project.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
                 [dependencies]\ntokio = {{ path = {standin:?} }}\n\n[workspace]\n"
            ),
        );
        project
    }

    /// Its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Another project with the same files.
    pub fn copy(&self) -> Project {
        let other = Project::bare(&[]);
        copy(self.folder.path(), other.folder.path());
        other
    }

    /// Runs the program in the folder.
    pub fn unpark(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// The program in the folder, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = unpark("unpark");
        command.current_dir(self.folder.path()).args(args);
        command
    }

    /// Runs another program in the folder, which has to succeed.
    pub fn other(&self, program: &str, args: &[&str], stdin: &Path) {
        let output = Command::new(program)
            .args(args)
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(fs::File::open(stdin).unwrap())
            .output()
            .unwrap();
        let (out, err) = (&output.stdout, &output.stderr);
        assert!(
            output.status.success(),
            "{program} {args:?}: {}{}",
            String::from_utf8_lossy(out),
            String::from_utf8_lossy(err)
        );
    }

    /// Makes a git repository of it, with everything committed.
    pub fn commit_all(&self) {
        for args in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &[
                "-c",
                "user.name=n",
                "-c",
                "user.email=e@example.org",
                "commit",
                "--quiet",
                "-m",
                "all",
            ],
        ] {
            self.other("git", args, Path::new("/dev/null"));
        }
    }

    /// A command, what it printed, and its exit code, as a person would see it.
    pub fn transcript(&self, args: &[&str]) -> String {
        self.shown(args, &self.unpark(args))
    }

    /// A run as a person would see it.
    pub fn shown(&self, args: &[&str], ran: &Ran) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        let text = format!(
            "$ unpark {}\n{}{}{}[exit code {}]\n\n",
            args.join(" "),
            ran.text(),
            if ran.stderr.is_empty() {
                ""
            } else {
                "[stderr]\n"
            },
            ran.stderr,
            ran.code
        );
        text.replace(&folder.display().to_string(), "/project")
    }
}

/// One of our programs, with nothing of this machine's settings.
pub fn unpark(name: &str) -> Command {
    let mut command = Command::new(snapbox::cmd::cargo_bin(name));
    for variable in [
        "RUST_BACKTRACE",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "CARGO_TERM_COLOR",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// What a run came to.
pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The ids of commits are of their time.
pub fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 10 && word.chars().all(|it| it.is_ascii_hexdigit());
    let words = text.split_inclusive([' ', '`', '\n']);
    words
        .map(|word| {
            let bare = word.trim_end_matches([' ', '`', '\n']);
            match is_id(bare) {
                true => word.replace(bare, "[commit]"),
                false => word.to_owned(),
            }
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), &to).unwrap()),
        }
    }
}
