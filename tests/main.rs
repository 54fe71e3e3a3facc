//! Every test that looks at unpark from outside, in one binary.

mod algebra;
mod cli;
mod config;
mod discover;
mod docs;
mod engines;
mod fixtures;
mod format;
mod knowledge;
mod limits;
mod projects;
mod support;
mod verify;
