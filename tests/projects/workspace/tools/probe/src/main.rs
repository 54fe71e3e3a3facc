use std::io;

use tokio::net::TcpStream;
use tokio::runtime::Handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    tokio::spawn(knock("127.0.0.1:7501"));
    let peer = Handle::current().block_on(knock("127.0.0.1:7500"))?;
    println!("{peer} is there");
    Ok(())
}

async fn knock(address: &str) -> io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    Ok(stream.peer_addr()?.to_string())
}
