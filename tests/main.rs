//! Every test that looks at unpark from outside, in one binary.

mod cli;
mod docs;
mod fixtures;
mod support;
