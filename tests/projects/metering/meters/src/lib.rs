//! Reads meters.

pub mod panel;
pub mod report;

use std::io;

/// One reading.
pub async fn read(meter: u32) -> u32 {
    tokio::task::yield_now().await;
    meter
}

/// Sends a line.
pub async fn send(line: &str) -> io::Result<()> {
    match line {
        "" => Err(io::ErrorKind::InvalidInput.into()),
        _ => std::future::ready(Ok(())).await,
    }
}

/// Writes what is open.
pub async fn flush() -> io::Result<()> {
    std::future::ready(Ok(())).await
}
