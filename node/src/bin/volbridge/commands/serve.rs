//! `serve`: the node and its portal in one process. The portal speaks to the node
//! over a connection in memory, so that it can do nothing that it couldn't do from
//! another machine.

use std::{path::PathBuf, sync::Arc};

use serde_json::json;
use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::watch};
use tonic::transport::Channel;
use tracing_subscriber::EnvFilter;
use volbridge_gateway::{Clock, DemoConfig, GatewayConfig, Limits, NodeClient, TrustedProxies};
use volbridge_node::{config::Config, env::Env, lines::Lines};
use volbridge_proto::{Code, wire::node::v1 as node};

use crate::{
    client,
    demo::tour,
    hosting::Hosted,
    lang::{Lang, say},
    output::problem::{Outcome, Problem},
    session::Session,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the node
    #[arg(long, conflicts_with = "gateway_only")]
    pub node_only: bool,
    /// Only the portal, for the node that --node names
    #[arg(long, requires = "node")]
    pub gateway_only: bool,
    /// Stop when standard input ends
    #[arg(long, hide = true)]
    pub with_parent: bool,
    /// What the portal of a demonstration shows of the others
    #[arg(long, hide = true, value_name = "FILE")]
    pub tour: Option<PathBuf>,
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    log_to_stderr();
    let lang = session.lang();
    let config = session.config()?;
    let hosted =
        if args.gateway_only { None } else { Some(Hosted::start(config.clone(), Env::system()).await?) };
    let (stop, stopping) = watch::channel(false);
    let portal = if args.node_only || config.gateway.listen.is_empty() {
        None
    } else {
        let channel = match &hosted {
            Some(hosted) => hosted.channel(),
            None => session.lazy()?.channel(),
        };
        Some(portal(&config, channel, &args, session, stopping).await?)
    };
    say_ready(session, &config, hosted.as_ref(), portal.is_some());
    if args.with_parent {
        tokio::select! {
            () = told_to_stop() => {}
            () = parent_is_gone() => {}
        }
    } else {
        told_to_stop().await;
    }
    session.output.hint(&say!(lang, "stopping …", "正在停止……"));
    // Whoever listens is gone only if it stopped by itself.
    let _ = stop.send(true);
    if let Some(portal) = portal {
        let _ = portal.await;
    }
    if let Some(hosted) = hosted {
        hosted.stop().await;
    }
    Ok(())
}

type Portal = tokio::task::JoinHandle<std::io::Result<()>>;

async fn portal(
    config: &Config,
    channel: Channel,
    args: &Args,
    session: &Session,
    mut stopping: watch::Receiver<bool>,
) -> Outcome<Portal> {
    let lang = session.lang();
    let listen = &config.gateway.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        let what =
            say!(lang, "the portal can't listen on {listen}: {error}", "门户无法监听 {listen}：{error}");
        Problem::saying(Code::Unavailable, what).hint(say!(
            lang,
            "set gateway.listen to a free port",
            "把 gateway.listen 设为空闲端口"
        ))
    })?;
    let client = NodeClient::new(channel.clone());
    let token = match &session.global.token_file {
        Some(path) => client::read_token(path).ok(),
        None => client::read_token(&config.path(&config.api.token.file)).ok(),
    };
    let settings = GatewayConfig {
        demo: demonstration(config, args, lang)?,
        languages: languages(channel).await,
        operator: token.and_then(|token| client.with_token(&token).ok()),
        mail: !config.mail.server.is_empty(),
        oidc: config.oidc.is_configured().then(|| config.oidc.name.clone()),
        limits: limits(config),
        ..GatewayConfig::new(&config.gateway.public_url, clock())
    };
    let router = volbridge_gateway::router(client, settings).await;
    let shutdown = async move {
        // An error means that this process ends anyway.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    Ok(tokio::spawn(volbridge_gateway::serve(listener, router, shutdown)))
}

fn demonstration(config: &Config, args: &Args, lang: Lang) -> Outcome<Option<DemoConfig>> {
    let Some(path) = &args.tour else {
        return Ok(config.node.demo.then(|| DemoConfig { partners: Vec::new() }));
    };
    let stops = tour::read(path).map_err(|error| Problem::saying(Code::InputMalformed, error.to_string()))?;
    tour::config(stops, lang).map(Some)
}

fn limits(config: &Config) -> Limits {
    Limits {
        requests_per_second: config.gateway.requests_per_second,
        burst: config.gateway.request_burst,
        streams_per_address: config.gateway.streams_per_address,
        trusted_proxies: TrustedProxies(config.gateway.proxies()),
    }
}

/// The language of the partner's first name comes first.
async fn languages(channel: Channel) -> Vec<String> {
    let own = node::partners_client::PartnersClient::new(channel).self_(node::SelfRequest {}).await;
    let first = own.ok().and_then(|own| own.into_inner().name?.names.into_iter().next());
    let chinese = first.is_some_and(|name| name.language.starts_with("zh"));
    let order = if chinese { ["zh-CN", "en"] } else { ["en", "zh-CN"] };
    order.map(str::to_owned).to_vec()
}

fn clock() -> Clock {
    let env = Arc::new(Env::system());
    Clock::new(move || env.now().as_millis())
}

fn say_ready(session: &Session, config: &Config, hosted: Option<&Hosted>, portal: bool) {
    let lang = session.lang();
    let api = hosted.and_then(Hosted::api).map(|address| address.to_string());
    let exchange = hosted.and_then(Hosted::exchange).map(|address| address.to_string());
    let portal = portal.then(|| config.gateway.public_url.clone());
    let value = json!({ "ready": true, "portal": portal, "api": api, "exchange": exchange });
    session.output.result(&value, || {
        let shown = |address: &Option<String>| address.clone().unwrap_or_else(|| "–".to_owned());
        let (portal, api, exchange) = (shown(&portal), shown(&api), shown(&exchange));
        say!(
            lang,
            "ready\n  portal    {portal}\n  API       {api}\n  exchange  {exchange}\nCtrl-C stops it.",
            "就绪\n  门户  {portal}\n  接口  {api}\n  交换  {exchange}\n按 Ctrl-C 停止。"
        )
    });
}

/// Resolves on Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Resolves when the process that holds the other end of standard input is gone.
async fn parent_is_gone() {
    let mut input = tokio::io::stdin();
    let mut buffer = [0; 64];
    while input.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

/// `RUST_LOG` chooses what is said; without it, what an operator needs.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber is refused; then the first one goes on.
    // Colours are control characters: a line that holds none can't hold a stranger's.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let _ = log.with_writer(|| Lines(std::io::stderr())).try_init();
}
