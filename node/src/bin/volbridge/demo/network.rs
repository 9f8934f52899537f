//! The three nodes as they run: a connection to each, who admits whom, and whether
//! everyone has everything. BVF and UNV meet, UNV and AVI meet; BVF and AVI know
//! each other, and what they send each other goes through UNV.

use std::{collections::BTreeMap, time::Duration};

use volbridge_proto::{PartnerId, wire::node::v1 as node};

use super::{
    children::last_lines,
    layout::Site,
    wait::{portal_answers, until},
};
use crate::{
    client::Client,
    lang::{Lang, say},
    output::problem::Outcome,
};

/// A node of a slow machine takes this long to open its database the first time.
const START: Duration = Duration::from_secs(90);
const EXCHANGE: Duration = Duration::from_secs(180);

/// The carrier between those that don't meet.
pub const CARRIER: &str = "unv";

/// One running node.
pub struct Member {
    pub site: Site,
    pub token: String,
    pub client: Client,
    pub id: PartnerId,
    descriptor: Vec<u8>,
}

/// All of them, in the order of the content.
pub struct Network {
    pub members: Vec<Member>,
    lang: Lang,
}

impl Network {
    /// Connects to each as soon as it answers.
    pub async fn connect(sites: &[Site], tokens: &[String], lang: Lang) -> Outcome<Self> {
        let mut members = Vec::new();
        for (site, token) in sites.iter().zip(tokens) {
            let client = Client::lazy(&site.api(), Some(token), lang)?;
            let short = site.short();
            until(START, || async {
                client.partners().self_(node::SelfRequest {}).await.err().map(|status| {
                    let (why, log) = (status.message(), last_lines(site, lang));
                    say!(
                        lang,
                        "{short}'s node doesn't answer: {why}\n  {log}",
                        "{short} 的节点没有应答：{why}\n  {log}"
                    )
                })
            })
            .await?;
            let own = client.partners().self_(node::SelfRequest {}).await?.into_inner();
            let id = PartnerId::try_from(own.name.unwrap_or_default().id.as_slice())?;
            let (site, token) = (site.clone(), token.clone());
            members.push(Member { site, token, client, id, descriptor: own.descriptor });
        }
        Ok(Self { members, lang })
    }

    /// The member with this key.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.site.key == key)
    }

    /// The ids of all, by key.
    pub fn ids(&self) -> BTreeMap<&'static str, PartnerId> {
        self.members.iter().map(|member| (member.site.key, member.id)).collect()
    }

    /// Each admits the others; only the carrier's neighbours are told where to call.
    pub async fn admit(&self) -> Outcome {
        for one in &self.members {
            for other in self.members.iter().filter(|other| other.id != one.id) {
                let meet = one.site.key == CARRIER || other.site.key == CARRIER;
                let request = node::AddPartnerRequest {
                    descriptor: other.descriptor.clone(),
                    partner: other.id.to_vec(),
                    endpoints: if meet { vec![other.site.exchange()] } else { Vec::new() },
                };
                one.client.partners().add(request).await?;
            }
        }
        Ok(())
    }

    /// Until each has everyone's log as far as its author.
    pub async fn agree(&self) -> Outcome {
        until(EXCHANGE, || async { self.behind().await.unwrap_or_else(|why| Some(why.message().to_owned())) })
            .await
    }

    /// Who lacks what.
    async fn behind(&self) -> Result<Option<String>, tonic::Status> {
        let mut sizes: BTreeMap<PartnerId, u64> = BTreeMap::new();
        for member in &self.members {
            let own = member.client.partners().self_(node::SelfRequest {}).await?.into_inner();
            sizes.insert(member.id, own.log.unwrap_or_default().size);
        }
        for member in &self.members {
            let status = member.client.network().status(node::StatusRequest {}).await?.into_inner();
            for other in self.members.iter().filter(|other| other.id != member.id) {
                let log = status
                    .logs
                    .iter()
                    .find(|log| log.partner.as_ref().is_some_and(|partner| partner.id == other.id.to_vec()));
                let has = log.and_then(|log| log.log.as_ref()).map_or(0, |log| log.size);
                let wanted = log.map_or(0, |log| log.wanted);
                let needs = sizes.get(&other.id).copied().unwrap_or_default();
                if has < needs || wanted > 0 {
                    let (who, whose, lang) = (member.site.short(), other.site.short(), self.lang);
                    let errors = errors(&status);
                    return Ok(Some(say!(
                        lang,
                        "{who} has {has} of {needs} entries of {whose}'s log, {wanted} without their content{errors}",
                        "{who} 只有 {whose} 日志 {needs} 条中的 {has} 条，其中 {wanted} 条缺正文{errors}"
                    )));
                }
            }
        }
        Ok(None)
    }

    /// Until every portal answers.
    pub async fn portals(&self) -> Outcome {
        let lang = self.lang;
        for member in &self.members {
            let (short, port) = (member.site.short(), member.site.ports.portal);
            until(START, || async {
                let missing = || {
                    let log = last_lines(&member.site, lang);
                    say!(
                        lang,
                        "{short}'s portal on port {port} isn't ready\n  {log}",
                        "{short} 的门户（端口 {port}）尚未就绪\n  {log}"
                    )
                };
                (!portal_answers(port).await).then(missing)
            })
            .await?;
        }
        Ok(())
    }
}

/// What the node says about its peers that don't answer.
fn errors(status: &node::StatusResponse) -> String {
    let failing = status.peers.iter().filter(|peer| !peer.error.is_empty());
    failing
        .map(|peer| format!("\n  {} {}: {} {}", peer.endpoint, peer.state, peer.error, peer.detail))
        .collect()
}
