//! `partner`: whom this node exchanges with.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use volbridge_proto::{Code, PartnerId, identity::introduction, wire::node::v1 as node};

use super::{
    list::{partner_name, text},
    pick,
};
use crate::{
    client::Client,
    lang::{Lang, say},
    output::{
        json,
        pretty::pretty,
        problem::{Outcome, Problem},
    },
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Admit a partner, by its descriptor file, or by endpoint and fingerprint
    Add(Add),
    /// Partners, how exchange with each goes, and its last error
    List,
    /// One partner; this node's own with --self
    Show(Show),
    /// Write a partner's descriptor, for another operator to add: this node's own unless one is named
    Export(Export),
}

#[derive(Debug, clap::Args)]
pub struct Add {
    /// File from `volbridge partner export`
    #[arg(value_name = "DESCRIPTOR")]
    pub file: Option<PathBuf>,
    /// The same, as an option
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub descriptor: Option<PathBuf>,
    /// Where its node is reached; without one it is reached through others
    #[arg(long = "endpoint", value_name = "HOST:PORT")]
    pub endpoints: Vec<String>,
    /// Its fingerprint or id, as its operator told you
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// Id, fingerprint, domain or name
    #[arg(required_unless_present = "own", conflicts_with = "own")]
    pub partner: Option<String>,
    /// This node's own partner
    #[arg(long = "self")]
    pub own: bool,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// Id, fingerprint, domain or name
    pub partner: Option<String>,
    /// Where the descriptor goes [default: DOMAIN.descriptor]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Add(args) => add(session, args).await,
        Command::List => list(session).await,
        Command::Show(args) => show(session, args).await,
        Command::Export(args) => export(session, args).await,
    }
}

async fn add(session: &Session, args: Add) -> Outcome {
    let lang = session.lang();
    let descriptor = args.file.or(args.descriptor).map(|path| read(&path, lang)).transpose()?;
    let told = args.fingerprint.as_deref().map(|text| digits(text, lang)).transpose()?;
    let partner = match (&descriptor, told) {
        (Some((id, _)), Some(told)) if !id.as_bytes().starts_with(&told) => return Err(mismatch(id, lang)),
        (Some((id, _)), _) => id.to_vec(),
        (None, Some(told)) if !args.endpoints.is_empty() => told,
        (None, _) => {
            let what = say!(
                lang,
                "a descriptor file is needed, or --endpoint and --fingerprint",
                "需要描述文件，或同时给出 --endpoint 和 --fingerprint"
            );
            return Err(Problem::usage(what));
        }
    };
    let client = session.connect().await?;
    let own = client.partners().self_(node::SelfRequest {}).await?.into_inner();
    let request = node::AddPartnerRequest {
        descriptor: descriptor.map(|(_, bytes)| bytes).unwrap_or_default(),
        partner,
        endpoints: args.endpoints,
    };
    let added = client.partners().add(request).await.map_err(|status| refused(status.into(), lang))?;
    let added = added.into_inner();
    let value = json::node("PartnerView", &added);
    session.output.result(&value, || compare(&own, &added, lang));
    Ok(())
}

/// Why the node admitted nobody, in terms of what was asked of it.
fn refused(problem: Problem, lang: Lang) -> Problem {
    let param = |name: &str| {
        let params = problem.refusal.iter().flat_map(|refusal| &refusal.params);
        params.filter(|(key, _)| key == name).map(|(_, value)| value.clone()).next().unwrap_or_default()
    };
    let (endpoint, found, why) = (param("endpoint"), param("found"), param("why"));
    let (what, hint) = match problem.code {
        Code::IdentityPartner if !found.is_empty() => (
            say!(
                lang,
                "another node than the one that you were told answers at {endpoint}: its fingerprint is {found}",
                "{endpoint} 应答的不是您得知的节点：其指纹为 {found}"
            ),
            say!(
                lang,
                "ask the other operator for endpoint and fingerprint again, over a way that nobody else can change",
                "请通过他人无法篡改的渠道再次向对方确认地址和指纹"
            ),
        ),
        Code::PeerKey => (
            say!(
                lang,
                "who answers at {endpoint} shows the partner's descriptor but doesn't hold its TLS key",
                "{endpoint} 的应答者出示了该伙伴的描述，却没有其 TLS 密钥"
            ),
            say!(
                lang,
                "somebody may pose as the partner: tell the other operator, and ask where its node is reached",
                "可能有人冒充该伙伴：请告知对方运维者，并确认其节点的地址"
            ),
        ),
        Code::PeerUnreachable | Code::PeerSlow => (
            say!(lang, "nobody could be asked at {endpoint}: {why}", "无法向 {endpoint} 询问：{why}"),
            say!(
                lang,
                "see with the other operator whether its node runs and its exchange port is open to you, or ask for its \
                 descriptor file",
                "请与对方运维者确认其节点正在运行且交换端口对您开放，或索取其描述文件"
            ),
        ),
        Code::PeerProtocol => (
            say!(
                lang,
                "what answers at {endpoint} doesn't say whose node it is: {why}",
                "{endpoint} 的应答者没有说明是谁的节点：{why}"
            ),
            say!(
                lang,
                "give the port of its exchange, not of its portal or API; or ask for its descriptor file",
                "请使用对方的交换端口，而非门户或接口的端口；或索取其描述文件"
            ),
        ),
        Code::PeerSelf => (
            String::new(),
            say!(
                lang,
                "give the endpoint and the fingerprint of the other node, not of this one",
                "请给出对方节点的地址和指纹，而非本节点的"
            ),
        ),
        Code::LogFrozen => (
            String::new(),
            say!(
                lang,
                "two signed histories of this partner's log are known here: settle with its operator which one is false \
                 before you exchange anything",
                "本节点已知该伙伴日志有两份签名历史：请先与对方运维者查明哪一份是假的，再交换任何内容"
            ),
        ),
        _ => (String::new(), String::new()),
    };
    Problem { what, hint, ..problem }.kept(say!(lang, "No partner was added.", "没有添加任何伙伴。"))
}

