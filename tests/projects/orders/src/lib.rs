//! A small order service. Customers talk to it in lines, and so does it to the warehouse, the
//! carrier and the mail relay.

pub mod inventory;
pub mod ledger;
pub mod mailer;
pub mod orders;
pub mod server;
pub mod wire;
