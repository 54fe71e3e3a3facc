use std::io;
use std::sync::Arc;

use anyhow::bail;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::orders::OrderDesk;

/// Serves connections until it is told to stop.
pub async fn run(
    listener: TcpListener,
    desk: OrderDesk,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let desk = Arc::new(desk);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = stopped.changed() => return Ok(()),
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            if let Err(error) = serve(stream, &desk).await {
                tracing::warn!(%peer, %error, "lost a connection");
            }
        });
    }
}

async fn serve(mut stream: TcpStream, desk: &OrderDesk) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match answer(&line, desk).await {
            Ok(reply) => format!("OK {reply}\n"),
            Err(error) => format!("ERR {error}\n"),
        };
        writer.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

async fn answer(line: &str, desk: &OrderDesk) -> anyhow::Result<String> {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["PLACE", sku, quantity, email] => {
            let order = desk.place(sku, quantity.parse()?, email).await?;
            Ok(format!("{} {}", order.id, order.total))
        }
        ["CANCEL", id] => {
            desk.cancel(id.parse()?).await?;
            Ok("cancelled".to_owned())
        }
        ["STOCK", sku] => Ok(desk.inventory.stock(sku).await?.to_string()),
        _ => bail!("PLACE sku quantity email | CANCEL id | STOCK sku"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use crate::ledger::Ledger;
    use crate::mailer::Mailer;

    #[tokio::test(flavor = "multi_thread")]
    async fn takes_orders() {
        let desk = desk().await;
        let placed = answer("PLACE tea 3 a@example.org", &desk).await;
        assert_eq!(placed.unwrap(), "1 1150");
        assert_eq!(answer("STOCK tea", &desk).await.unwrap(), "12");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refuses_what_it_cannot_do() {
        let desk = desk().await;
        for (line, expected) in [
            ("PLACE coffee 1 a@example.org", "the warehouse says NONE"),
            (
                "PLACE tea two a@example.org",
                "invalid digit found in string",
            ),
            ("CANCEL 9", "there is no order 9"),
            ("TEA", "PLACE sku quantity email | CANCEL id | STOCK sku"),
        ] {
            let error = answer(line, &desk).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    /// A desk whose warehouse, carrier and mail relay are one.
    async fn desk() -> OrderDesk {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let mut stream = BufReader::new(listener.accept().await.unwrap().0);
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                let reply = match line.split_whitespace().collect::<Vec<_>>()[..] {
                    ["PRICE", _] => "250",
                    ["STOCK", _] => "12",
                    ["QUOTE", _] => "400",
                    ["RESERVE", "coffee", _] => "NONE",
                    _ => "OK",
                };
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        });

        let ledger = Ledger::new(std::env::temp_dir().join("orders-test.ledger"));
        let (inventory, mailer) = (Inventory::new(&address), Mailer::new(&address));
        OrderDesk::new(inventory, mailer, ledger, &address)
    }
}