/// Both fingerprints, as both operators should read them to each other.
fn compare(own: &node::PartnerView, added: &node::PartnerView, lang: Lang) -> String {
    let fingerprint = |view: &node::PartnerView| view.name.clone().unwrap_or_default().fingerprint;
    let value = json::node("PartnerView", added);
    let name = partner_name(value.get("name"), lang);
    let (theirs, ours) = (fingerprint(added), fingerprint(own));
    say!(
        lang,
        "{name} is admitted.\n  their fingerprint  {theirs}\n  your fingerprint   {ours}\nCompare both with their operator \
         over a second way (by telephone, face to face) before you rely on it.",
        "已接纳 {name}。\n  对方指纹  {theirs}\n  本方指纹  {ours}\n请先通过另一渠道（电话、当面）与对方运维者核对这两个指纹。"
    )
}

/// Whose descriptor a file holds, and its bytes.
fn read(path: &PathBuf, lang: Lang) -> Outcome<(PartnerId, Vec<u8>)> {
    let shown = path.display();
    let unread = |error: &dyn std::fmt::Display| {
        let what =
            say!(lang, "{shown} is not a partner's descriptor: {error}", "{shown} 不是伙伴描述文件：{error}");
        Problem::saying(Code::InputMalformed, what)
            .kept(say!(lang, "No partner was added.", "没有添加任何伙伴。"))
            .hint(say!(
                lang,
                "ask the other operator for the file that `volbridge partner export` writes",
                "请向对方索取 volbridge partner export 所写的文件"
            ))
    };
    let body = fs::read(path).map_err(|error| unread(&error))?;
    let history = introduction::read(&body).map_err(|refusal| unread(&refusal))?;
    Ok((history.partner(), body))
}

/// The bytes of a fingerprint (16) or an id (32), however it is spaced.
fn digits(text: &str, lang: Lang) -> Outcome<Vec<u8>> {
    let hex: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':' && *c != '-').collect();
    let bytes = hex::decode(hex.to_ascii_lowercase()).unwrap_or_default();
    if matches!(bytes.len(), 16 | 32) {
        Ok(bytes)
    } else {
        Err(Problem::usage(say!(
            lang,
            "\"{text}\" is not a fingerprint: eight groups of four hex digits, or all 64 digits of the id",
            "“{text}”不是指纹：应为八组、每组四位的十六进制数，或编号的全部 64 位"
        )))
    }
}

fn mismatch(id: &PartnerId, lang: Lang) -> Problem {
    let found = id.fingerprint();
    let what = say!(
        lang,
        "the descriptor has another fingerprint than the one that you were told: {found}",
        "描述文件的指纹与您得知的不同：{found}"
    );
    Problem::saying(Code::IdentityPartner, what)
        .kept(say!(lang, "No partner was added.", "没有添加任何伙伴。"))
        .hint(say!(
            lang,
            "ask the other operator again, over a way that nobody else can change",
            "请通过他人无法篡改的渠道再次向对方确认"
        ))
}

