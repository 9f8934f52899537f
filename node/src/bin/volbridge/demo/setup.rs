//! The folders of the demonstration: one node each, made once; configurations and
//! the tour's file, written at each start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use volbridge_node::{
    config::{Config, Sources},
    env::Env,
    init::InitOptions,
};
use volbridge_proto::Code;

use super::{
    content::PartnerContent,
    layout::{Site, configuration, write_whole},
    network::CARRIER,
    state::State,
    tour::{self, Stop},
};
use crate::{
    client, hosting,
    lang::{Lang, say},
    output::{
        Output,
        problem::{Outcome, Problem},
    },
};

/// What went wrong with a file of the demonstration.
pub fn failed(lang: Lang) -> impl Fn(io::Error) -> Problem {
    move |error| {
        Problem::saying(
            Code::Internal,
            say!(lang, "the demonstration's folder: {error}", "演示目录：{error}"),
        )
        .hint(say!(lang, "choose another folder with --dir", "用 --dir 另选目录"))
    }
}

/// One demonstration a folder.
pub fn lock(dir: &Path, lang: Lang) -> Outcome<fs::File> {
    let file = fs::File::create(dir.join("demo.lock")).map_err(failed(lang))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            let shown = dir.display();
            let what = say!(lang, "a demonstration runs already in {shown}", "{shown} 中已有演示在运行");
            Err(Problem::saying(Code::AlreadyExists, what).hint(say!(
                lang,
                "look at its portals, stop it, or choose another folder with --dir",
                "请访问其门户，或先停止它，或用 --dir 另选目录"
            )))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(lang)(error)),
    }
}

/// In one line, if the portals are elsewhere than expected.
pub fn say_ports(sites: &[Site], first: u16, output: Output) {
    let moved = (first..).zip(sites).any(|(wanted, site)| site.ports.portal != wanted);
    if moved {
        let lang = output.lang;
        let ports: Vec<String> = sites.iter().map(|site| site.ports.portal.to_string()).collect();
        let ports = ports.join(", ");
        output.hint(&say!(
            lang,
            "ports from {first} on are partly taken: the portals are on {ports}",
            "{first} 起的端口部分被占用：门户改用 {ports}"
        ));
    }
}

/// Makes the nodes that aren't there yet, writes all configurations, and gives the tokens.
/// The carrier comes first, since the others name it.
pub async fn prepare(
    sites: &[Site],
    content: &[PartnerContent],
    state: &mut State,
    env: &Env,
    output: Output,
) -> Outcome<Vec<String>> {
    let lang = output.lang;
    let mut order: Vec<&Site> = sites.iter().collect();
    order.sort_by_key(|site| site.key != CARRIER);
    for site in order {
        let partner = content.iter().find(|partner| partner.key == site.key);
        let partner = partner.ok_or_else(|| Problem::new(Code::Internal))?;
        let name = partner
            .identity
            .names
            .iter()
            .find(|name| name.language == "en")
            .or(partner.identity.names.first());
        let name = name.map(|name| name.text.clone()).unwrap_or_default();
        fs::create_dir_all(&site.dir).map_err(failed(lang))?;
        write_whole(
            &site.config(),
            &configuration(site, &name, state.carrier().filter(|_| site.key != CARRIER)),
        )
        .map_err(failed(lang))?;
        let config = load(site, lang)?;
        if !hosting::is_made(&config) {
            let short = site.short();
            output.hint(&say!(
                lang,
                "making {short}'s keys and identity …",
                "正在生成 {short} 的密钥与身份……"
            ));
            let identity = InitOptions {
                names: partner.identity.names.clone(),
                kind: partner.identity.kind.clone(),
                country: partner.identity.country.clone(),
                domain: partner.identity.domain.clone(),
            };
            hosting::make(&config, identity, env).await?;
        }
        if let (true, Some(id)) = (site.key == CARRIER, hosting::partner(&config)) {
            state.set_carrier(id);
            state.save().map_err(failed(lang))?;
        }
    }
    let token = |site: &Site| {
        let config = load(site, lang)?;
        client::read_token(&config.path(&config.api.token.file)).map_err(failed(lang))
    };
    sites.iter().map(token).collect()
}

fn load(site: &Site, lang: Lang) -> Outcome<Config> {
    let sources = Sources { file: Some(site.config()), ..Sources::default() };
    Config::load(&sources).map_err(|error| {
        let what = say!(lang, "the demonstration's configuration: {error}", "演示配置：{error}");
        Problem::saying(Code::Internal, what)
    })
}

/// What the portals need for the tour.
pub fn write_tour(
    dir: &Path,
    sites: &[Site],
    content: &[PartnerContent],
    tokens: &[String],
) -> io::Result<PathBuf> {
    let names = |key: &str| -> Vec<(String, String)> {
        let partner = content.iter().find(|partner| partner.key == key);
        let names = partner.map(|partner| partner.identity.names.as_slice()).unwrap_or_default();
        names.iter().map(|name| (name.language.clone(), name.text.clone())).collect()
    };
    let stops: Vec<Stop> = sites
        .iter()
        .zip(tokens)
        .map(|(site, token)| Stop {
            short: site.short(),
            names: names(site.key),
            cities: tour::cities(site.key),
            portal: site.portal(),
            api: site.api(),
            api_token: token.clone(),
        })
        .collect();
    let path = dir.join("tour.json");
    write_whole(&path, &serde_json::to_string_pretty(&stops)?)?;
    Ok(path)
}
