use std::io;
use std::time::Duration;

use feed::sink::{Remote, Sink};
use feed::{FeedError, Reading};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::spawn as go;
use tokio::sync::mpsc;

#[derive(Debug, Error)]
enum HubError {
    #[error("a station sent nonsense")]
    Feed(#[from] FeedError),
    #[error("a station is gone")]
    Io(#[from] io::Error),
    #[error("nobody takes readings any more")]
    Closed,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), HubError> {
    let listener = TcpListener::bind("127.0.0.1:7500").await?;
    let remote = Remote {
        address: "127.0.0.1:7501".into(),
    };
    let (readings, incoming) = mpsc::channel(64);
    let (parcels, outgoing) = mpsc::channel(64);
    let (archived, _archive) = mpsc::channel(64);
    let relay = go(courier::relay(outgoing, archived));

    go(accept(listener, readings));
    pass_on(incoming, &remote, parcels).await;
    tracing::info!(parcels = relay.await.unwrap_or(0), "done");
    Ok(())
}

/// Reads from every station that connects.
async fn accept(listener: TcpListener, readings: mpsc::Sender<Reading>) -> io::Result<()> {
    loop {
        let (station, _) = listener.accept().await?;
        feed::util::spawn(read(station, readings.clone()));
    }
}

async fn read(station: TcpStream, readings: mpsc::Sender<Reading>) -> Result<(), HubError> {
    let mut lines = BufReader::new(station).lines();
    while let Some(line) = lines.next_line().await? {
        let reading = feed::parse(&line)?;
        readings.send(reading).await.map_err(|_| HubError::Closed)?;
    }
    Ok(())
}

/// Pushes readings to the remote, and a sign of life when there are none.
async fn pass_on(
    mut incoming: mpsc::Receiver<Reading>,
    remote: &Remote,
    parcels: mpsc::Sender<Vec<u8>>,
) {
    let mut quiet = tokio::time::interval(Duration::from_secs(30));
    loop {
        tokio::select! {
            reading = incoming.recv() => {
                let Some(reading) = reading else { return };
                quiet.reset();
                go(archive(reading.clone(), parcels.clone()));
                remote.push(reading);
            }
            _ = quiet.tick() => {
                tokio::spawn(async {
                    TcpStream::connect("127.0.0.1:7502").await?;
                    Ok::<_, HubError>(())
                });
            }
        }
    }
}

async fn archive(reading: Reading, parcels: mpsc::Sender<Vec<u8>>) -> Result<(), HubError> {
    let parcel = format!("{reading:?}").into_bytes();
    parcels.send(parcel).await.map_err(|_| HubError::Closed)
}
