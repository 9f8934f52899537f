//! `fsck`: every stored entry against its log, every body against its leaf, every
//! blob against its hash.

use volbridge_proto::{Code, wire::node::v1 as node};

use crate::{
    lang::say,
    output::{
        json,
        problem::{Outcome, Problem},
    },
    session::Session,
};

/// What is done about what is found.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Put right what can be, and ask partners again for damaged bodies and files
    #[arg(long)]
    repair: bool,
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let answer = client.maintenance().fsck(node::FsckRequest { repair: args.repair }).await?.into_inner();
    let node::FsckResponse { entries, bodies, blobs, ref faults, ref repaired } = answer;
    for what in repaired {
        session.output.hint(&say!(lang, "repaired: {what}", "已修复：{what}"));
    }
    if !faults.is_empty() {
        let (count, list) = (faults.len(), faults.join("\n  "));
        let what = say!(lang, "{count} fault(s):\n  {list}", "发现 {count} 处错误：\n  {list}");
        return Err(Problem::saying(Code::StoreCorrupt, what).hint(say!(
            lang,
            "run: volbridge fsck --repair. What stays: stop the node, copy the data folder, restore it from a backup",
            "请运行：volbridge fsck --repair。若仍有错误：停止节点、复制数据目录，再从备份恢复"
        )));
    }
    session.output.result(&json::node("FsckResponse", &answer), || {
        say!(
            lang,
            "no fault: {entries} entries, {bodies} bodies, {blobs} blobs",
            "没有错误：{entries} 个条目，{bodies} 份正文，{blobs} 个文件"
        )
    });
    Ok(())
}
