//! Engines that several codemods share.

pub mod control;
pub mod discard;
