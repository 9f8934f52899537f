//! A node from its configuration: opened, listening, exchanging; and stopped.

use std::{net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint, Server};
use tower::service_fn;
use volbridge_proto::{
    Code, PartnerId, kinds,
    record::canonical,
    wire::{exchange::v1::exchange_server::ExchangeServer, record::v1 as wire},
};

use crate::{
    api::Api,
    blobs::BlobStore,
    config::Config,
    context::{Context, Own, Parts},
    desk,
    env::Env,
    error::Error,
    exchange::{self, MESSAGE, REQUEST, server::ExchangeService},
    feeds,
    heads::{Head, Heads},
    imports,
    keys::NodeKeys,
    mail::Mailer,
    people::{oidc::Provider, restored},
    preface::Punctual,
    publish::{self, Draft},
    receipts, repair, search,
    store::{changes, lock::DataLock, logs, revisions},
    tls::{self, Acceptor, Dialer, Limits, Pins, TlsIdentity},
    upkeep, views,
};

/// Bytes buffered between the gateway and the node in one process.
const PIPE: usize = 1 << 20;

/// A running node.
pub struct Node {
    context: Arc<Context>,
    api: Option<SocketAddr>,
    exchange: Option<SocketAddr>,
    in_process: tokio::sync::mpsc::Sender<tokio::io::DuplexStream>,
    // Released last: a second process must not begin while this one still writes.
    _lock: DataLock,
}

impl Node {
    /// Opens the database, takes up where it stopped, and listens.
    ///
    /// # Errors
    /// When the data folder is in use, holds no node, or can't be read; when an address is taken.
    pub async fn start(config: Config, env: Env) -> Result<Self, Error> {
        let lock = DataLock::take(&config.node.data_dir)?;
        let failed = |error: &dyn std::fmt::Display| Error::new(Code::Internal).because(error.to_string());
        if !crate::init::is_made(&config) {
            return Err(Error::new(Code::NotFound)
                .at("node.data_dir")
                .with("folder", config.node.data_dir.display()));
        }
        let keys = NodeKeys::load(&config.keys_dir()).map_err(|error| failed(&error))?;
        let tls =
            Arc::new(TlsIdentity::load_or_generate(&config.keys_dir()).map_err(|error| failed(&error))?);
        let db = crate::init::open_database(&config).await?;
        let log = logs::own(&db).await?.pop().ok_or_else(|| Error::new(Code::NotFound).at("database.url"))?;
        let mut heads = Vec::new();
        for log in logs::all(&db).await? {
            heads.extend(Head::load(&db, log.number).await?);
        }
        let heads = Heads::new(heads);
        let blobs = BlobStore::open(&config.blobs_dir(), config.blobs.largest_bytes)?
            .with_patience(config.blobs.patience())
            .with_alarm(db.alarm());
        let pins = Pins::new();
        let dialer =
            Dialer::new(Arc::clone(&tls), Arc::clone(&pins), config.exchange.allow_private_addresses);
        let (publisher, requests) = publish::queue();
        let newest_change = changes::last(&db).await?;
        let own = Own { number: log.number, id: log.id };
        let mailer = Mailer::new(&config)?;
        let oidc = Provider::new(&config)?;
        let parts = Parts {
            config,
            db,
            env,
            keys,
            own,
            blobs,
            heads,
            pins,
            dialer,
            publisher,
            mailer,
            oidc,
            newest_change,
        };
        let context = Arc::new(Context::new(parts));
        if views::are_stale(&context.db).await? {
            tracing::info!("a newer version shows more: the views are derived anew");
            repair::derive_anew(&context).await?;
        }
        restored::check(&context).await?;
        context.reload_peers().await?;
        context.spawn(publish::run(Arc::clone(&context), requests));
        say_where(&context).await?;
        if let Err(error) = imports::sweep(&context).await {
            tracing::warn!(%error, "files of imports that are over can't be removed");
        }

        let exchange = listen_exchange(&context, &tls).await?;
        let (api, in_process) = listen_api(&context).await?;
        context.spawn(publish::cosign::run(Arc::clone(&context)));
        context.spawn(exchange::run(Arc::clone(&context)));
        context.spawn(receipts::run(Arc::clone(&context)));
        context.spawn(upkeep::run(Arc::clone(&context)));
        context.spawn(search::run(Arc::clone(&context)));
        context.spawn(desk::publish::run(Arc::clone(&context)));
        context.spawn(imports::run(Arc::clone(&context), imports::State::Checking));
        context.spawn(imports::run(Arc::clone(&context), imports::State::Running));
        context.spawn(feeds::run(Arc::clone(&context)));
        context.spawn(restored::run(Arc::clone(&context)));
        tracing::info!(partner.id = %own.id.partner, log.size = log.size, database = context.db.kind(), "the node is ready");
        Ok(Self { context, api, exchange, in_process, _lock: lock })
    }

    /// What its parts share.
    #[must_use]
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Where its own API listens, if it does.
    #[must_use]
    pub fn api_addr(&self) -> Option<SocketAddr> {
        self.api
    }

    /// Where partners reach it, if they do.
    #[must_use]
    pub fn exchange_addr(&self) -> Option<SocketAddr> {
        self.exchange
    }

    /// The API over a pipe within this process: the same path as over a network.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let connections = self.in_process.clone();
        Endpoint::from_static("http://node.in.process").connect_with_connector_lazy(service_fn(move |_| {
            let connections = connections.clone();
            async move {
                let (ours, theirs) = tokio::io::duplex(PIPE);
                let sent = connections.send(theirs).await;
                sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?;
                Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(ours))
            }
        }))
    }

    /// Finishes what was begun and closes the database. Nothing acknowledged is lost either way.
    pub async fn stop(self) {
        self.context.blobs.hang_up();
        self.context.stop().await;
        self.context.blobs.close().await;
        self.context.db.close().await;
    }
}

