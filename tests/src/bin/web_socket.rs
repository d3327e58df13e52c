//! The WebSocket layer as server and kiosk have it, saying back whatever it is told: `web_socket server`, `web_socket client ADDRESS`.
//! For conformance suites of others (`tests/websocket`), which want a peer that echoes: what stands above the layer is left out, its limits are not.
//!
//! The server prints the address that it listens at. The client speaks to a server of Autobahn's cases, case by case, and ends with the last.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::env;

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let words: Vec<_> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["server"] => serve().await,
        ["client", address] => visit(address).await,
        _ => bail!("usage: web_socket server | client ADDRESS"),
    }
}

async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a port")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Ok(socket) = accept_async_with_config(stream, Some(kiosk_server::web_socket_limits())).await {
                echo(socket).await;
            }
        });
    }
}

async fn open(address: &str, path: &str) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("nobody at {address}"))?;
    let limits = kioskd::link::web_socket_limits();
    let (socket, _) = client_async_with_config(format!("ws://{address}/{path}"), stream, Some(limits)).await?;
    Ok(socket)
}

/// `getCaseCount`, `runCase`, `updateReports`: the ways of Autobahn's `fuzzingserver`.
async fn visit(address: &str) -> Result<()> {
    let mut socket = open(address, "getCaseCount").await?;
    let count = socket.next().await.context("no count of cases")??;
    let count: u32 = count.to_text()?.parse().context("the count of cases")?;
    for case in 1..=count {
        echo(open(address, &format!("runCase?case={case}&agent=kioskd")).await?).await;
    }
    echo(open(address, "updateReports?agent=kioskd").await?).await;
    println!("{count} cases");
    Ok(())
}

/// Until the other side closes it, or breaks a rule: then the layer has said so, and what is left is the end of the connection.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    while let Some(Ok(message)) = socket.next().await {
        let is_data = message.is_text() || message.is_binary();
        if is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}
