//! What the demonstration says when it is ready: to people where to look first, to
//! programs one line of JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::{content::PartnerContent, network::Network, publish::counts};
use crate::lang::{Lang, say};

/// The one line on stdout.
pub fn ready(network: &Network, content: &[PartnerContent]) -> Value {
    let partners: Vec<Value> = network
        .members
        .iter()
        .map(|member| {
            let site = &member.site;
            let identity =
                content.iter().find(|partner| partner.key == site.key).map(|partner| &partner.identity);
            json!({
                "name": site.short(),
                "names": identity.map(|identity| &identity.names),
                "id": member.id,
                "fingerprint": member.id.fingerprint(),
                "portal": site.portal(),
                "api": site.api(),
                "api_token": member.token,
                "exchange": site.exchange(),
                "dir": site.dir,
            })
        })
        .collect();
    json!({ "ready": true, "partners": partners })
}

/// The lines for people.
pub fn welcome(network: &Network, content: &[PartnerContent], dir: &Path, lang: Lang) -> String {
    let count = |what: &str| counts(content).get(what).copied().unwrap_or_default();
    let (organisations, listings) = (count("organisations"), count("listings"));
    let (conferences, materials) = (count("conferences"), count("materials"));
    let (profiles, translations) = (count("profiles"), count("translations"));
    let mut text = say!(
        lang,
        "\nThree partners are running and have exchanged {organisations} organisations, {listings} listings, {translations} translations, \
         {conferences} conferences, {materials} documents and {profiles} sealed profiles.\nAll of it is demonstration data.\n",
        "\n三个伙伴正在运行，已交换 {organisations} 个组织、{listings} 个志愿项目、{translations} 份译文、{conferences} 场会议、{materials} \
         份资料和 {profiles} 份密封档案。\n全部为演示数据。\n"
    );
    for member in &network.members {
        let names = content
            .iter()
            .find(|partner| partner.key == member.site.key)
            .map(|partner| &partner.identity.names);
        let local = |names: &Vec<volbridge_proto::wire::record::v1::LocalText>| {
            let mine = names.iter().find(|name| Lang::of(&name.language) == Some(lang)).or(names.first());
            mine.map(|name| name.text.clone()).unwrap_or_default()
        };
        let name = names.map(local).unwrap_or_default();
        text.push_str(&format!("\n  {}  {name}", member.site.portal()));
    }
    let tour =
        network.members.first().map(|member| format!("{}/demo", member.site.portal())).unwrap_or_default();
    let shown = dir.display();
    text.push_str(&say!(
        lang,
        "\n\n  look first   {tour}  (the tour, five minutes)\n  stop         Ctrl-C; what was acknowledged stays\n  \
         the data     {shown}  (a folder for each partner: configuration, database, node.log)\n  reset        stop, then: rm -r {shown}\n",
        "\n\n  先看这里   {tour}（导览，五分钟）\n  停止       Ctrl-C；已确认的内容不会丢失\n  数据       {shown}（每个伙伴一个目录：配置、数据库、node.log）\n  \
         重置       停止后执行：rm -r {shown}\n"
    ));
    text
}
