//! `account`: who works at this node. Whoever runs this machine invites the first ones, and helps who can't get in.

use serde_json::json;
use volbridge_proto::{Code, SubjectId, Timestamp, wire::node::v1 as node};

use crate::{
    client::Client,
    lang::{Lang, say},
    output::problem::{Outcome, Problem},
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Accounts with their roles, and invitations that are open
    List,
    /// Invite somebody: writes a link that is good once, for seven days
    Invite(Invite),
    /// A new link for somebody who can't sign in any more; the old ways end when it is used
    Reopen(Login),
    /// Lock an account: its sessions and tokens end at once
    Lock(Login),
    /// Open a locked account
    Unlock(Login),
    /// What accounts did, the newest first: sign-ins, roles, tokens, drafts
    Log(Log),
}

#[derive(Debug, clap::Args)]
pub struct Log {
    /// Only what this one did, or was done about it
    #[arg(long)]
    pub login: Option<String>,
    /// At most so many; 0: all
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

#[derive(Debug, clap::Args)]
pub struct Invite {
    /// Whom the link is for
    #[arg(long)]
    pub name: String,
    /// operator, auditor, administrator, reviewer or editor; several are possible
    #[arg(long = "role", required = true)]
    pub roles: Vec<String>,
    /// Id of the organisation for which the roles hold [default: the whole partner]
    #[arg(long, value_name = "ID")]
    pub organisation: Option<SubjectId>,
}

#[derive(Debug, clap::Args)]
pub struct Login {
    /// What its owner signs in with
    pub login: String,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    let client = session.connect().await?;
    match command {
        Command::List => list(session, &client).await,
        Command::Invite(args) => invite(session, &client, args).await,
        Command::Reopen(args) => reopen(session, &client, &args.login).await,
        Command::Lock(args) => lock(session, &client, &args.login, true).await,
        Command::Unlock(args) => lock(session, &client, &args.login, false).await,
        Command::Log(args) => log(session, &client, args).await,
    }
}

/// Where an invitation is taken up.
pub fn link(public_url: &str, token: &str) -> String {
    format!("{}/invitation?token={token}", public_url.trim_end_matches('/'))
}

async fn list(session: &Session, client: &Client) -> Outcome {
    let lang = session.lang();
    let found = client.accounts().list(node::ListAccountsRequest {}).await?.into_inner();
    for account in &found.accounts {
        let roles: Vec<String> = account.roles.iter().map(role).collect();
        let value = json!({
            "login": account.login, "name": account.name, "roles": roles, "locked": account.locked,
            "created_at": account.created_at, "seen_at": account.seen_at,
        });
        session.output.result(&value, || {
            let locked =
                if account.locked { say!(lang, " (locked)", "（已锁定）") } else { String::new() };
            format!("{}  {}  {}{locked}", account.login, account.name, roles.join(", "))
        });
    }
    for invitation in &found.invitations {
        let roles: Vec<String> = invitation.roles.iter().map(role).collect();
        let value =
            json!({ "invited": invitation.name, "roles": roles, "expires_at": invitation.expires_at });
        session.output.result(&value, || {
            let (name, roles) = (&invitation.name, roles.join(", "));
            say!(lang, "invited: {name}  {roles}", "已邀请：{name}  {roles}")
        });
    }
    Ok(())
}

/// `editor`, `editor of 0197…`
fn role(role: &node::Role) -> String {
    match SubjectId::try_from(role.organisation.as_slice()) {
        Ok(organisation) => format!("{} of {organisation}", role.name),
        Err(_) => role.name.clone(),
    }
}

async fn invite(session: &Session, client: &Client, args: Invite) -> Outcome {
    let organisation = args.organisation.map(|subject| subject.to_vec()).unwrap_or_default();
    let role =
        |name: String| node::Role { name, organisation: organisation.clone(), ..node::Role::default() };
    let request = node::InviteRequest {
        name: args.name,
        roles: args.roles.into_iter().map(role).collect(),
        account: Vec::new(),
    };
    say_link(session, &client.accounts().invite(request).await?.into_inner())
}

async fn reopen(session: &Session, client: &Client, login: &str) -> Outcome {
    let account = find(client, login, session.lang()).await?;
    let request = node::InviteRequest { name: account.name, roles: Vec::new(), account: account.id };
    say_link(session, &client.accounts().invite(request).await?.into_inner())
}

fn say_link(session: &Session, invited: &node::Invited) -> Outcome {
    let lang = session.lang();
    let link = link(&session.config()?.gateway.public_url, &invited.token);
    session.output.result(&json!({ "link": link }), || link.clone());
    session.output.hint(&say!(
        lang,
        "Hand the link on by a way that only its reader sees: whoever opens it first has the account.",
        "请经由只有对方能看到的渠道转交此链接：最先打开者即得到账户。"
    ));
    Ok(())
}

async fn lock(session: &Session, client: &Client, login: &str, locked: bool) -> Outcome {
    let lang = session.lang();
    let account = find(client, login, lang).await?;
    let request = node::SetLockedRequest { account: account.id, locked };
    let account = client.accounts().set_locked(request).await?.into_inner();
    session.output.result(&json!({ "login": account.login, "locked": account.locked }), || {
        let login = &account.login;
        if locked {
            say!(
                lang,
                "{login} is locked out; all sessions and tokens have ended",
                "{login} 已锁定，其会话和令牌均已终止"
            )
        } else {
            say!(lang, "{login} may sign in again", "{login} 可以重新登录")
        }
    });
    Ok(())
}

async fn log(session: &Session, client: &Client, args: Log) -> Outcome {
    let lang = session.lang();
    let account = match &args.login {
        Some(login) => find(client, login, lang).await?.id,
        None => Vec::new(),
    };
    let (mut values, mut rows, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let left = if args.limit == 0 { usize::MAX } else { args.limit - rows.len() };
        let limit = u32::try_from(left.min(100)).unwrap_or(100);
        let request = node::AccountLogRequest { account: account.clone(), limit, cursor };
        let page = client.accounts().log(request).await?.into_inner();
        for event in &page.events {
            values.push(deed(event));
            rows.push(deed_row(event));
        }
        if page.next_cursor.is_empty() || (args.limit != 0 && rows.len() >= args.limit) {
            break;
        }
        cursor = page.next_cursor;
    }
    let headings = match lang {
        Lang::En => ["When", "Who", "What", "About", ""],
        Lang::Zh => ["时间", "操作者", "操作", "对象", ""],
    };
    session.output.rows(&values, &headings, &rows, &say!(lang, "nothing yet", "还没有记录"));
    Ok(())
}

/// As programs read it.
fn deed(event: &node::AccountEvent) -> serde_json::Value {
    let login = |name: &Option<node::AccountName>| name.as_ref().map(|name| name.login.clone());
    json!({
        "at": Timestamp::from_millis(event.at).to_string(),
        "doer": event.doer,
        "login": login(&event.account),
        "what": event.what,
        "about": login(&event.about),
        "roles": event.roles.iter().map(role).collect::<Vec<_>>(),
        "way": event.way,
        "listing": subject(&event.listing),
        "token": event.token,
        "address": event.address,
    })
}

fn deed_row(event: &node::AccountEvent) -> Vec<String> {
    let login = |name: &Option<node::AccountName>| name.as_ref().map(|name| name.login.clone());
    let roles: Vec<String> = event.roles.iter().map(role).collect();
    let details = [
        roles.join(", "),
        event.way.clone(),
        subject(&event.listing),
        event.token.clone(),
        event.address.clone(),
    ];
    let details: Vec<String> = details.into_iter().filter(|text| !text.is_empty()).collect();
    vec![
        Timestamp::from_millis(event.at).to_string(),
        login(&event.account).unwrap_or_else(|| event.doer.clone()),
        event.what.clone(),
        login(&event.about).unwrap_or_default(),
        details.join("  "),
    ]
}

fn subject(bytes: &[u8]) -> String {
    SubjectId::try_from(bytes).map(|subject| subject.to_string()).unwrap_or_default()
}

async fn find(client: &Client, login: &str, lang: Lang) -> Outcome<node::Account> {
    let found = client.accounts().list(node::ListAccountsRequest {}).await?.into_inner();
    let wanted = login.trim().to_lowercase();
    found.accounts.into_iter().find(|account| account.login == wanted).ok_or_else(|| {
        Problem::saying(
            Code::NotFound,
            say!(lang, "nobody here signs in as {login}", "没有以 {login} 登录的账户"),
        )
    })
}
