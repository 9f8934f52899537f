//! What a demonstration's portals know of one another, for the tour at `/demo`:
//! written by `demo`, read by `serve --tour`.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use volbridge_gateway::{DemoConfig, DemoPartner, NodeClient};

use crate::{client::Client, lang::Lang, output::problem::Outcome};

/// One partner of the tour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stop {
    pub short: String,
    /// Language tag and text.
    pub names: Vec<(String, String)>,
    pub cities: Vec<(String, String)>,
    pub portal: String,
    pub api: String,
    pub api_token: String,
}

/// Reads the file.
pub fn read(path: &Path) -> io::Result<Vec<Stop>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// As the gateway wants it: with a connection to each node.
pub fn config(stops: Vec<Stop>, lang: Lang) -> Outcome<DemoConfig> {
    let mut partners = Vec::new();
    for stop in stops {
        let channel = Client::lazy(&stop.api, None, lang)?.channel();
        let client = NodeClient::new(channel).with_token(&stop.api_token).map_err(|error| {
            crate::output::problem::Problem::saying(volbridge_proto::Code::Internal, error.to_string())
        })?;
        let Stop { short, names, cities, portal, api, api_token } = stop;
        partners.push(DemoPartner { short, names, cities, portal, api, api_token, client });
    }
    Ok(DemoConfig { partners })
}

/// Where a partner of the demonstration sits.
pub fn cities(key: &str) -> Vec<(String, String)> {
    let (zh, en) = match key {
        "bvf" => ("北京", "Beijing"),
        "unv" => ("波恩", "Bonn"),
        _ => ("墨尔本", "Melbourne"),
    };
    vec![("zh-CN".to_owned(), zh.to_owned()), ("en".to_owned(), en.to_owned())]
}
