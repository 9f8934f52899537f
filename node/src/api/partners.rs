//! Partners and how this node is connected to them.

use futures::FutureExt as _;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId,
    identity::introduction,
    wire::node::v1::{self as wire, partners_server::Partners},
};

use super::{
    Api, answer,
    permit::Caller,
    provenance::is_fresh,
    reading::{Reading, partner_name},
    request,
};
use crate::{
    error::Error,
    exchange,
    status::PeerState,
    store::{
        logs::{self, LogRow},
        peers::{self, PeerRow},
    },
    tls::address::HostPort,
    views::partners,
};

/// Endpoints that a partner may be given.
const ENDPOINTS: usize = 16;

/// Bytes of an id that people compare.
const FINGERPRINT: usize = 16;

#[tonic::async_trait]
impl Partners for Api {
    async fn list(
        &self,
        request: Request<wire::ListPartnersRequest>,
    ) -> Result<Response<wire::ListPartnersResponse>, Status> {
        let caller = self.permit("Partners.List", request.metadata()).await?;
        answer(list(self, caller).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetPartnerRequest>,
    ) -> Result<Response<wire::PartnerView>, Status> {
        let caller = self.permit("Partners.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn self_(
        &self,
        request: Request<wire::SelfRequest>,
    ) -> Result<Response<wire::PartnerView>, Status> {
        let caller = self.permit("Partners.Self", request.metadata()).await?;
        answer(one(self, caller, self.context.own.id.partner).await)
    }

    async fn add(
        &self,
        request: Request<wire::AddPartnerRequest>,
    ) -> Result<Response<wire::PartnerView>, Status> {
        let caller = self.permit("Partners.Add", request.metadata()).await?;
        answer(add(self, caller, request.into_inner()).await)
    }
}

async fn list(api: &Api, caller: Caller) -> Result<wire::ListPartnersResponse, Error> {
    let mut reading = api.read(caller).await?;
    let peers = peers::all(&reading.tx).await?;
    let known = partners::list(&reading.tx).await?;
    let mut views = Vec::with_capacity(known.len());
    for partner in &known {
        let peer = peers.iter().find(|peer| peer.partner == partner.partner());
        views.push(reading.partner_view(partner, peer).await?);
    }
    // Admitted, but nothing of its log has come yet.
    for peer in peers.iter().filter(|peer| known.iter().all(|partner| partner.partner() != peer.partner)) {
        views.push(peer_view(peer)?);
    }
    Ok(wire::ListPartnersResponse { partners: views })
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetPartnerRequest,
) -> Result<wire::PartnerView, Error> {
    let id =
        request::partner(&request.partner)?.ok_or_else(|| Error::new(Code::FieldRequired).at("partner"))?;
    one(api, caller, id).await
}

async fn one(api: &Api, caller: Caller, id: PartnerId) -> Result<wire::PartnerView, Error> {
    let mut reading = api.read(caller).await?;
    let peer = peers::find(&reading.tx, id).await?;
    match (partners::get(&reading.tx, &id).await?, peer) {
        (Some(partner), peer) => reading.partner_view(&partner, peer.as_ref()).await,
        (None, Some(peer)) => peer_view(&peer),
        (None, None) => Err(Error::new(Code::NotFound).at("partner")),
    }
}

async fn add(
    api: &Api,
    caller: Caller,
    request: wire::AddPartnerRequest,
) -> Result<wire::PartnerView, Error> {
    let endpoints = endpoints(&request.endpoints)?;
    let (id, descriptor) = introduced(api, &request, &endpoints).await?;
    let frozen = logs::of_partner(&api.context.db, id).await?.iter().any(|log| log.frozen);
    if frozen && peers::find(&api.context.db, id).await?.is_none() {
        return Err(Error::new(Code::LogFrozen).at("partner"));
    }
    let (endpoints, admitted_at) = (request.endpoints, api.context.env.now());
    let peer = PeerRow { partner: id, endpoints, descriptor, admitted_at, suspended: false };
    api.context.db.write(move |tx| async move { peers::admit(tx, &peer).await }.boxed()).await?;
    api.context.reload_peers().await?;
    one(api, caller, id).await
}

fn endpoints(asked: &[String]) -> Result<Vec<HostPort>, Error> {
    if asked.len() > ENDPOINTS {
        return Err(Error::new(Code::FieldTooMany).at("endpoints").with("limit", ENDPOINTS));
    }
    let parse = |(place, endpoint): (usize, &String)| {
        let invalid = || Error::new(Code::FieldInvalid).at(format!("endpoints[{place}]"));
        endpoint.parse().map_err(|_| invalid().with("expected", "host:port"))
    };
    asked.iter().enumerate().map(parse).collect()
}

/// Who is meant, and what introduced it if it wasn't known: the operator's file, or the endpoint that answers.
async fn introduced(
    api: &Api,
    request: &wire::AddPartnerRequest,
    endpoints: &[HostPort],
) -> Result<(PartnerId, Option<Vec<u8>>), Error> {
    let told = request.partner.as_slice();
    if !matches!(told.len(), 0 | FINGERPRINT | 32) {
        return Err(Error::new(Code::IdMalformed).at("partner"));
    }
    let own = api.context.own.id.partner;
    let (id, descriptor) = if !request.descriptor.is_empty() {
        let history = introduction::read(&request.descriptor).map_err(|refusal| refusal.at("descriptor"))?;
        if !history.partner().as_bytes().starts_with(told) {
            return Err(Error::new(Code::IdentityPartner).at("partner"));
        }
        (history.partner(), Some(request.descriptor.clone()))
    } else if told.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("descriptor"));
    } else if own.as_bytes().starts_with(told) {
        (own, None)
    } else if let Some(id) = known(api, told).await? {
        (id, None)
    } else if endpoints.is_empty() {
        // Reached through others, who will bring its log: the whole id says which.
        let id = PartnerId::try_from(told).map_err(|_| Error::new(Code::NotFound).at("partner"))?;
        (id, None)
    } else {
        let (id, descriptor) = exchange::introduce::ask(&api.context, told, endpoints).await?;
        (id, Some(descriptor))
    };
    if id == own { Err(Error::new(Code::PeerSelf).at("partner")) } else { Ok((id, descriptor)) }
}

