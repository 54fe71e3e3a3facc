//! Carries parcels of bytes from one queue to another.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};
use tokio::task;
use tokio::time::{sleep, timeout};

/// How a parcel was lost.
#[derive(Debug, PartialEq)]
pub enum Lost {
    Closed,
    Late(Duration),
}

/// A parcel that came back; its content is nobody else's business.
pub struct Returned(pub Vec<u8>);

pub async fn carry(parcel: Vec<u8>, to: Sender<Vec<u8>>) -> Result<(), Lost> {
    let patience = Duration::from_secs(5);
    match timeout(patience, to.send(parcel)).await {
        Ok(sent) => sent.map_err(|_| Lost::Closed),
        Err(_) => Err(Lost::Late(patience)),
    }
}

async fn retry(parcel: Vec<u8>, to: &Sender<Vec<u8>>) -> Result<(), Returned> {
    sleep(Duration::from_millis(50)).await;
    to.send(parcel).await.map_err(|back| Returned(back.0))
}

/// Sends a parcel on its way.
pub fn post(parcel: Vec<u8>, to: &Sender<Vec<u8>>) {
    task::spawn(carry(parcel, to.clone()));
}

/// Sends a parcel a little later.
pub fn post_later(parcel: Vec<u8>, to: Sender<Vec<u8>>) {
    drop(task::spawn(async move { retry(parcel, &to).await }));
}

/// Carries everything that arrives. Returns how many parcels it took.
pub async fn relay(mut from: Receiver<Vec<u8>>, to: Sender<Vec<u8>>) -> usize {
    let mut carried = task::JoinSet::new();
    while let Some(parcel) = from.recv().await {
        carried.spawn(carry(parcel, to.clone()));
    }
    carried.join_all().await.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::channel;

    #[tokio::test]
    async fn posted_parcels_arrive() {
        let (to, mut arrived) = channel(2);
        post(b"now".to_vec(), &to);
        post_later(b"later".to_vec(), to);
        assert_eq!(arrived.recv().await.unwrap(), b"now");
        assert_eq!(arrived.recv().await.unwrap(), b"later");
        assert_eq!(arrived.recv().await, None);
    }

    #[tokio::test]
    async fn a_closed_queue_loses_parcels() {
        let (to, arrived) = channel(1);
        drop(arrived);
        assert_eq!(carry(Vec::new(), to).await, Err(Lost::Closed));
    }
}
