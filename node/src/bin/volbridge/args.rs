//! The command line: every command, its words and what they mean.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    commands::{
        account, blob, config, demo, fsck, handover, import, init, list, log, partner, publish, record,
        serve, show, withdraw,
    },
    lang::Lang,
};

/// Volbridge · 志桥: a partner's node in the network for international volunteering.
#[derive(Debug, Parser)]
#[command(name = "volbridge", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The node's configuration [default: volbridge.toml in this folder, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "VOLBRIDGE_CONFIG")]
    pub config: Option<PathBuf>,
    /// One setting over file and environment, such as api.listen=127.0.0.1:7500
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
    /// The node that is spoken to [default: the one of the configuration]
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub node: Option<String>,
    /// File with the token that the node asks for [default: the one of the configuration]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Results as JSON on stdout: one document, or one line for each result
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages: zh-CN or en [default: the environment's]
    #[arg(long, global = true, value_name = "TAG", value_parser = Lang::parse)]
    pub lang: Option<Lang>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new node: its keys, its identity, its configuration
    Init(init::Args),
    /// Run the node and its portal
    Serve(serve::Args),
    /// Who works at this node: invite, list, lock
    #[command(subcommand)]
    Account(account::Command),
    /// Partners: admit, list, show, export
    #[command(subcommand)]
    Partner(partner::Command),
    /// Publish listings from a file of another program: CSV, XLSX, JSON Lines or JSON-LD
    Import(import::Args),
    /// Volunteering projects
    #[command(subcommand)]
    Listing(NounCommand),
    /// Organisations that this partner hosts
    #[command(subcommand)]
    Organisation(NounCommand),
    /// Organisations that move from one partner to another
    #[command(subcommand)]
    Handover(handover::Command),
    /// Conferences
    #[command(subcommand)]
    Conference(NounCommand),
    /// Volunteers' profiles, sealed to one host
    #[command(subcommand)]
    Profile(NounCommand),
    /// Documents of conferences
    #[command(subcommand)]
    Material(NounCommand),
    /// Agreements between two partners
    #[command(subcommand)]
    Agreement(NounCommand),
    /// Translations of partners' listings
    #[command(subcommand)]
    Translation(NounCommand),
    /// Logs: show entries, verify against the signed checkpoint
    #[command(subcommand)]
    Log(log::Command),
    /// Single records: show, export a proof, verify one offline
    #[command(subcommand)]
    Record(record::Command),
    /// Bytes of materials
    #[command(subcommand)]
    Blob(blob::Command),
    /// What is derived from the logs
    #[command(subcommand)]
    Views(ViewsCommand),
    /// Check every stored entry, body and blob
    Fsck(fsck::Args),
    /// The configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Three partners on this machine, with something to look at
    Demo(demo::Args),
}

/// What can be done with each kind of thing.
#[derive(Debug, Subcommand)]
pub enum NounCommand {
    /// Publish what stands in files: YAML or JSON, one or thousands
    Publish(publish::Args),
    /// List what this node knows
    List(list::Args),
    /// Show one
    Show(show::Args),
    /// Take own ones back, and what was made from them
    Withdraw(withdraw::Args),
}

#[derive(Debug, Subcommand)]
pub enum ViewsCommand {
    /// Derive all views again from the stored logs
    Rebuild,
}
