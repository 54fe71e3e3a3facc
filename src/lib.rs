//! How a run goes: the spine of unpark.
//!
//! The way of a run is the way through these modules: [`options`] say what is wanted, [`discover`]
//! finds the files worth a look, [`cargo`] and [`workspace`] load their projects, [`engine`] runs
//! the codemods in rounds of reading ([`analyse`]) and writing over an [`overlay`], [`collect`]
//! makes an [`outcome`] of it, [`format`](mod@format) lays it out, [`verify`] has the user's compiler
//! accept it, and [`report`] shows it or [`commit`] writes it, and [`history`] has git commit it.
//! [`program`] is what a person calls: it parses with [`cli`], runs, and answers with an exit code.
//! [`scaffold`] makes an outcome of its own.

pub mod adoption;
pub mod analyse;
pub mod baseline;
pub mod cargo;
pub mod changed;
pub mod cli;
pub mod collect;
pub mod commit;
pub mod config;
pub mod discover;
pub mod engine;
pub mod format;
pub mod history;
pub mod identity;
pub mod install;
pub mod limits;
pub mod members;
pub mod options;
pub mod outcome;
pub mod overlay;
pub mod program;
pub mod progress;
pub mod replay;
pub mod report;
pub mod review;
pub mod roots;
pub mod run;
pub mod scaffold;
pub mod selection;
pub mod source;
pub mod start;
pub mod suppress;
pub mod tree;
pub mod vcs;
pub mod verify;
pub mod watchdog;
pub mod why;
pub mod workspace;

pub use run::run;
