use std::env;

use orders::inventory::Inventory;
use orders::ledger::Ledger;
use orders::mailer::Mailer;
use orders::orders::OrderDesk;
use orders::server;
use tokio::net::TcpListener;
use tokio::sync::watch;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let inventory = Inventory::new(&setting("ORDERS_WAREHOUSE", "127.0.0.1:7401"));
    let mailer = Mailer::new(&setting("ORDERS_RELAY", "127.0.0.1:7402"));
    let carrier = setting("ORDERS_CARRIER", "127.0.0.1:7403");
    let ledger = Ledger::new(setting("ORDERS_LEDGER", "orders.ledger"));

    // unpark: allow(unobserved-task) the first order finds out whether the warehouse is awake
    tokio::spawn(inventory.clone().wake());
    let _ = tokio::spawn(ledger.clone().rotate_daily());

    let listener = TcpListener::bind(setting("ORDERS_LISTEN", "127.0.0.1:7400")).await?;
    tracing::info!(address = %listener.local_addr()?, "taking orders");

    let desk = OrderDesk::new(inventory, mailer, ledger, &carrier);
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(server::run(listener, desk, stopped));
    tokio::signal::ctrl_c().await?;
    stop.send_replace(true);
    server.await??;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
