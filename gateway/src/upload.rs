//! A file of listings on its way to the node: piece by piece, so that the gateway never holds it.

use http::StatusCode;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use crate::{client::NodeClient, problem::Problem};

/// Bytes of a piece.
const PIECE: usize = 256 << 10;
/// Pieces that wait for the node.
const WAITING: usize = 4;

/// Where the file's bytes go.
pub struct Outgoing(mpsc::Sender<node::UploadImportRequest>);

impl Outgoing {
    /// Sends bytes on. False: the node wants no more, and says why.
    pub async fn send(&self, bytes: &[u8]) -> bool {
        for data in bytes.chunks(PIECE) {
            let piece = node::UploadImportRequest { data: data.to_vec(), ..Default::default() };
            if self.0.send(piece).await.is_err() {
                return false;
            }
        }
        true
    }

    /// The file is whole; one whose sender ends without this was cut off.
    pub async fn end(self) {
        let last = node::UploadImportRequest { last: true, ..Default::default() };
        // Who wants no more says why.
        let _ = self.0.send(last).await;
    }
}

/// Begins to send a file; what comes of it is there once all of it was sent.
pub fn begin(
    client: NodeClient,
    name: String,
    setting: node::ImportSetting,
) -> (Outgoing, impl Future<Output = Result<node::Import, Problem>>) {
    let (sender, pieces) = mpsc::channel(WAITING);
    let first = node::UploadImportRequest { name, setting: Some(setting), ..Default::default() };
    let pieces = tokio_stream::StreamExt::chain(tokio_stream::once(first), ReceiverStream::new(pieces));
    (Outgoing(sender), async move { client.upload_import(pieces).await })
}

/// What both ends say: where the node took it, that; else why it couldn't be read, or why it wasn't taken.
pub fn ended(
    sent: Result<(), Problem>,
    taken: Result<node::Import, Problem>,
) -> Result<node::Import, Problem> {
    match (sent, taken) {
        (_, Ok(import)) => Ok(import),
        (_, Err(problem)) if problem.code == Code::InputTooLarge.as_str() => {
            Err(Problem { status: StatusCode::PAYLOAD_TOO_LARGE, ..problem })
        }
        (Err(problem), _) | (Ok(()), Err(problem)) => Err(problem),
    }
}
