//! `record verify`: a proof file against a policy, without a node and without a
//! network. The check itself is `proto`'s, the same that the portal's page uses.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use volbridge_proto::{
    Code, kinds,
    record::Statement,
    tlog::{
        policy::Policy,
        tlog_proof::{TlogProof, VerifiedRecord},
    },
};

use crate::{
    lang::{Lang, say},
    output::{
        code,
        json::message_value,
        problem::{Outcome, Problem},
    },
    session::Session,
};

/// `record verify FILE --policy FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A .tlog-proof file
    pub proof: PathBuf,
    /// Whom you trust: a tlog-policy file [default: the file beside the proof that ends in .policy]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

pub fn run(session: &Session, args: &Args) -> Outcome {
    let lang = session.lang();
    let policy_file = args.policy.clone().unwrap_or_else(|| args.proof.with_extension("policy"));
    let policy = read(&policy_file, lang)?;
    let policy = Policy::parse(&policy).map_err(|refusal| {
        let (shown, why) = (policy_file.display(), code::refusal(&refusal, lang));
        let what = say!(lang, "{shown} is not a policy: {why}", "{shown} 不是策略文件：{why}");
        Problem { what, ..Problem::from(refusal) }
    })?;
    let file = read(&args.proof, lang)?;
    let verified = std::str::from_utf8(&file)
        .map_err(|_| volbridge_proto::Refusal::new(Code::ProofMalformed))
        .and_then(TlogProof::parse)
        .and_then(|proof| proof.verify(&policy));
    let verified = verified.map_err(|refusal| {
        let (shown, why) = (args.proof.display(), code::refusal(&refusal, lang));
        let what = say!(lang, "{shown} proves nothing: {why}", "{shown} 不能证明任何事：{why}");
        Problem { what, ..Problem::from(refusal) }
    })?;
    let value = facts(&verified);
    session.output.result(&value, || sentences(&verified, &value, lang));
    Ok(())
}

fn read(path: &Path, lang: Lang) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error: io::Error| {
        let shown = path.display();
        let what = say!(lang, "{shown} can't be read: {error}", "无法读取 {shown}：{error}");
        Problem { exit: 2, ..Problem::saying(Code::InputMalformed, what) }.hint(say!(
            lang,
            "give the proof and, with --policy, the policy; both come from `volbridge record export`",
            "请给出证明文件，并用 --policy 给出策略文件；二者由 volbridge record export 写出"
        ))
    })
}

/// What is proven, for programs.
fn facts(verified: &VerifiedRecord) -> Value {
    let body = verified.body();
    let witnesses: Vec<Value> = verified
        .witnesses()
        .map(|(name, at)| json!({ "name": name, "at": at.map(|at| at.to_string()) }))
        .collect();
    let checkpoint = verified.checkpoint();
    let mut value = json!({
        "verified": true,
        "hash": body.id,
        "partner": verified.log().partner,
        "fingerprint": verified.log().partner.fingerprint(),
        "log": checkpoint.origin,
        "epoch": verified.log().epoch,
        "index": verified.index(),
        "size": checkpoint.size,
        "root": hex::encode(checkpoint.root),
        "signed_at": verified.signed_at().map(|at| at.to_string()),
        "witnesses": witnesses,
        "sealed": body.statement().is_none(),
        "demonstration": is_demonstration(&checkpoint.origin),
    });
    if let Some(statement) = body.statement() {
        value["kind"] = json!(statement.kind);
        value["subject"] = json!(statement.subject);
        value["revision"] = json!(statement.revision);
        value["issued_at"] = json!(statement.issued_at.to_string());
        value["content"] = content(statement);
    }
    value
}

fn content(statement: &Statement) -> Value {
    let message = kinds::of(&statement.kind).map(|info| format!(".volbridge.record.v1.{}", info.message));
    message.map_or(Value::Null, |name| message_value(&name, &statement.payload))
}

/// The log's name says so for ever.
fn is_demonstration(origin: &str) -> bool {
    origin.split('/').next().unwrap_or_default().split('.').any(|label| label == "demo")
}

/// What is proven, for people; and what isn't.
fn sentences(verified: &VerifiedRecord, value: &Value, lang: Lang) -> String {
    let log = verified.log();
    let (fingerprint, origin) = (log.partner.fingerprint(), &verified.checkpoint().origin);
    let (index, size) = (verified.index(), verified.checkpoint().size);
    let hash = verified.body().id;
    let kind = value["kind"].as_str().map_or_else(|| say!(lang, "sealed", "密封记录"), str::to_owned);
    let at = verified.signed_at().map_or_else(|| "–".to_owned(), |at| at.to_string());
    let witnesses: Vec<&str> = verified.witnesses().map(|(name, _)| name).collect();
    let witnesses = if witnesses.is_empty() { "–".to_owned() } else { witnesses.join(", ") };
    let mut text = say!(
        lang,
        "The proof holds: not one byte was changed since it was signed.\n  record     {hash}  ({kind})\n  signed by  \
         {origin}\n             fingerprint {fingerprint}\n  entry      {index} of {size}\n  signed at  {at}\n  witnesses  {witnesses}",
        "证明成立：签署之后一个字节也没有改动。\n  记录      {hash}（{kind}）\n  签署者    {origin}\n            指纹 {fingerprint}\n  条目      \
         第 {index} 条，共 {size} 条\n  签署时间  {at}\n  见证者    {witnesses}"
    );
    if is_demonstration(origin) {
        text.push_str(&say!(
            lang,
            "\nThis is demonstration data: no organisation has published it.",
            "\n这是演示数据：没有任何机构发布过它。"
        ));
    }
    text.push_str(&say!(
        lang,
        "\nIt proves who said it, not that it is true, and not that it still stands: ask the partner for withdrawals.",
        "\n它证明是谁说的，不证明所言属实，也不证明至今有效：是否撤回请询问该伙伴。"
    ));
    text
}
