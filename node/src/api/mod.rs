//! The node's own API, `volbridge.node.v1`, for gateway, command line and integrations.
//!
//! Files here translate messages to calls and back; what is allowed stands in [`permit`], what is right in `proto`
//! and below. Every error leaves through [`status`]: a gRPC status by its code, with a `Problem` as its detail.

mod accounts;
mod agreements;
mod alerts;
mod blobs;
mod checks;
mod conferences;
mod deeds;
mod desk;
mod digest;
mod handover;
mod imports;
mod listings;
mod logs;
mod maintenance;
mod matching;
mod materials;
mod network;
mod organisations;
mod partners;
mod patience;
pub mod permit;
mod profiles;
mod proofs;
mod provenance;
mod reading;
mod records;
mod request;
mod search;
mod statistics;
mod translations;

use std::{future::Future, io, sync::Arc, time::Duration};

use prost::Message;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::{
    Response, Status,
    service::{Routes, RoutesBuilder},
    transport::{
        Server,
        server::{Connected, TcpIncoming},
    },
};
use tonic_health::ServingStatus;
use volbridge_proto::{
    error::Fault,
    wire::{self, node::v1::*},
};

use crate::{context::Context, error::Error, preface::Punctual};
use patience::Patience;
use permit::Machine;

/// Bytes of the largest request: records have half of it. More would hold lists of so many empty members that they fill the
/// memory before any rule is asked (threats.md T20).
const REQUEST: usize = 512 << 10;

/// Of a request about accounts: strangers send them.
const ACCOUNT_REQUEST: usize = 64 << 10;

/// Of a piece of a blob or of a file, with the bytes around it.
const BLOB_REQUEST: usize = (1 << 20) + 1024;

/// How long a call may take; streams only until they begin, and uploads as long as they go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection may take to say that it speaks HTTP/2.
const OPENING: Duration = Duration::from_secs(10);

/// Calls under way on one connection.
const CALLS: usize = 256;

/// Letters of what a caller said that an error says again.
const SAID: usize = 256;

/// The services of one node; clones share it.
#[derive(Clone)]
pub struct Api {
    context: Arc<Context>,
    machine: Arc<Machine>,
    cosigners: Arc<provenance::Cosigners>,
    own_log: Arc<provenance::OwnLog>,
    figures: Arc<statistics::Kept>,
}

