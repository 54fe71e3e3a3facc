//! Every test that looks at unpark from outside, in one binary.

mod adoption;
mod algebra;
mod book;
mod ci;
mod cli;
mod config;
mod discover;
mod docs;
mod engines;
mod fixtures;
mod format;
mod fuzz;
mod kill;
mod knowledge;
mod limits;
mod load;
mod projects;
mod propagation;
mod refusals;
mod replay;
mod rows;
mod runtimes;
mod scaffold;
mod support;
mod verify;
