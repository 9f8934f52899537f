//! Nodes as operators run them: `volbridge serve` in processes of their own, each with its folder and its database,
//! speaking mutual TLS over the loopback interface.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Once,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};
use volbridge_node::{
    config::{Config, Sources},
    env::Env,
    init::{InitOptions, init},
};
use volbridge_proto::{
    PartnerId,
    wire::{node::v1 as wire, record::v1 as record},
};

use crate::{Database, Outcome, postgres::Server, report::progress, usage::Used};

/// How long a node may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often it is asked whether something has arrived.
pub const TICK: Duration = Duration::from_millis(10);

/// A node's folder, and the server of its database while it runs.
pub struct Site {
    folder: PathBuf,
    name: String,
    server: Option<Server>,
}

impl Site {
    /// A folder that holds a node already, or will.
    pub fn open(folder: &Path, name: &str, database: Database) -> Outcome<Self> {
        Self::open_with(folder, name, database, &[])
    }

    /// The same with settings of its PostgreSQL server.
    pub fn open_with(folder: &Path, name: &str, database: Database, settings: &[&str]) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Server::start(&folder.join("pg"), settings)?),
        };
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), server })
    }

    /// A new node's folder.
    pub async fn make(folder: &Path, name: &str, database: Database) -> Outcome<Self> {
        let site = Self::open(folder, name, database)?;
        let options = InitOptions {
            names: vec![record::LocalText { language: "en".to_owned(), text: name.to_owned() }],
            kind: "organisation".to_owned(),
            country: "CN".to_owned(),
            domain: format!("{name}.volbridge.example"),
        };
        init(&site.config(&[])?, options, &Env::system()).await?;
        Ok(site)
    }

    fn settings(&self, extra: &[(&str, &str)]) -> Vec<(String, String)> {
        let data = self.folder.join("data").display().to_string();
        let url = self.server.as_ref().map_or_else(|| "node.db".to_owned(), Server::url);
        let fixed = [
            ("node.data_dir", data.as_str()),
            ("node.name", self.name.as_str()),
            ("database.url", url.as_str()),
            ("api.listen", "127.0.0.1:0"),
            ("exchange.listen", "127.0.0.1:0"),
            ("exchange.allow_private_addresses", "true"),
            ("gateway.listen", "127.0.0.1:0"),
        ];
        fixed.iter().chain(extra).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// Its configuration, for a node in this process.
    pub fn config(&self, extra: &[(&str, &str)]) -> Outcome<Config> {
        Ok(Config::load(&Sources { arguments: self.settings(extra), ..Sources::default() })?)
    }

    /// Starts it without its portal.
    pub async fn serve(self, extra: &[(&str, &str)]) -> Outcome<Running> {
        self.start(extra, &["--node-only"]).await
    }

    /// Starts it with its portal, as a small organisation does.
    pub async fn serve_with_portal(self) -> Outcome<Running> {
        self.start(&[], &[]).await
    }

    /// The same on a port that was free a moment ago, with more settings; and where its portal is.
    pub async fn serve_with_portal_at(self, extra: &[(&str, &str)]) -> Outcome<(Running, String)> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let settings: Vec<_> = extra.iter().copied().chain([("gateway.listen", free.as_str())]).collect();
        Ok((self.start(&settings, &[]).await?, format!("http://{free}")))
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    async fn start(self, extra: &[(&str, &str)], flags: &[&str]) -> Outcome<Running> {
        let began = Instant::now();
        // Nothing of this folder's own: all that is said is on the command line.
        let empty = self.folder.join("volbridge.toml");
        fs::write(&empty, "")?;
        let mut command = Command::new(program()?);
        command.arg("--config").arg(&empty).args(["--json", "serve", "--with-parent"]).args(flags);
        for (key, value) in self.settings(extra) {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        let log = fs::File::create(self.folder.join("node.log"))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("the node has no output")?;
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, BufReader::new(stdout).read_line(&mut line)).await??;
        let ready_after = began.elapsed();
        let log = || fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
        let ready: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| format!("{} doesn't start: {}", self.name, log()))?;
        let address = |key: &str| ready.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let (api, exchange) = (address("api"), address("exchange"));
        let token = fs::read_to_string(self.folder.join("data/keys/api-token"))?;
        let token = format!("Bearer {}", token.trim()).parse()?;
        let id = fs::read_to_string(self.folder.join("data/partner"))?;
        let id = id.trim().parse().map_err(|error| format!("{}: {error}", self.name))?;
        let pid = child.id().ok_or("the node has ended")?;
        let channel = Endpoint::from_shared(format!("http://{api}"))?.connect().await?;
        Ok(Running { id, exchange, api, pid, ready_after, site: self, child, channel, token })
    }
}

