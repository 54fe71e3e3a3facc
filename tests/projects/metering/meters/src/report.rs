//! What is said about the readings.

use fleet::{Batch, spawn_and_wait};
use tokio::runtime::Handle;

use crate::{flush, read, send};

fn headline(meter: u32) -> String {
    format!("meter {meter}")
}

/// Says that a meter is there.
pub fn announce(meter: u32) {
    let _ = spawn_and_wait(send(&headline(meter)));
}

/// How many of the meters could not be flushed.
pub async fn close(meters: u32) -> usize {
    let mut batch = Batch::default();
    for _ in 0..meters {
        batch.spawn(flush());
    }
    let flushed = read(meters).await;
    assert_eq!(flushed, meters, "every meter is read once more");
    batch.failures().await
}

macro_rules! with_blocking {
    ($(#[$docs:meta])* $name:ident, $blocking:ident, $value:expr) => {
        $(#[$docs])*
        pub async fn $name() -> u32 {
            $value
        }

        $(#[$docs])*
        pub fn $blocking() -> u32 {
            $value
        }
    };
}

with_blocking!(
    /// The main meter.
    main,
    main_blocking,
    Handle::current().block_on(read(1))
);
