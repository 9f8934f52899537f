//! `listing withdraw` and its like. An agreement is ended, as its record stays.

use serde_json::{Value, json};
use volbridge_node::env::Env;
use volbridge_proto::{Code, wire::node::v1 as node};

use super::pick::{self, Target};
use crate::{
    client::Client,
    lang::say,
    noun::Noun,
    output::{
        json,
        problem::{Outcome, Problem},
    },
    session::Session,
};

/// `withdraw IDS`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ids (UUID): all revisions; or hashes of single records
    #[arg(required = true, value_name = "ID", value_parser = pick::target)]
    pub targets: Vec<Target>,
    /// withdrawn, expired, superseded or ordered; for an agreement: why it ends
    #[arg(long, default_value = "withdrawn")]
    pub reason: String,
}

pub async fn run(session: &Session, noun: Noun, args: Args) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    for (done, target) in args.targets.iter().enumerate() {
        let answer = match noun {
            Noun::Agreement => end(&client, *target, &args.reason, session).await,
            _ => withdraw(&client, *target, &args.reason).await,
        };
        let value = answer.map_err(|problem| {
            let left = args.targets.len() - done;
            problem.kept(say!(lang, "{done} withdrawn, {left} not.", "已撤回 {done} 项，未撤回 {left} 项。"))
        })?;
        let name = match target {
            Target::Record(id) => id.to_string(),
            Target::Subject(id) => id.to_string(),
        };
        let index = &value["record"]["index"];
        let text = say!(
            lang,
            "{name} withdrawn (entry {index}); partners erase their copies and sign for it",
            "{name} 已撤回（条目 {index}）；各伙伴将删除副本并签出回执"
        );
        session.output.result(&value, || text);
    }
    Ok(())
}

async fn withdraw(client: &Client, target: Target, reason: &str) -> Outcome<Value> {
    let (hashes, subject) = match target {
        Target::Record(id) => (vec![id.to_vec()], Vec::new()),
        Target::Subject(id) => (Vec::new(), id.to_vec()),
    };
    let request =
        node::WithdrawRequest { hashes, subject, reason: reason.to_owned(), idempotency_key: new_key() };
    let answer = client.records().withdraw(request).await?.into_inner();
    Ok(json::node("Published", &answer))
}

async fn end(client: &Client, target: Target, reason: &str, session: &Session) -> Outcome<Value> {
    let agreement = match target {
        Target::Record(id) => id.to_vec(),
        Target::Subject(id) => {
            let own =
                client.partners().self_(node::SelfRequest {}).await?.into_inner().name.unwrap_or_default().id;
            let all = client.agreements().list(node::ListAgreementsRequest {}).await?.into_inner();
            let is_meant = |view: &&node::AgreementView| {
                view.subject == id.to_vec() && view.partner.as_ref().is_some_and(|partner| partner.id == own)
            };
            let lang = session.lang();
            let unknown = || {
                Problem::saying(Code::NotFound, say!(lang, "no own agreement {id}", "本伙伴没有协议 {id}"))
            };
            all.agreements
                .iter()
                .find(is_meant)
                .and_then(|view| view.provenance.clone())
                .ok_or_else(unknown)?
                .hash
        }
    };
    let request =
        node::EndAgreementRequest { agreement, reason: reason.to_owned(), idempotency_key: new_key() };
    let answer = client.agreements().end(request).await?.into_inner();
    let mut value = json::node("Published", &answer);
    value["ended"] = json!(true);
    Ok(value)
}

/// Another call is another withdrawal.
fn new_key() -> String {
    format!("cli-{}", hex::encode(Env::system().bytes::<16>()))
}
