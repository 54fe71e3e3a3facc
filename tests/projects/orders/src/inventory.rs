use std::io;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::{self, JoinError};

use crate::wire::exchange;

#[derive(Debug, Error)]
pub enum InventoryError {
    #[error("the warehouse cannot be reached")]
    Unreachable(#[from] io::Error),
    #[error("the lookup was cut short")]
    Interrupted(#[from] JoinError),
    #[error("the warehouse says {0}")]
    Answer(String),
}

/// The warehouse's stock, as far as it tells us.
#[derive(Clone)]
pub struct Inventory {
    warehouse: Arc<str>,
}

impl Inventory {
    pub fn new(warehouse: &str) -> Self {
        Self {
            warehouse: warehouse.into(),
        }
    }

    /// The price of one piece, in cents.
    pub async fn price(&self, sku: &str) -> Result<u64, InventoryError> {
        let warehouse = Arc::clone(&self.warehouse);
        let request = format!("PRICE {sku}");
        let reply = task::spawn_blocking(move || {
            Handle::current().block_on(exchange(&warehouse, &request))
        })
        .await??;
        number(&reply)
    }

    /// How many pieces are on the shelf.
    pub async fn stock(&self, sku: &str) -> Result<u32, InventoryError> {
        let request = format!("STOCK {sku}");
        let reply = task::block_in_place(|| {
            Handle::current().block_on(exchange(&self.warehouse, &request))
        })?;
        number(&reply)
    }

    /// Takes pieces off the shelf.
    pub async fn reserve(&self, sku: &str, quantity: u32) -> Result<(), InventoryError> {
        self.order(&format!("RESERVE {sku} {quantity}")).await
    }

    /// Puts reserved pieces back.
    pub async fn release(&self, sku: &str, quantity: u32) -> Result<(), InventoryError> {
        self.order(&format!("RELEASE {sku} {quantity}")).await
    }

    /// Wakes the warehouse, which goes to sleep over night.
    pub async fn wake(self) -> Result<(), InventoryError> {
        self.order("HELLO").await
    }

    async fn order(&self, request: &str) -> Result<(), InventoryError> {
        match exchange(&self.warehouse, request).await?.as_str() {
            "OK" => Ok(()),
            refusal => Err(InventoryError::Answer(refusal.to_owned())),
        }
    }
}

fn number<N: FromStr>(reply: &str) -> Result<N, InventoryError> {
    reply
        .parse()
        .map_err(|_| InventoryError::Answer(reply.to_owned()))
}
