//! Waiting for what must come true, with a bound and a reason if it doesn't.

use std::{future::Future, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use volbridge_proto::Code;

use crate::output::problem::{Outcome, Problem};

const PAUSE: Duration = Duration::from_millis(100);

/// Asks until nothing is missing. What is missing last goes into the error.
pub async fn until<F>(limit: Duration, mut missing: impl FnMut() -> F) -> Outcome
where
    F: Future<Output = Option<String>>,
{
    let begun = Instant::now();
    loop {
        let Some(what) = missing().await else { return Ok(()) };
        if begun.elapsed() > limit {
            return Err(Problem::saying(Code::DeadlineExceeded, what));
        }
        sleep(PAUSE).await;
    }
}

/// Whether a portal on this machine answers that it is ready.
pub async fn portal_answers(port: u16) -> bool {
    let asking = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.ends_with(b" 200"))
    };
    timeout(Duration::from_secs(2), asking).await.is_ok_and(|answer| answer.unwrap_or(false))
}
