//! `init`: a new node. Its keys and its first descriptor name it for ever.

use std::{fs, path::PathBuf};

use serde_json::json;
use volbridge_node::{config::DEFAULT_TOML, env::Env, init::InitOptions};
use volbridge_proto::{Code, wire::record::v1::LocalText};

use super::account;
use crate::{
    hosting,
    lang::{Lang, say},
    output::problem::{Outcome, Problem},
    session::{CONFIG_FILE, Session},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The partner's domain: it names the log for ever
    #[arg(long)]
    pub domain: String,
    /// A name in a language, such as zh-CN=北京市志愿服务联合会; give several
    #[arg(long = "name", required = true, value_name = "TAG=NAME", value_parser = name)]
    pub names: Vec<LocalText>,
    /// federation, un-agency, organisation, government or research
    #[arg(long, default_value = "organisation")]
    pub kind: String,
    /// ISO 3166-1 alpha-2, such as CN
    #[arg(long)]
    pub country: String,
}

fn name(text: &str) -> Result<LocalText, String> {
    let (language, name) =
        text.split_once('=').ok_or("TAG=NAME is expected, such as en=Example Volunteers")?;
    Ok(LocalText { language: language.trim().to_owned(), text: name.trim().to_owned() })
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    let lang = session.lang();
    let file = session.global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let fresh = !file.exists();
    if fresh {
        let shown = file.display();
        fs::write(&file, DEFAULT_TOML).map_err(|error| {
            Problem::saying(
                Code::Internal,
                say!(lang, "{shown} can't be written: {error}", "无法写入 {shown}：{error}"),
            )
        })?;
    }
    let config = session.config_at(Some(file.clone()))?;
    if hosting::is_made(&config) {
        return Err(made_already(&config.node.data_dir.display().to_string(), lang));
    }
    let Args { domain, names, kind, country } = args;
    let identity = InitOptions { names, kind, country, domain };
    let partner = hosting::make(&config, identity, &Env::system()).await?;
    let token = hosting::invite_first(&config, &Env::system()).await?;
    let invitation = account::link(&config.gateway.public_url, &token);
    let (shown, folder) = (file.display().to_string(), config.node.data_dir.display().to_string());
    let (keys, fingerprint) = (config.keys_dir().display().to_string(), partner.fingerprint());
    let value = json!({
        "partner": partner, "fingerprint": fingerprint, "config": shown, "data_dir": folder, "keys": keys,
        "invitation": invitation,
    });
    session.output.result(&value, || {
        say!(
            lang,
            "The node is made.\n  configuration  {shown}\n  data           {folder}\n  keys           {keys}\n  fingerprint    {fingerprint}\n\nThe first operator comes in by this link, once, within seven days and while the node runs:\n  {invitation}",
            "节点已建立。\n  配置  {shown}\n  数据  {folder}\n  密钥  {keys}\n  指纹  {fingerprint}\n\n首位运维者在节点运行时经此链接进入，仅可用一次，七天内有效：\n  {invitation}"
        )
    });
    session.output.hint(&say!(
        lang,
        "Put a copy of the keys where the backups aren't, and next-identity off this machine. Then: volbridge serve --config {shown}",
        "请把密钥另行保存一份（不要与备份放在一起），并把 next-identity 移出本机。然后运行：volbridge serve --config {shown}"
    ));
    Ok(())
}

fn made_already(folder: &str, lang: Lang) -> Problem {
    Problem::saying(Code::AlreadyExists, say!(lang, "{folder} holds a node already", "{folder} 中已有节点"))
        .kept(say!(lang, "Nothing was changed.", "没有任何改动。"))
        .hint(say!(
            lang,
            "run it with `volbridge serve`, or choose another node.data_dir",
            "用 volbridge serve 运行它，或另选 node.data_dir"
        ))
}
