//! `log`: what a log holds, and whether its entries give its signed root.

use serde_json::json;
use volbridge_proto::{Code, wire::node::v1 as node};

use super::{
    evidence,
    list::{record_value, text},
    pick,
};
use crate::{
    client::Client,
    lang::{Lang, say},
    output::{
        json,
        problem::{Outcome, Problem},
    },
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The checkpoint and the entries
    Show(Show),
    /// Recompute the root from the stored entries and compare it with the signed one
    Verify(Which),
    /// What proves that a log has two signed histories; and the check of such a file
    Evidence(evidence::Args),
}

#[derive(Debug, clap::Args)]
pub struct Which {
    /// Whose log: id, fingerprint, domain or name [default: this node's own]
    pub partner: Option<String>,
    /// Which epoch [default: the newest]
    #[arg(long, default_value_t = 0)]
    pub epoch: u64,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    pub which: Which,
    /// The first entry
    #[arg(long, default_value_t = 0)]
    pub start: u64,
    /// How many entries
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// The signed checkpoint alone
    #[arg(long)]
    pub checkpoint: bool,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Show(args) => show(session, args).await,
        Command::Verify(args) => verify(session, args).await,
        Command::Evidence(args) => evidence::run(session, args).await,
    }
}

pub(super) async fn request(session: &Session, client: &Client, which: &Which) -> Outcome<node::LogRequest> {
    let partner = pick::maybe_partner(client, which.partner.as_deref(), session.lang()).await?;
    Ok(node::LogRequest { partner, epoch: which.epoch })
}

async fn show(session: &Session, args: Show) -> Outcome {
    let client = session.connect().await?;
    let log = request(session, &client, &args.which).await?;
    if args.checkpoint {
        let note = client.logs().checkpoint(log).await?.into_inner().note;
        session.output.result(&json!({ "checkpoint": note }), || note.clone());
        return Ok(());
    }
    let lang = session.lang();
    let (mut entries, mut size) = (Vec::new(), 0);
    while entries.len() < args.limit as usize {
        let start = args.start + entries.len() as u64;
        let limit = (args.limit - u32::try_from(entries.len()).unwrap_or(args.limit)).min(100);
        let ask = node::EntriesRequest { log: Some(log.clone()), start, limit };
        let page = client.logs().entries(ask).await?.into_inner();
        size = page.size;
        if page.entries.is_empty() {
            break;
        }
        entries.extend(page.entries);
    }
    let values: Vec<_> = entries.iter().map(record_value).collect();
    let rows: Vec<_> = values
        .iter()
        .map(|value| {
            let at = |path: &str| text(value.pointer(path));
            vec![at("/record/index"), at("/record/hash"), at("/state"), at("/kind"), at("/refused")]
        })
        .collect();
    let headings = match lang {
        Lang::En => ["entry", "hash", "state", "kind", "refused"],
        Lang::Zh => ["条目", "哈希", "状态", "种类", "拒绝原因"],
    };
    session.output.rows(&values, &headings, &rows, &say!(lang, "no entry here", "此处没有条目"));
    session.output.hint(&say!(lang, "the log has {size} entries", "日志共有 {size} 个条目"));
    Ok(())
}

async fn verify(session: &Session, args: Which) -> Outcome {
    let client = session.connect().await?;
    let log = request(session, &client, &args).await?;
    let lang = session.lang();
    let answer = client.logs().verify(log).await?.into_inner();
    let (size, root) = (answer.size, hex::encode(&answer.root));
    if !answer.matches || !answer.faults.is_empty() {
        let faults = answer.faults.join("\n  ");
        let what = say!(
            lang,
            "the log's {size} entries don't give its signed root:\n  {faults}",
            "日志的 {size} 个条目与签署的根不符：\n  {faults}"
        );
        return Err(Problem::saying(Code::CheckpointRoot, what).hint(say!(
            lang,
            "run volbridge fsck, keep the data folder, and restore from a backup or a partner",
            "请运行 volbridge fsck，保留数据目录，并从备份或伙伴处恢复"
        )));
    }
    let value = json::node("VerifyLogResponse", &answer);
    session.output.result(&value, || {
        say!(lang, "{size} entries give the signed root {root}", "{size} 个条目与签署的根一致：{root}")
    });
    Ok(())
}
