//! A file's bytes to the node, before the record that names them.

use std::io;

use tokio::{fs::File, io::AsyncReadExt as _, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use volbridge_proto::{Code, Refusal, wire::node::v1 as node};

use crate::{client::Client, input::blob::LocalBlob, output::problem::refusal_of};

/// The node takes at most 1 MiB a message.
const CHUNK: usize = 256 << 10;

/// Sends the file; the node must find the same hash.
pub async fn store(client: &Client, blob: &LocalBlob) -> Result<(), Refusal> {
    let failed = |error: io::Error| {
        let detail = format!("{}: {error}", blob.path.display());
        Refusal::new(Code::InputMalformed).at("file").with("detail", detail)
    };
    let file = File::open(&blob.path).await.map_err(failed)?;
    store_bytes(client, file, &blob.hash).await
}

/// Sends bytes from anywhere.
pub async fn store_bytes(
    client: &Client,
    mut bytes: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    hash: &[u8; 32],
) -> Result<(), Refusal> {
    let (sender, receiver) = mpsc::channel(8);
    // If the file can't be read to its end the stream ends early, and the hash tells.
    let reading = async move {
        loop {
            let mut data = Vec::with_capacity(CHUNK);
            let mut part = (&mut bytes).take(CHUNK as u64);
            match part.read_to_end(&mut data).await {
                Ok(read) if read > 0 => {
                    if sender.send(node::StoreBlobRequest { data }).await.is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
    };
    let mut blobs = client.blobs();
    let (answer, ()) = tokio::join!(blobs.store(ReceiverStream::new(receiver)), reading);
    let answer = answer.map_err(|status| refusal_of(&status))?.into_inner();
    if answer.hash == hash { Ok(()) } else { Err(Refusal::new(Code::BlobHash).at("file")) }
}
