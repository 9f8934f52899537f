//! `handover`: an organisation moves with its listings from one partner to another, each of which publishes its half.

use serde_json::json;
use volbridge_proto::{Code, RecordId, SubjectId, wire::node::v1 as node};

use super::pick;
use crate::{
    client::Client,
    lang::say,
    output::{
        json::id_or_base64,
        problem::{Outcome, Problem},
    },
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What is offered, by this partner and to it
    List,
    /// Offer an organisation to another partner; it can't be taken back
    Offer(Offer),
    /// Take an organisation over, with its listings
    Accept(Accept),
}

#[derive(Debug, clap::Args)]
pub struct Offer {
    /// Id of the organisation
    #[arg(value_parser = pick::subject)]
    pub organisation: SubjectId,
    /// Partner that may take it over: id, fingerprint, domain or name
    #[arg(long)]
    pub to: String,
    /// Last day on which it may, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub until: String,
}

#[derive(Debug, clap::Args)]
pub struct Accept {
    /// The offer: its record's hash
    #[arg(value_parser = pick::record)]
    pub offer: RecordId,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    let client = session.connect().await?;
    match command {
        Command::List => list(session, &client).await,
        Command::Offer(args) => offer(session, &client, args).await,
        Command::Accept(args) => accept(session, &client, args.offer).await,
    }
}

async fn all(client: &Client) -> Outcome<Vec<node::HandoverView>> {
    Ok(client.handovers().list(node::ListHandoversRequest {}).await?.into_inner().handovers)
}

async fn list(session: &Session, client: &Client) -> Outcome {
    let lang = session.lang();
    let partner = |name: &Option<node::PartnerName>| {
        name.as_ref().map(|name| id_or_base64(&name.id)).unwrap_or_default()
    };
    for view in all(client).await? {
        let state = match view.state() {
            node::HandoverState::Open => "open",
            node::HandoverState::Moved => "moved",
            node::HandoverState::RunOut => "run_out",
        };
        let offer = id_or_base64(&view.first);
        let organisation = SubjectId::try_from(view.organisation.as_slice())?.to_string();
        let value = json!({
            "offer": offer, "organisation": organisation, "from": partner(&view.from), "to": partner(&view.to),
            "until": view.until, "state": state, "moved_on": view.moved_on, "left": view.left,
        });
        session.output.result(&value, || {
            let name = view.names.first().map(|name| name.text.clone()).unwrap_or_default();
            let until = &view.until;
            say!(lang, "{offer}  {name}  {state}, until {until}", "{offer}  {name}  {state}，至 {until}")
        });
    }
    Ok(())
}

async fn offer(session: &Session, client: &Client, args: Offer) -> Outcome {
    let lang = session.lang();
    let to = pick::partner(client, &args.to, lang).await?;
    let request = node::OfferHandoverRequest {
        organisation: args.organisation.to_vec(),
        to: to.to_vec(),
        until: args.until,
        idempotency_key: String::new(),
    };
    let published = client.handovers().offer(request).await?.into_inner();
    let hash = published.provenance.map(|provenance| id_or_base64(&provenance.hash)).unwrap_or_default();
    session.output.result(&json!({ "offer": hash }), || hash.clone());
    Ok(())
}

/// Each call takes some hundred listings over.
async fn accept(session: &Session, client: &Client, offer: RecordId) -> Outcome {
    let lang = session.lang();
    let known = all(client).await?.into_iter().find(|view| view.first == offer.as_bytes());
    let partner = known.and_then(|view| view.from).map(|name| name.id).ok_or_else(|| {
        Problem::saying(Code::NotFound, say!(lang, "no such offer is known here", "这里没有这项移交"))
    })?;
    let request = node::AcceptHandoverRequest { partner, first: offer.to_vec() };
    let mut listings = 0;
    let organisation = loop {
        let taken = client.handovers().accept(request.clone()).await?.into_inner();
        listings += taken.listings;
        if taken.listings == 0 {
            break SubjectId::try_from(taken.organisation.as_slice())?.to_string();
        }
    };
    session.output.result(&json!({ "organisation": organisation, "listings": listings }), || {
        say!(lang, "{organisation}, with {listings} listings", "{organisation}，含 {listings} 个项目")
    });
    Ok(())
}
