//! Posts letters in the background.

use std::{
    io,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::spawn;

mod archive;
mod outbox;

type Sent = Arc<Mutex<Vec<String>>>;

async fn post(letter: String, sent: Sent) -> io::Result<()> {
    sent.lock().unwrap().push(letter);
    Ok(())
}

/// No code here can wait.
fn greet(sent: &Sent) {
    spawn(post("welcome".to_owned(), Arc::clone(sent)));
}

async fn remind(letter: String, sent: Sent) {
    tokio::spawn(async move {
        // The first may come too early.
        let _ = post(letter.clone(), sent.clone()).await;
        tokio::spawn(post(letter, sent));
    });
}

async fn count(sent: Sent) -> usize {
    sent.lock().unwrap().len()
}

async fn look() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn run(sent: Sent) {
    tokio::spawn(post("first".to_owned(), sent.clone()));
    greet(&sent);
    remind("pay".to_owned(), sent.clone()).await;
    let last = tokio::spawn(post("last".to_owned(), sent.clone()));
    tokio::spawn(count(sent.clone()));
    tokio::spawn(look());
    {
        let letters = sent.lock().unwrap();
        tokio::spawn(outbox::wrap(letters.len()));
        println!("{letters:?}");
    }
    match sent.lock().unwrap().len() {
        0 => tokio::spawn(outbox::wrap(0)),
        letters => tokio::spawn(outbox::wrap(letters)),
    };
    last.await.unwrap().unwrap();
}

#[tokio::main]
async fn main() {
    let sent = Sent::default();
    run(sent.clone()).await;
    tokio::spawn(archive::keep::<Rc<()>>()).await.unwrap();
    outbox::send("end".to_owned()).await;
    println!("{:?}", sent.lock().unwrap());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn letters_are_posted() {
        let sent = Sent::default();
        run(sent.clone()).await;
        while sent.lock().unwrap().len() < 5 {
            tokio::task::yield_now().await;
        }
    }
}
