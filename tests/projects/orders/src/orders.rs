use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::{self, JoinError};

use crate::inventory::{Inventory, InventoryError};
use crate::ledger::Ledger;
use crate::mailer::Mailer;
use crate::wire::exchange;

/// What a parcel costs when the carrier does not say, in cents.
const FLAT_RATE: u64 = 490;

#[derive(Debug, Error)]
pub enum OrderError {
    #[error("there is no order {0}")]
    Unknown(u64),
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error("the ledger cannot be written")]
    Ledger(#[from] io::Error),
    #[error("the quote was cut short")]
    Quote(#[from] JoinError),
}

#[derive(Clone, Debug)]
pub struct Order {
    pub id: u64,
    pub sku: String,
    pub quantity: u32,
    /// In cents, shipping included.
    pub total: u64,
}

/// Takes orders and cancels them.
pub struct OrderDesk {
    pub inventory: Inventory,
    mailer: Mailer,
    ledger: Ledger,
    carrier: Arc<str>,
    open: Mutex<HashMap<u64, Order>>,
    last_id: AtomicU64,
}

impl OrderDesk {
    pub fn new(inventory: Inventory, mailer: Mailer, ledger: Ledger, carrier: &str) -> Self {
        Self {
            inventory,
            mailer,
            ledger,
            carrier: carrier.into(),
            open: Mutex::default(),
            last_id: AtomicU64::new(0),
        }
    }

    pub async fn place(&self, sku: &str, quantity: u32, to: &str) -> Result<Order, OrderError> {
        let price = self.inventory.price(sku).await?;
        let shipping = self.shipping(quantity).await?;
        self.inventory.reserve(sku, quantity).await?;

        let order = Order {
            id: self.last_id.fetch_add(1, Ordering::Relaxed) + 1,
            sku: sku.to_owned(),
            quantity,
            total: price * u64::from(quantity) + shipping,
        };
        self.open.lock().unwrap().insert(order.id, order.clone());

        let text = format!("Order {} costs {} cents.", order.id, order.total);
        tokio::spawn(self.mailer.clone().send(to.to_owned(), text));

        let (inventory, ledger) = (self.inventory.clone(), self.ledger.clone());
        let placed = order.clone();
        tokio::spawn(async move {
            let entry = format!("placed {placed:?}");
            ledger.append(entry).await.context("writing the ledger")?;
            if inventory.stock(&placed.sku).await? == 0 {
                tracing::info!(placed.sku, "sold out");
            }
            anyhow::Ok(())
        });

        Ok(order)
    }

    pub async fn cancel(&self, id: u64) -> Result<(), OrderError> {
        let removed = self.open.lock().unwrap().remove(&id);
        let order = removed.ok_or(OrderError::Unknown(id))?;
        Handle::current().block_on(self.inventory.release(&order.sku, order.quantity))?;
        self.ledger.append(format!("cancelled {order:?}")).await?;
        Ok(())
    }

    /// What the carrier wants for a parcel with so many pieces.
    async fn shipping(&self, pieces: u32) -> Result<u64, OrderError> {
        let carrier = Arc::clone(&self.carrier);
        let quoted =
            task::spawn_blocking(move || Handle::current().block_on(quote(&carrier, pieces)))
                .await?;
        Ok(quoted.unwrap_or(FLAT_RATE))
    }
}

async fn quote(carrier: &str, pieces: u32) -> Option<u64> {
    let reply = exchange(carrier, &format!("QUOTE {pieces}")).await.ok()?;
    reply.parse().ok()
}
