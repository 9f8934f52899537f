//! A proxy before PostgreSQL's Unix socket that knows where one message of the client ends and the next begins (protocol
//! version 3), and cuts a connection at a COMMIT (threats.md F07).

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;
use tokio::{
    io::{self, AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
};

/// The name of the socket in its folder, for the default port.
const SOCKET: &str = ".s.PGSQL.5432";

/// A message of the client that a test's node never exceeds.
const LARGEST: u32 = 64 << 20;

/// What stands in place of the protocol's version in a request for TLS.
const TLS: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never sees the COMMIT.
    Before,
    /// The server gets it; nobody waits for what it says.
    With,
    /// The server has done it and said so; the client never hears.
    After,
}

/// The proxy; gone when dropped.
pub struct PgProxy {
    folder: TempDir,
    server: String,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    /// After so many more COMMITs, the next is cut so.
    next: Mutex<Option<(u32, Cut)>>,
    cuts: AtomicUsize,
}

impl PgProxy {
    /// Stands before the server of this address, `postgres://user@%2Ffolder/database`.
    pub fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let host = url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a host").0;
        let server = PathBuf::from(host.replace("%2F", "/")).join(SOCKET);
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        // A server that runs as another user has nothing to do with it.
        let plan = Arc::<Plan>::default();
        let shared = Arc::clone(&plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, plan) = (server.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    // Dropped, both sides see that it has ended.
                    if let Ok(server) = UnixStream::connect(server).await {
                        let _ = carry(client, server, &plan).await;
                    }
                });
            }
        });
        Self { folder, server: url.to_owned(), plan }
    }

    /// The same database through here.
    pub fn url(&self) -> String {
        let host = self.server.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a host").0;
        let folder = fs::canonicalize(self.folder.path()).expect("its folder");
        self.server.replacen(host, &folder.display().to_string().replace('/', "%2F"), 1)
    }

    /// Cuts one connection at a COMMIT: the first after so many.
    pub fn cut(&self, after: u32, how: Cut) {
        *self.plan.next.lock().unwrap_or_else(PoisonError::into_inner) = Some((after, how));
    }

    /// How many connections it has cut.
    pub fn cuts(&self) -> usize {
        self.plan.cuts.load(Ordering::Acquire)
    }
}

impl Plan {
    /// What becomes of this COMMIT.
    fn judge(&self) -> Option<Cut> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match *next {
            Some((0, how)) => {
                *next = None;
                self.cuts.fetch_add(1, Ordering::Release);
                Some(how)
            }
            Some((left, how)) => {
                *next = Some((left - 1, how));
                None
            }
            None => None,
        }
    }
}

async fn carry(client: UnixStream, server: UnixStream, plan: &Plan) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let ask = async {
        let mut is_first = true;
        loop {
            let message = message(&mut from_client, is_first).await?;
            // Asked for TLS, the server says no, and the first message is still to come.
            is_first = is_first && message.get(4..) == Some(&TLS);
            let cut = if message.starts_with(b"Q") && message.get(5..11) == Some(b"COMMIT") {
                plan.judge()
            } else {
                None
            };
            if cut == Some(Cut::Before) {
                return Ok(None);
            }
            to_server.write_all(&message).await?;
            if cut.is_some() {
                return Ok::<_, io::Error>(cut);
            }
        }
    };
    let answer = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok::<_, io::Error>(());
            }
            to_client.write_all(buffer.get(..read).unwrap_or_default()).await?;
        }
    };
    let cut = tokio::select! {
        asked = ask => asked?,
        answered = answer => return answered,
    };
    if cut == Some(Cut::After) {
        // "Committed", which stays here.
        from_server.read_u8().await?;
    }
    Ok(())
}

/// One message, with its head. The first has no letter before its length.
async fn message(from: &mut OwnedReadHalf, is_first: bool) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    if !is_first {
        message.push(from.read_u8().await?);
    }
    let length = from.read_u32().await?;
    if !(4..=LARGEST).contains(&length) {
        return Err(io::Error::other("not a message of PostgreSQL"));
    }
    message.extend(length.to_be_bytes());
    let begin = message.len();
    message.resize(begin + length as usize - 4, 0);
    from.read_exact(message.get_mut(begin..).unwrap_or_default()).await?;
    Ok(message)
}