/// The partner whose keys are here already and whose id begins like this.
async fn known(api: &Api, told: &[u8]) -> Result<Option<PartnerId>, Error> {
    let seen = partners::list(&api.context.db).await?.into_iter().map(|partner| partner.partner());
    let admitted = peers::all(&api.context.db).await?.into_iter();
    let introduced = admitted.filter(|peer| peer.descriptor.is_some()).map(|peer| peer.partner);
    Ok(seen.chain(introduced).find(|id| id.as_bytes().starts_with(told)))
}

/// A partner of which only the descriptor is known that the operator brought.
fn peer_view(peer: &PeerRow) -> Result<wire::PartnerView, Error> {
    let history = peer.descriptor.as_deref().map(introduction::read).transpose()?;
    let descriptor = history.as_ref().map(|history| history.newest().value().clone()).unwrap_or_default();
    let first = history.as_ref().and_then(|history| history.descriptors().next());
    Ok(wire::PartnerView {
        name: Some(partner_name(peer.partner, &descriptor)),
        kind: descriptor.kind.clone(),
        domain: descriptor.domain.clone(),
        endpoints: peer.endpoints.clone(),
        exchange: if peer.endpoints.is_empty() { "known" } else { "followed" }.to_owned(),
        descriptor: first.map(|first| first.bytes().to_vec()).unwrap_or_default(),
        ..wire::PartnerView::default()
    })
}

impl Reading<'_> {
    async fn partner_view(
        &mut self,
        partner: &partners::Partner,
        peer: Option<&PeerRow>,
    ) -> Result<wire::PartnerView, Error> {
        let id = partner.partner();
        let log = self.log(partner.place.log).await?;
        let info = partners::node_info(&self.tx, &id).await?.unwrap_or_default();
        let (organisations, listings) = partners::counts(&self.tx, &id).await?;
        let endpoints = peer.map(|peer| peer.endpoints.clone()).filter(|endpoints| !endpoints.is_empty());
        let carriers =
            info.carriers.iter().filter_map(|carrier| PartnerId::try_from(carrier.as_slice()).ok());
        Ok(wire::PartnerView {
            name: Some(partner_name(id, &partner.content)),
            kind: partner.content.kind.clone(),
            domain: partner.content.domain.clone(),
            portal: info.portal.clone(),
            exchange: self.exchange(id, endpoints.is_some(), carriers),
            endpoints: endpoints.unwrap_or(info.endpoints),
            provenance: Some(self.provenance(&partner.place, Some(&partner.statement)).await?),
            log: Some(self.log_view(&log.row).await?),
            own: id == self.api.context.own.id.partner,
            organisations,
            listings,
            descriptor: partners::first_body(&self.tx, &id).await?.unwrap_or_default(),
        })
    }

    /// How what the partner publishes comes here.
    fn exchange(&self, id: PartnerId, dialled: bool, carriers: impl Iterator<Item = PartnerId>) -> String {
        let context = &self.api.context;
        if id == context.own.id.partner {
            return String::new();
        }
        let connected: Vec<PartnerId> = context
            .status
            .all()
            .into_iter()
            .filter(|(_, peer)| peer.state == PeerState::Connected)
            .map(|(partner, _)| partner)
            .collect();
        if context.admits(&id) && (dialled || connected.contains(&id)) {
            return "followed".to_owned();
        }
        match carriers.into_iter().find(|carrier| connected.contains(carrier)) {
            Some(carrier) => format!("through {}", carrier.fingerprint()),
            None => "known".to_owned(),
        }
    }

    /// A log as it stands here.
    pub(super) async fn log_view(&self, log: &LogRow) -> Result<wire::LogView, Error> {
        let history = self.api.context.key_history(&self.tx, log).await?;
        let keys = history.newest().log_keys();
        Ok(wire::LogView {
            origin: log.origin.clone(),
            epoch: log.id.epoch,
            size: log.size,
            root: log.frontier.root().to_vec(),
            checkpoint: log.checkpoint.clone(),
            vkeys: vec![keys.note.to_string(), keys.mldsa44.to_string()],
            fresh: is_fresh(&self.api.context, log),
            frozen: log.frozen,
        })
    }

    /// All logs that are held.
    pub(super) async fn all_logs(&self) -> Result<Vec<LogRow>, Error> {
        Ok(logs::all(&self.tx).await?)
    }
}
