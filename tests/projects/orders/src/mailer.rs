use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::wire::exchange;

#[derive(Debug, Error)]
pub enum MailError {
    #[error("the mail relay cannot be reached")]
    Relay(#[from] io::Error),
    #[error("the mail relay refuses the mail: {0}")]
    Refused(String),
}

#[derive(Clone)]
pub struct Mailer {
    relay: Arc<str>,
}

impl Mailer {
    pub fn new(relay: &str) -> Self {
        let relay = relay.into();
        Self { relay }
    }

    /// Hands a mail to the relay, with the footer that the shop has today.
    pub async fn send(self, to: String, text: String) -> Result<(), MailError> {
        let handle = Handle::current();
        let relay = Arc::clone(&self.relay);
        let footer = spawn_blocking(move || handle.block_on(footer(&relay)))
            .await
            .unwrap();

        let mail = format!("MAIL {to} {text} {footer}");
        match exchange(&self.relay, &mail).await?.as_str() {
            "OK" => Ok(()),
            refusal => Err(MailError::Refused(refusal.to_owned())),
        }
    }
}

/// A mail without the footer of the day is better than no mail.
async fn footer(relay: &str) -> String {
    exchange(relay, "FOOTER").await.unwrap_or_else(|error| {
        tracing::warn!(%error, "no footer from the relay");
        "Thank you!".to_owned()
    })
}
