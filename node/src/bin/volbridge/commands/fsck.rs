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

pub async fn run(session: &Session) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let answer = client.maintenance().fsck(node::FsckRequest {}).await?.into_inner();
    let node::FsckResponse { entries, bodies, blobs, ref faults } = answer;
    if !faults.is_empty() {
        let (count, list) = (faults.len(), faults.join("\n  "));
        let what = say!(lang, "{count} fault(s):\n  {list}", "发现 {count} 处错误：\n  {list}");
        return Err(Problem::saying(Code::StoreCorrupt, what).hint(say!(
            lang,
            "stop the node, copy the data folder, and restore what is damaged from a backup",
            "请停止节点、复制数据目录，再从备份恢复损坏的部分"
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
