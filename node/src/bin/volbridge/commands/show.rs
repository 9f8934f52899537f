//! `listing show` and its like: one, with everything that is known of it.

use serde_json::Value;
use volbridge_proto::{Code, SubjectId, wire::node::v1 as node};

use super::{
    list::record_value,
    pick::{self, Target},
};
use crate::{
    client::Client,
    lang::say,
    noun::Noun,
    output::{
        json,
        pretty::pretty,
        problem::{Outcome, Problem},
    },
    session::Session,
};

/// `show ID`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id (UUID), or a record's hash
    #[arg(value_name = "ID", value_parser = pick::target)]
    pub target: Target,
    /// Whose, if several partners use the same id
    #[arg(long)]
    pub partner: Option<String>,
    /// Why a profile is opened: goes to the access log
    #[arg(long, default_value = "")]
    pub purpose: String,
}

pub async fn run(session: &Session, noun: Noun, args: Args) -> Outcome {
    let client = session.connect().await?;
    let value = match (noun, args.target) {
        (Noun::Profile, target) => profile(session, &client, target, args.purpose).await?,
        (_, Target::Record(id)) => {
            let record =
                client.records().get(node::GetRecordRequest { hash: id.to_vec() }).await?.into_inner();
            record_value(&record)
        }
        (_, Target::Subject(id)) => {
            let partner = pick::maybe_partner(&client, args.partner.as_deref(), session.lang()).await?;
            subject(session, &client, noun, id, partner).await?
        }
    };
    session.output.result(&value, || pretty(&value));
    Ok(())
}

async fn subject(
    session: &Session,
    client: &Client,
    noun: Noun,
    id: SubjectId,
    partner: Vec<u8>,
) -> Outcome<Value> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner };
    Ok(match noun {
        Noun::Listing => json::node("ListingView", &client.listings().get(request).await?.into_inner()),
        Noun::Organisation => {
            json::node("OrganisationView", &client.organisations().get(request).await?.into_inner())
        }
        Noun::Conference => {
            json::node("ConferenceView", &client.conferences().get(request).await?.into_inner())
        }
        Noun::Material => json::node("MaterialView", &client.materials().get(request).await?.into_inner()),
        Noun::Agreement => {
            let all = client.agreements().list(node::ListAgreementsRequest {}).await?.into_inner();
            let found = all.agreements.iter().find(|view| view.subject == id.to_vec());
            json::node("AgreementView", found.ok_or_else(|| missing(session, noun, id))?)
        }
        Noun::Translation | Noun::Profile => return Err(missing(session, noun, id)),
    })
}

async fn profile(session: &Session, client: &Client, target: Target, purpose: String) -> Outcome<Value> {
    let lang = session.lang();
    if purpose.is_empty() {
        let what = say!(lang, "a profile is opened for a purpose", "打开档案须说明用途");
        return Err(Problem::usage(what).hint(say!(
            lang,
            "--purpose \"placement of …\": it goes to the access log",
            "--purpose “安置……”：将写入访问日志"
        )));
    }
    let hash = match target {
        Target::Record(id) => id.to_vec(),
        Target::Subject(id) => hash_of(session, client, id).await?,
    };
    let view = client.profiles().get(node::GetProfileRequest { hash, purpose }).await?.into_inner();
    Ok(json::node("ProfileView", &view))
}

async fn hash_of(session: &Session, client: &Client, id: SubjectId) -> Outcome<Vec<u8>> {
    let mut cursor = String::new();
    loop {
        let request = node::ListProfilesRequest { limit: 100, cursor };
        let page = client.profiles().list(request).await?.into_inner();
        let found = page.profiles.into_iter().find(|summary| summary.subject == id.to_vec());
        if let Some(provenance) = found.and_then(|summary| summary.provenance) {
            return Ok(provenance.hash);
        }
        if page.next_cursor.is_empty() {
            return Err(missing(session, Noun::Profile, id));
        }
        cursor = page.next_cursor;
    }
}

fn missing(session: &Session, noun: Noun, id: SubjectId) -> Problem {
    let lang = session.lang();
    let word = noun.word();
    Problem::saying(Code::NotFound, say!(lang, "this node holds no {word} {id}", "本节点没有 {word} {id}"))
        .hint(say!(lang, "see: volbridge {word} list", "请看：volbridge {word} list"))
}
