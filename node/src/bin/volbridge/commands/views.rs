//! `views rebuild`: what is derived from the logs, derived again.

use volbridge_proto::wire::node::v1 as node;

use crate::{
    lang::say,
    output::{json, problem::Outcome},
    session::Session,
};

pub async fn rebuild(session: &Session) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    session.output.hint(&say!(
        lang,
        "rebuilding; the node goes on answering …",
        "正在重建，其间节点照常应答……"
    ));
    let answer = client.maintenance().rebuild_views(node::RebuildViewsRequest {}).await?.into_inner();
    let entries = answer.entries;
    session.output.result(&json::node("RebuildViewsResponse", &answer), || {
        say!(lang, "views rebuilt from {entries} entries", "已由 {entries} 个条目重建视图")
    });
    Ok(())
}
