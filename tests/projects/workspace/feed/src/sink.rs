use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::{FeedError, Reading, util};

/// Takes readings without waiting for them to arrive.
pub trait Sink {
    fn push(&self, reading: Reading);

    /// Forwards what comes in until the sender is gone.
    fn drain(self, readings: mpsc::Receiver<Reading>) -> JoinHandle<Result<(), FeedError>>;
}

#[derive(Clone)]
pub struct Remote {
    pub address: Arc<str>,
}

impl Remote {
    async fn upload(self, reading: Reading) -> Result<(), FeedError> {
        let mut stream = TcpStream::connect(&*self.address).await?;
        let line = format!("{} {}\n", reading.station, reading.celsius);
        stream.write_all(line.as_bytes()).await?;
        Ok(())
    }
}

impl Sink for Remote {
    fn push(&self, reading: Reading) {
        util::spawn(self.clone().upload(reading));
    }

    fn drain(self, mut readings: mpsc::Receiver<Reading>) -> JoinHandle<Result<(), FeedError>> {
        tokio::spawn(async move {
            while let Some(reading) = readings.recv().await {
                self.clone().upload(reading).await?;
            }
            Ok(())
        })
    }
}

/// Sends to both, the spare only what is below zero.
pub struct Mirrored {
    pub main: Remote,
    pub spare: Remote,
}

impl Sink for Mirrored {
    fn push(&self, reading: Reading) {
        let (main, spare) = (self.main.clone(), self.spare.clone());
        tokio::spawn(async move {
            if reading.celsius < 0 {
                spare.upload(reading.clone()).await?;
            }
            main.upload(reading).await
        });
    }

    fn drain(self, mut readings: mpsc::Receiver<Reading>) -> JoinHandle<Result<(), FeedError>> {
        util::spawn(async move {
            while let Some(reading) = readings.recv().await {
                if let Err(error) = self.main.clone().upload(reading).await {
                    log::warn!("{} is away: {error}", self.main.address);
                }
            }
            Ok(())
        })
    }
}