impl Api {
    /// Reads the tokens that callers present.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn new(context: Arc<Context>) -> io::Result<Self> {
        let machine = Arc::new(Machine::load(&context.config)?);
        Ok(Self {
            context,
            machine,
            cosigners: Arc::default(),
            own_log: Arc::default(),
            figures: Arc::default(),
        })
    }

    /// All services, with health and reflection.
    ///
    /// # Errors
    /// When the embedded descriptors can't be read.
    pub async fn routes(&self) -> Result<Routes, tonic_reflection::server::Error> {
        let (health, health_service) = tonic_health::server::health_reporter();
        let mut routes = RoutesBuilder::default();
        let mut reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        macro_rules! serve {
            ($($module:ident :: $server:ident <= $limit:expr),* $(,)?) => {$(
                let service = $module::$server::new(self.clone()).max_decoding_message_size($limit);
                health.set_serving::<$module::$server<Self>>().await;
                reflection = reflection.with_service_name(<$module::$server<Self> as tonic::server::NamedService>::NAME);
                routes.add_service(service);
            )*};
        }
        serve!(
            records_server::RecordsServer <= REQUEST,
            listings_server::ListingsServer <= REQUEST,
            organisations_server::OrganisationsServer <= REQUEST,
            conferences_server::ConferencesServer <= REQUEST,
            materials_server::MaterialsServer <= REQUEST,
            blobs_server::BlobsServer <= BLOB_REQUEST,
            translations_server::TranslationsServer <= REQUEST,
            agreements_server::AgreementsServer <= REQUEST,
            profiles_server::ProfilesServer <= REQUEST,
            partners_server::PartnersServer <= REQUEST,
            network_server::NetworkServer <= REQUEST,
            logs_server::LogsServer <= REQUEST,
            maintenance_server::MaintenanceServer <= REQUEST,
            search_server::SearchServer <= REQUEST,
            accounts_server::AccountsServer <= ACCOUNT_REQUEST,
            checks_server::ChecksServer <= REQUEST,
            desk_server::DeskServer <= REQUEST,
            handovers_server::HandoversServer <= REQUEST,
            statistics_server::StatisticsServer <= REQUEST,
            alerts_server::AlertsServer <= ACCOUNT_REQUEST,
            imports_server::ImportsServer <= BLOB_REQUEST,
        );
        let (alarm, stopping) = (self.context.db.alarm(), Arc::clone(&self.context));
        self.context.spawn(async move {
            tokio::select! {
                // It still reads; whoever asks for the node as a whole wants it to write.
                () = alarm.raised() => health.set_service_status("", ServingStatus::NotServing).await,
                () = stopping.stopping() => {}
            }
        });
        routes.add_service(health_service);
        routes.add_service(reflection.build_v1()?);
        Ok(routes.routes())
    }

    /// Serves on a socket until `stop` resolves and what was begun is finished.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        // Without it an answer waits up to 40 ms for the caller's own acknowledgement of its first part.
        self.serve_connections(TcpIncoming::from(listener).with_nodelay(Some(true)), stop).await
    }

    /// Serves connections of any kind, in-memory ones included.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve_connections<I, C>(
        &self,
        connections: I,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError>
    where
        I: Stream<Item = io::Result<C>>,
        C: tokio::io::AsyncRead + tokio::io::AsyncWrite + Connected + Unpin + Send + 'static,
    {
        let connections = StreamExt::map(connections, |connection| {
            connection.map(|connection| Punctual::new(connection, OPENING))
        });
        let mut server = Server::builder()
            .layer(Patience(PATIENCE))
            .concurrency_limit_per_connection(CALLS)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(20)));
        server.add_routes(self.routes().await?).serve_with_incoming_shutdown(connections, stop).await?;
        Ok(())
    }
}

/// Why the API can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The server.
    #[error("the node's API: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The embedded descriptors.
    #[error("the node's API: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// An error as callers see it: code, field and what belongs to them; the cause goes to the node's log.
#[must_use]
pub fn status(error: Error) -> Status {
    let fault = error.code.fault();
    if let Some(source) = &error.source {
        match fault {
            Fault::Internal => tracing::error!(code = %error.code, %source, "a call failed"),
            _ => tracing::warn!(code = %error.code, %source, "a call failed"),
        }
    }
    let problem = Problem {
        code: error.code.as_str().to_owned(),
        field: brief(&error.field),
        params: error.params.into_iter().map(|(key, value)| (key, brief(&value))).collect(),
    };
    let code = tonic::Code::from_i32(error.code.grpc());
    Status::with_details(code, error.code.text(), problem.encode_to_vec().into())
}

/// What a caller said comes back to it as a header, which holds some kilobytes.
fn brief(said: &str) -> String {
    said.chars().take(SAID).collect()
}

/// What a method answers.
fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(status)
}

#[cfg(test)]
mod tests {
    use volbridge_proto::Code;

    use super::*;

    #[test]
    fn an_error_tells_code_and_field_and_never_its_cause() {
        let error = Error::new(Code::FieldTooLong).at("title").with("limit", 200).because("CANARY");
        let status = status(error);
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let problem = Problem::decode(status.details()).unwrap();
        assert_eq!((problem.code.as_str(), problem.field.as_str()), ("field.too_long", "title"));
        assert_eq!(problem.params["limit"], "200");
        assert!(!format!("{status:?}").contains("CANARY"));
    }

    #[test]
    fn what_a_caller_said_at_length_comes_back_in_brief() {
        let error = Error::new(Code::FieldOutOfRange).at("language").with("value", "志".repeat(100_000));
        let problem = Problem::decode(status(error).details()).unwrap();
        assert_eq!(problem.params["value"], "志".repeat(SAID));
    }
}