/// A node that runs.
pub struct Running {
    /// Whose it is.
    pub id: PartnerId,
    /// Where partners reach it.
    pub exchange: String,
    /// Its process.
    pub pid: u32,
    /// From the start of its process until it said that it is ready.
    pub ready_after: Duration,
    /// Its folder.
    pub site: Site,
    child: Child,
    api: String,
    channel: Channel,
    token: MetadataValue<Ascii>,
}

impl Running {
    /// Its API.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Another connection to its API.
    pub async fn connect(&self) -> Outcome<Channel> {
        Ok(Endpoint::from_shared(format!("http://{}", self.api))?.connect().await?)
    }

    /// Where its API listens.
    pub fn api_address(&self) -> &str {
        &self.api
    }

    /// The file that holds its token.
    pub fn token_file(&self) -> PathBuf {
        self.site.folder.join("data/keys/api-token")
    }

    /// A request with its token.
    pub fn staff<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    /// Its first descriptor.
    pub async fn descriptor(&self) -> Outcome<Vec<u8>> {
        let mut partners = wire::partners_client::PartnersClient::new(self.channel());
        Ok(partners.self_(wire::SelfRequest {}).await?.into_inner().descriptor)
    }

    /// Admits a partner, and follows it at this address: "" for none.
    pub async fn admit(&self, other: &Self, endpoint: &str) -> Outcome<()> {
        self.admit_descriptor(other.descriptor().await?, endpoint).await
    }

    /// Admits whoever has this first descriptor.
    pub async fn admit_descriptor(&self, descriptor: Vec<u8>, endpoint: &str) -> Outcome<()> {
        let endpoints = if endpoint.is_empty() { Vec::new() } else { vec![endpoint.to_owned()] };
        let message = wire::AddPartnerRequest { descriptor, endpoints, ..Default::default() };
        let mut partners = wire::partners_client::PartnersClient::new(self.channel());
        partners.add(self.staff(message)).await?;
        Ok(())
    }

    /// The verified, durable size of a log here; 0 if there is nothing of it yet.
    pub async fn size_of(&self, partner: PartnerId) -> Outcome<u64> {
        let request = wire::LogRequest { partner: partner.to_vec(), epoch: 0 };
        let mut logs = wire::logs_client::LogsClient::new(self.channel());
        match logs.checkpoint(self.staff(request)).await {
            Ok(answer) => {
                Ok(answer.into_inner().note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0))
            }
            // A log that isn't known yet.
            Err(status) if status.code() == tonic::Code::NotFound => Ok(0),
            Err(status) => Err(status.into()),
        }
    }

    /// Waits until it has so many entries of a log, durable.
    pub async fn has(&self, partner: PartnerId, size: u64) -> Outcome<()> {
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            let now = self.size_of(partner).await?;
            if now >= size {
                return Ok(());
            }
            // The checkpoint may stand still for as long as a whole target is being fetched.
            if now > last {
                (last, moved) = (now, Instant::now());
            }
            if moved.elapsed() > PATIENCE * 12 {
                return Err(format!("{} stays at {now} of {size} entries", self.site.name).into());
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// What its process has used.
    pub fn used(&self) -> Outcome<Used> {
        Ok(Used::of(self.pid)?)
    }

    /// What the server of its database has used.
    pub fn server_used(&self) -> Outcome<Option<Used>> {
        Ok(self.site.server.as_ref().map(Server::used).transpose()?)
    }

    /// Lets it finish what it began.
    pub async fn stop(mut self) -> Outcome<Site> {
        drop(self.child.stdin.take());
        self.child.wait().await?;
        Ok(self.site)
    }

    /// `kill -9`.
    pub async fn kill(mut self) -> Outcome<Site> {
        self.child.kill().await?;
        Ok(self.site)
    }
}

impl Site {
    /// Bytes of its database on the disk, after it has stopped.
    pub fn database_bytes(&self) -> Outcome<u64> {
        match &self.server {
            Some(server) => server.disk_bytes(),
            None => {
                let files = ["data/node.db", "data/node.db-wal"];
                let sizes = files
                    .iter()
                    .map(|file| fs::metadata(self.folder.join(file)).map_or(0, |file| file.len()));
                Ok(sizes.sum())
            }
        }
    }
}

/// The `volbridge` that was built beside this program.
pub fn program() -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("volbridge");
    if program.exists() {
        warn_of_age(&program)?;
        return Ok(program);
    }
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    Err(format!("{} isn't there: cargo build{profile} -p volbridge-node", program.display()).into())
}

/// Warns if the nodes may be of an older build than this program.
fn warn_of_age(program: &Path) -> Outcome<()> {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    if changed(program)? < changed(&std::env::current_exe()?)? {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| progress("volbridge is older than bench: build it again if the node has changed"));
    }
    Ok(())
}
