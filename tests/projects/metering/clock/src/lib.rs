//! Tells the time of the readings.

#![deny(warnings)]
#![warn(unused_crate_dependencies)]

/// The seconds between two readings.
pub async fn period() -> u32 {
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || handle.block_on(meters::read(60)))
        .await
        .unwrap()
}