async fn list(session: &Session) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let partners = client.partners().list(node::ListPartnersRequest {}).await?.into_inner().partners;
    let status = match client.network().status(node::StatusRequest {}).await {
        Ok(status) => status.into_inner(),
        // Without the operator's token the list still stands.
        Err(_) => node::StatusResponse::default(),
    };
    let values: Vec<Value> = partners.iter().map(|view| with_status(view, &status)).collect();
    let rows: Vec<Vec<String>> = values.iter().map(|value| row(value, lang)).collect();
    let headings = match lang {
        Lang::En => ["partner", "fingerprint", "exchange", "log", "lag", "listings", "last error"],
        Lang::Zh => ["伙伴", "指纹", "交换", "日志", "滞后", "项目", "最近的错误"],
    };
    let empty = say!(lang, "no partner yet: volbridge partner add", "还没有伙伴：volbridge partner add");
    session.output.rows(&values, &headings, &rows, &empty);
    Ok(())
}

fn with_status(view: &node::PartnerView, status: &node::StatusResponse) -> Value {
    let mut value = json::node("PartnerView", view);
    let id = view.name.as_ref().map(|name| name.id.clone()).unwrap_or_default();
    let of = |partner: &Option<node::PartnerName>| partner.as_ref().is_some_and(|partner| partner.id == id);
    if let Some(peer) = status.peers.iter().find(|peer| of(&peer.partner)) {
        value["connection"] = json::node("PeerStatus", peer);
    }
    let followed = status.logs.iter().find(|log| of(&log.partner));
    let size = followed.and_then(|log| log.log.as_ref()).map(|log| log.size);
    value["lag"] = json!(followed.map(|log| log.known_size.saturating_sub(size.unwrap_or_default())));
    value["id"] = json!(json::id_or_base64(&id));
    value
}

fn row(value: &Value, lang: Lang) -> Vec<String> {
    let at = |path: &str| text(value.pointer(path));
    let own = value["own"].as_bool() == Some(true);
    let exchange = match (own, at("/connection/state")) {
        (true, _) => say!(lang, "this node", "本节点"),
        (false, state) if !state.is_empty() => state,
        (false, _) => at("/exchange"),
    };
    let frozen = if value.pointer("/log/frozen").and_then(Value::as_bool) == Some(true) {
        say!(lang, " frozen", " 已冻结")
    } else {
        String::new()
    };
    let error = [at("/connection/error"), at("/connection/detail")].join(" ");
    vec![
        partner_name(value.get("name"), lang),
        at("/name/fingerprint"),
        exchange,
        at("/log/size") + &frozen,
        at("/lag"),
        at("/listings"),
        error.trim().to_owned(),
    ]
}

async fn show(session: &Session, args: Show) -> Outcome {
    let client = session.connect().await?;
    let view = view(session, &client, args.partner.as_deref()).await?;
    let value = json::node("PartnerView", &view);
    session.output.result(&value, || pretty(&value));
    Ok(())
}

async fn view(session: &Session, client: &Client, partner: Option<&str>) -> Outcome<node::PartnerView> {
    let Some(text) = partner else {
        return Ok(client.partners().self_(node::SelfRequest {}).await?.into_inner());
    };
    let partner = pick::partner(client, text, session.lang()).await?.to_vec();
    Ok(client.partners().get(node::GetPartnerRequest { partner }).await?.into_inner())
}

async fn export(session: &Session, args: Export) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let view = view(session, &client, args.partner.as_deref()).await?;
    let path = args.out.unwrap_or_else(|| format!("{}.descriptor", view.domain).into());
    let shown = path.display().to_string();
    fs::write(&path, &view.descriptor).map_err(|error| {
        Problem::saying(
            Code::Internal,
            say!(lang, "{shown} can't be written: {error}", "无法写入 {shown}：{error}"),
        )
    })?;
    let fingerprint = view.name.clone().unwrap_or_default().fingerprint;
    let value = json!({ "file": shown, "fingerprint": fingerprint, "endpoints": view.endpoints });
    session.output.result(&value, || {
        say!(
            lang,
            "{shown}\n  fingerprint  {fingerprint}\nGive the file to the other operator, and tell the fingerprint over a second way.",
            "{shown}\n  指纹  {fingerprint}\n请把文件交给对方运维者，并通过另一渠道告知指纹。"
        )
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_however_they_are_spaced() {
        let spaced = "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f";
        assert_eq!(digits(spaced, Lang::En).unwrap().len(), 16);
        assert_eq!(digits(&spaced.replace(' ', ":").to_uppercase(), Lang::En).unwrap().len(), 16);
        assert_eq!(digits(&"ab".repeat(32), Lang::En).unwrap().len(), 32);
        for wrong in ["", "00", &"ab".repeat(31), "zz".repeat(16).as_str()] {
            assert_eq!(digits(wrong, Lang::En).unwrap_err().exit, 2, "{wrong}");
        }
    }
}
