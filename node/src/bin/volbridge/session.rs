//! What a command needs beside its own arguments: the reader's language, the
//! configuration and, if it speaks to a node, the connection.

use std::path::{Path, PathBuf};

use volbridge_node::config::{Config, Sources};
use volbridge_proto::Code;

use crate::{
    args::Global,
    client::{self, Client},
    lang::{Lang, say},
    output::{
        Output,
        problem::{Outcome, Problem},
    },
};

/// Where the configuration is looked for.
pub const CONFIG_FILE: &str = "volbridge.toml";

/// One run of the program.
pub struct Session {
    pub global: Global,
    pub output: Output,
}

impl Session {
    pub fn new(global: Global) -> Self {
        let lang = global.lang.unwrap_or_else(Lang::of_environment);
        let output = Output { json: global.json, lang };
        Self { global, output }
    }

    pub fn lang(&self) -> Lang {
        self.output.lang
    }

    /// The configuration's file: the one that was named, else the usual one if it is there.
    pub fn config_file(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists());
        self.global.config.clone().or_else(usual)
    }

    /// All sources of the configuration.
    pub fn sources(&self) -> Outcome<Sources> {
        self.sources_at(self.config_file())
    }

    fn sources_at(&self, file: Option<PathBuf>) -> Outcome<Sources> {
        let mut sources = Sources::system(file);
        for setting in &self.global.set {
            let Some((key, value)) = setting.split_once('=') else {
                let lang = self.lang();
                let what = say!(
                    lang,
                    "--set {setting}: SECTION.KEY=VALUE is expected",
                    "--set {setting}：应为 SECTION.KEY=VALUE"
                );
                return Err(Problem::usage(what));
            };
            sources.arguments.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(sources)
    }

    /// The configuration, checked.
    pub fn config(&self) -> Outcome<Config> {
        self.config_at(self.config_file())
    }

    /// The configuration of one file.
    pub fn config_at(&self, file: Option<PathBuf>) -> Outcome<Config> {
        let lang = self.lang();
        Config::load(&self.sources_at(file)?).map_err(|error| {
            let what = say!(lang, "the configuration is wrong:\n{error}", "配置有误：\n{error}");
            let hint = say!(
                lang,
                "correct it; `volbridge config check` looks again",
                "改正后用 volbridge config check 再查"
            );
            Problem::saying(Code::InputMalformed, what).hint(hint)
        })
    }

    /// Connects to the node that is meant, with the caller's token.
    pub async fn connect(&self) -> Outcome<Client> {
        let (address, token) = self.node()?;
        Client::connect(&address, token.as_deref(), self.lang()).await
    }

    /// The same, connecting when it is needed.
    pub fn lazy(&self) -> Outcome<Client> {
        let (address, token) = self.node()?;
        Client::lazy(&address, token.as_deref(), self.lang())
    }

    /// The node's address and the token. The configuration's token goes to another node only
    /// if the configuration was named too.
    fn node(&self) -> Outcome<(String, Option<String>)> {
        let given = self.global.token_file.as_deref().map(|path| self.token(path)).transpose()?;
        if let (Some(node), None) = (&self.global.node, &self.global.config) {
            return Ok((node.clone(), given));
        }
        let config = self.config()?;
        let address = match &self.global.node {
            Some(node) => node.clone(),
            None => self.own_address(&config)?,
        };
        let configured = || client::read_token(&config.path(&config.api.token.file)).ok();
        Ok((address, given.or_else(configured)))
    }

    fn own_address(&self, config: &Config) -> Outcome<String> {
        let lang = self.lang();
        if config.api.listen.is_empty() {
            let what = say!(
                lang,
                "the configured node has no API: api.listen is empty",
                "所配置的节点没有接口：api.listen 为空"
            );
            let hint = say!(
                lang,
                "set api.listen, or name a node with --node",
                "设置 api.listen，或用 --node 指定节点"
            );
            return Err(Problem::saying(Code::Unavailable, what).hint(hint));
        }
        Ok(config.api.listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:"))
    }

    fn token(&self, path: &Path) -> Outcome<String> {
        let lang = self.lang();
        let shown = path.display();
        client::read_token(path).map_err(|error| {
            let what =
                say!(lang, "the token can't be read: {shown}: {error}", "无法读取令牌：{shown}：{error}");
            Problem::saying(Code::Unauthenticated, what)
        })
    }
}
