//! The way to a running node: its gRPC API, with the caller's token. Portal, REST
//! and command line share it, so that none can do what another can't.

use std::{fs, io, path::Path, time::Duration};

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use volbridge_proto::{
    Code,
    wire::node::v1::{
        accounts_client::AccountsClient, agreements_client::AgreementsClient, blobs_client::BlobsClient,
        conferences_client::ConferencesClient, handovers_client::HandoversClient,
        listings_client::ListingsClient, logs_client::LogsClient, maintenance_client::MaintenanceClient,
        materials_client::MaterialsClient, network_client::NetworkClient,
        organisations_client::OrganisationsClient, partners_client::PartnersClient,
        profiles_client::ProfilesClient, records_client::RecordsClient,
        translations_client::TranslationsClient,
    },
};

use crate::{
    lang::{Lang, say},
    output::problem::{Outcome, Problem},
};

/// Longer than the node itself gives a call.
const PATIENCE: Duration = Duration::from_secs(70);
const CONNECT: Duration = Duration::from_secs(5);
/// Answers of many entries with their bodies.
const LARGEST_ANSWER: usize = 64 << 20;

/// Adds the token to each call.
#[derive(Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

type Authed = InterceptedService<Channel, Bearer>;

/// A connection to one node.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    bearer: Bearer,
}

macro_rules! services {
    ($($name:ident = $client:ident;)*) => {
        impl Client {
            $(#[doc = concat!("`", stringify!($client), "`")]
            pub fn $name(&self) -> $client<Authed> {
                $client::with_interceptor(self.channel.clone(), self.bearer.clone())
                    .max_decoding_message_size(LARGEST_ANSWER)
            })*
        }
    };
}

services! {
    accounts = AccountsClient;
    records = RecordsClient;
    listings = ListingsClient;
    organisations = OrganisationsClient;
    handovers = HandoversClient;
    conferences = ConferencesClient;
    materials = MaterialsClient;
    blobs = BlobsClient;
    translations = TranslationsClient;
    agreements = AgreementsClient;
    profiles = ProfilesClient;
    partners = PartnersClient;
    network = NetworkClient;
    logs = LogsClient;
    maintenance = MaintenanceClient;
}

impl Client {
    /// Connects to `host:port`.
    pub async fn connect(address: &str, token: Option<&str>, lang: Lang) -> Outcome<Self> {
        let endpoint = endpoint(address, lang)?;
        let channel = endpoint.connect().await.map_err(|_| {
            let what = say!(lang, "no node answers at {address}", "{address} 没有节点应答");
            Problem::saying(Code::Unavailable, what).kept(say!(
                lang,
                "Nothing was changed.",
                "没有任何改动。"
            ))
        })?;
        Self::over(channel, token, lang)
    }

    /// A client whose connection is made when it is needed, and again when it is lost.
    pub fn lazy(address: &str, token: Option<&str>, lang: Lang) -> Outcome<Self> {
        Self::over(endpoint(address, lang)?.connect_lazy(), token, lang)
    }

    fn over(channel: Channel, token: Option<&str>, lang: Lang) -> Outcome<Self> {
        let bearer = token.map(|token| bearer(token, lang)).transpose()?;
        Ok(Self { channel, bearer: Bearer(bearer) })
    }

    /// The channel itself, for the gateway.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

fn endpoint(address: &str, lang: Lang) -> Outcome<Endpoint> {
    let wrong = || {
        let what = say!(lang, "\"{address}\" is not host:port", "“{address}”不是 主机:端口");
        Problem::usage(what).hint(say!(
            lang,
            "for example: --node 127.0.0.1:7400",
            "例如：--node 127.0.0.1:7400"
        ))
    };
    if !address.contains(':') || address.contains('/') {
        return Err(wrong());
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| wrong())?;
    let windows = 4 << 20;
    Ok(endpoint
        .connect_timeout(CONNECT)
        .timeout(PATIENCE)
        .tcp_nodelay(true)
        .initial_stream_window_size(windows)
        .initial_connection_window_size(windows))
}

fn bearer(token: &str, lang: Lang) -> Outcome<MetadataValue<Ascii>> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| {
        Problem::saying(
            Code::Unauthenticated,
            say!(lang, "the token has characters that can't be sent", "令牌含有无法发送的字符"),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The token that stands in a file.
pub fn read_token(path: &Path) -> io::Result<String> {
    Ok(fs::read_to_string(path)?.trim().to_owned())
}
