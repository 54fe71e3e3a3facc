//! What every crate here needs of the runtime.

pub use tokio::spawn;