async fn listen_exchange(context: &Arc<Context>, tls: &TlsIdentity) -> Result<Option<SocketAddr>, Error> {
    let config = &context.config.exchange;
    if config.listen.is_empty() {
        return Ok(None);
    }
    let limits = Limits {
        handshakes: config.handshakes as usize,
        handshake_timeout: config.handshake_timeout(),
        ..Limits::default()
    };
    let acceptor = introducing(context, tls, limits).await?;
    let (listener, address) = bind(&config.listen, "exchange.listen").await?;
    let service = ExchangeServer::new(ExchangeService::new(Arc::clone(context)))
        .max_decoding_message_size(REQUEST)
        .max_encoding_message_size(MESSAGE);
    let server = Server::builder()
        // Until a call answers, or begins to: a body that comes byte by byte ends here (T21).
        .timeout(config.patience())
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(std::time::Duration::from_secs(20)))
        .max_frame_size(Some(tls::FRAME))
        .initial_stream_window_size(tls::REQUEST_WINDOW)
        .initial_connection_window_size(tls::REQUESTS_WINDOW)
        .max_concurrent_streams(Some(64))
        .add_service(service);
    let stop = context.stop_signal();
    let limit = config.handshake_timeout();
    let incoming = tokio_stream::StreamExt::map(acceptor.incoming(listener), move |connection| {
        connection.map(|connection| Punctual::new(connection, limit))
    });
    serve(context, "the exchange", server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()));
    Ok(Some(address))
}

/// Accepts partners, and shows to whoever calls whose node this is.
async fn introducing(context: &Arc<Context>, tls: &TlsIdentity, limits: Limits) -> Result<Acceptor, Error> {
    let failed = |error| Error::new(Code::Internal).because(error);
    let shown = exchange::introduce::own(context).await?;
    let shown = shown.map(|descriptors| tls.introducing(&descriptors)).transpose().map_err(failed)?;
    Acceptor::new(shown.as_ref().unwrap_or(tls), &context.pins, limits).map_err(failed)
}

type Connections = tokio::sync::mpsc::Sender<tokio::io::DuplexStream>;

async fn listen_api(context: &Arc<Context>) -> Result<(Option<SocketAddr>, Connections), Error> {
    let api = Api::new(Arc::clone(context))
        .map_err(|error| Error::new(Code::Internal).at("api.token").because(error))?;
    context.spawn(api.clone().send_digests());
    let (in_process, connections) = tokio::sync::mpsc::channel(16);
    let (piped, stop) = (api.clone(), context.stop_signal());
    let connections = tokio_stream::wrappers::ReceiverStream::new(connections);
    let connections = tokio_stream::StreamExt::map(connections, Ok);
    serve(context, "the API within the process", async move {
        piped.serve_connections(connections, stop.cancelled()).await
    });
    let listen = &context.config.api.listen;
    if listen.is_empty() {
        return Ok((None, in_process));
    }
    let (listener, address) = bind(listen, "api.listen").await?;
    let stop = context.stop_signal();
    serve(context, "the API", async move { api.serve(listener, stop.cancelled()).await });
    Ok((Some(address), in_process))
}

/// Runs a server until its connections have ended, or are cut off.
fn serve<E: std::fmt::Display + Send>(
    context: &Arc<Context>,
    name: &'static str,
    server: impl Future<Output = Result<(), E>> + Send + 'static,
) {
    let stopping = Arc::clone(context);
    context.spawn(async move {
        tokio::select! {
            ended = server => if let Err(error) = ended {
                tracing::error!(%error, "{name} stopped listening");
            },
            () = stopping.cut_off() => {}
        }
    });
}

async fn bind(address: &str, key: &str) -> Result<(TcpListener, SocketAddr), Error> {
    let failed =
        |error: std::io::Error| Error::new(Code::Unavailable).at(key).with("address", address).because(error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Publishes where this node is and what it reads, if that isn't what its newest NodeInfo says.
async fn say_where(context: &Arc<Context>) -> Result<(), Error> {
    let config = &context.config;
    let mut carriers = Vec::new();
    for carrier in &config.exchange.carriers {
        carriers.push(
            carrier
                .parse::<PartnerId>()
                .map_err(|refusal| Error::from(refusal).at("exchange.carriers"))?
                .to_vec(),
        );
    }
    carriers.sort();
    let mut kinds: Vec<String> = kinds::KINDS.iter().map(|kind| kind.name.to_owned()).collect();
    kinds.sort();
    let info = wire::NodeInfo {
        endpoints: config.exchange.endpoints.clone(),
        portal: config.gateway.public_url.clone(),
        carriers,
        kinds,
        software: concat!("volbridge ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let me = context.own.id.partner;
    if views::partners::node_info(&context.db, &me).await?.as_ref() == Some(&info) {
        return Ok(());
    }
    let mut draft = Draft::public(kinds::node_info::KIND, canonical::encode(&info, "NodeInfo")?);
    draft.subject =
        revisions::current_of_kind(&context.db, context.own.number, kinds::node_info::KIND).await?;
    match context.publish(vec![draft], None).await {
        // An old copy of the database may not append; it still serves what it has.
        Err(error) if error.code == Code::LogBehind => Ok(()),
        result => result.map(drop),
    }
}
