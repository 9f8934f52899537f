//! Accounts over the canned data: one password, one passkey, one invitation, and whoever has a session.

use tonic::{Request, Response, Status, async_trait};
use volbridge_proto::{
    error::Code,
    wire::node::v1::{self as node, accounts_server::Accounts},
};

use super::{
    Fake, NOW, TOKEN,
    services::{Answer, problem},
};

pub const PASSWORD: &str = "four words in a row";
pub const CODE: &str = "123456";
pub const SESSION: &str = "vbs_session";
pub const INVITATION: &str = "vbi_invitation";
pub const CREDENTIAL: &str = "{\"id\":\"passkey\"}";
const CEREMONY: [u8; 16] = [7; 16];

/// An account with some of everything.
pub fn account(name: &str, roles: &[&str]) -> node::Account {
    node::Account {
        id: vec![name.len() as u8; 16],
        login: name.to_lowercase().replace(' ', "."),
        name: name.to_owned(),
        roles: roles
            .iter()
            .map(|name| node::Role { name: (*name).to_owned(), ..Default::default() })
            .collect(),
        created_at: NOW - 86_400_000,
        seen_at: NOW - 60_000,
        has_password: true,
        passkeys: vec![node::Passkey {
            id: vec![1; 16],
            name: "Phone".to_owned(),
            created_at: NOW,
            used_at: 0,
        }],
        tokens: vec![node::Token {
            id: vec![2; 16],
            name: "Nightly import".to_owned(),
            scopes: vec!["read".to_owned(), "publish".to_owned()],
            created_at: NOW,
            expires_at: NOW + 86_400_000,
            used_at: NOW,
        }],
        sessions: 2,
        identities: vec![node::Identity {
            id: vec![4; 16],
            issuer: "https://id.example".to_owned(),
            name: "li.na@bvf".to_owned(),
            created_at: NOW,
            used_at: 0,
        }],
        ..Default::default()
    }
}

impl Fake {
    /// A session of an account with these roles.
    pub fn sign_in(&self, session: &str, roles: &[&str]) {
        let account = account("Li Na", roles);
        self.shared.lock().unwrap().sessions.insert(session.to_owned(), account);
    }

    /// Whose session it is.
    pub fn caller<T>(&self, request: &Request<T>) -> Result<node::Account, Status> {
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let token = token.and_then(|token| token.strip_prefix("Bearer ")).unwrap_or_default();
        if token == TOKEN {
            return Ok(account("Operator", &["operator"]));
        }
        let shared = self.shared.lock().unwrap();
        shared.sessions.get(token).cloned().ok_or_else(|| problem(Code::Unauthenticated, ""))
    }

    pub fn note(&self, call: String) {
        self.shared.lock().unwrap().calls.push(call);
    }

    fn opened(&self) -> node::SignedIn {
        self.sign_in(SESSION, &["editor"]);
        node::SignedIn {
            session: SESSION.to_owned(),
            account: self.shared.lock().unwrap().sessions.get(SESSION).cloned(),
            expires_at: NOW + 3_600_000,
        }
    }
}

fn ceremony(by_password: bool) -> node::Ceremony {
    let mut begun = node::Ceremony { id: CEREMONY.to_vec(), ..Default::default() };
    if by_password {
        begun.secret = "JBSWY3DPEHPK3PXP".to_owned();
        begun.uri = "otpauth://totp/Volbridge:li.na?secret=JBSWY3DPEHPK3PXP&issuer=Volbridge".to_owned();
    } else {
        begun.options = "{\"publicKey\":{\"challenge\":\"AAAA\"}}".to_owned();
    }
    begun
}

fn invitation() -> node::Invitation {
    node::Invitation {
        id: vec![3; 16],
        name: "Wang Fang".to_owned(),
        roles: account("", &["editor"]).roles,
        expires_at: NOW + 86_400_000,
        invited_by: "Li Na".to_owned(),
        ..Default::default()
    }
}

fn known(token: &str) -> Result<(), Status> {
    if token == INVITATION { Ok(()) } else { Err(problem(Code::InvitationOver, "")) }
}

#[async_trait]
impl Accounts for Fake {
    async fn sign_in(&self, request: Request<node::SignInRequest>) -> Answer<node::SignedIn> {
        let asked = request.into_inner();
        let fits = asked.login == "li.na" && asked.password == PASSWORD && asked.code == CODE;
        if fits { Ok(Response::new(self.opened())) } else { Err(problem(Code::SignInRefused, "")) }
    }

    async fn begin_passkey(&self, _: Request<node::BeginPasskeyRequest>) -> Answer<node::Ceremony> {
        Ok(Response::new(ceremony(false)))
    }

    async fn finish_passkey(&self, request: Request<node::FinishPasskeyRequest>) -> Answer<node::SignedIn> {
        let asked = request.into_inner();
        let fits = asked.ceremony == CEREMONY && asked.credential == CREDENTIAL;
        if fits { Ok(Response::new(self.opened())) } else { Err(problem(Code::SignInRefused, "")) }
    }

    async fn begin_oidc(&self, request: Request<node::BeginOidcRequest>) -> Answer<node::OidcDeparture> {
        if request.get_ref().link && request.get_ref().invitation.is_empty() {
            self.caller(&request)?;
        }
        self.note(format!("begin_oidc {} {}", request.get_ref().link, request.get_ref().login));
        let address = "https://id.example/authorize?state=07&scope=openid".to_owned();
        Ok(Response::new(node::OidcDeparture { address, secret: "browser".to_owned() }))
    }

    async fn finish_oidc(&self, request: Request<node::FinishOidcRequest>) -> Answer<node::SignedIn> {
        let asked = request.into_inner();
        match (asked.state.as_str(), asked.secret.as_str(), asked.code.as_str()) {
            ("07", "browser", "right") => Ok(Response::new(self.opened())),
            ("07", "browser", "unlinked") => Err(problem(Code::OidcUnlinked, "")),
            _ => Err(problem(Code::CeremonyOver, "")),
        }
    }

    async fn remove_identity(&self, request: Request<node::RemoveIdentityRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        self.note("remove_identity".to_owned());
        Ok(Response::new(account))
    }

    async fn sign_out(&self, request: Request<node::SignOutRequest>) -> Answer<node::SignOutResponse> {
        self.caller(&request)?;
        let token = request.metadata().get("authorization").unwrap().to_str().unwrap().to_owned();
        self.shared.lock().unwrap().sessions.remove(token.trim_start_matches("Bearer "));
        Ok(Response::new(node::SignOutResponse {}))
    }

    async fn get_invitation(&self, request: Request<node::GetInvitationRequest>) -> Answer<node::Invitation> {
        known(&request.into_inner().token)?;
        Ok(Response::new(invitation()))
    }

    async fn begin_enrolment(&self, request: Request<node::BeginEnrolmentRequest>) -> Answer<node::Ceremony> {
        if request.get_ref().invitation.is_empty() {
            self.caller(&request)?;
        } else {
            known(&request.get_ref().invitation)?;
            if request.get_ref().login == "li.na" {
                return Err(problem(Code::LoginTaken, "login"));
            }
        }
        let asked = request.into_inner();
        if (1..12).contains(&asked.password.len()) {
            return Err(problem(Code::PasswordWeak, "password"));
        }
        Ok(Response::new(ceremony(!asked.password.is_empty())))
    }

    async fn finish_enrolment(
        &self,
        request: Request<node::FinishEnrolmentRequest>,
    ) -> Answer<node::SignedIn> {
        let asked = request.into_inner();
        if asked.ceremony != CEREMONY {
            return Err(problem(Code::CeremonyOver, ""));
        }
        if asked.code != CODE && asked.credential != CREDENTIAL {
            return Err(problem(Code::CodeWrong, "code"));
        }
        Ok(Response::new(self.opened()))
    }

    async fn self_(&self, request: Request<node::OwnAccountRequest>) -> Answer<node::Account> {
        Ok(Response::new(self.caller(&request)?))
    }

    async fn remove_passkey(&self, request: Request<node::RemovePasskeyRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        self.note("remove_passkey".to_owned());
        Ok(Response::new(account))
    }

    async fn end_sessions(&self, request: Request<node::EndSessionsRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        self.note("end_sessions".to_owned());
        Ok(Response::new(account))
    }

    async fn create_token(&self, request: Request<node::CreateTokenRequest>) -> Answer<node::CreatedToken> {
        let account = self.caller(&request)?;
        if request.get_ref().days > 366 {
            return Err(problem(Code::FieldOutOfRange, "days"));
        }
        self.note(format!("create_token {:?}", request.get_ref().scopes));
        Ok(Response::new(node::CreatedToken { secret: "vbt_once".to_owned(), account: Some(account) }))
    }

    async fn revoke_token(&self, request: Request<node::RevokeTokenRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        self.note("revoke_token".to_owned());
        Ok(Response::new(account))
    }

    async fn list(&self, request: Request<node::ListAccountsRequest>) -> Answer<node::ListAccountsResponse> {
        let own = self.caller(&request)?;
        let mut other = account("Zhao Lei", &["reviewer"]);
        other.locked = true;
        Ok(Response::new(node::ListAccountsResponse {
            accounts: vec![own, other],
            invitations: vec![invitation()],
        }))
    }

    async fn invite(&self, request: Request<node::InviteRequest>) -> Answer<node::Invited> {
        self.caller(&request)?;
        let asked = request.into_inner();
        let roles: Vec<String> =
            asked.roles.iter().map(|role| format!("{}:{}", role.name, hex(&role.organisation))).collect();
        self.note(format!("invite {} {}", asked.name, roles.join(" ")));
        let invitation = node::Invitation { name: asked.name, ..invitation() };
        Ok(Response::new(node::Invited { token: INVITATION.to_owned(), invitation: Some(invitation) }))
    }

    async fn revoke_invitation(
        &self,
        request: Request<node::RevokeInvitationRequest>,
    ) -> Answer<node::RevokeInvitationResponse> {
        self.caller(&request)?;
        self.note("revoke_invitation".to_owned());
        Ok(Response::new(node::RevokeInvitationResponse {}))
    }

    async fn set_roles(&self, request: Request<node::SetRolesRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        if request.get_ref().roles.is_empty() {
            return Err(problem(Code::OperatorLast, ""));
        }
        self.note(format!("set_roles {}", request.get_ref().roles.len()));
        Ok(Response::new(account))
    }

    async fn log(&self, request: Request<node::AccountLogRequest>) -> Answer<node::AccountLogResponse> {
        let own = self.caller(&request)?;
        if !own.roles.iter().any(|role| ["operator", "auditor"].contains(&role.name.as_str())) {
            return Err(problem(Code::PermissionDenied, ""));
        }
        let name = |account: node::Account| {
            Some(node::AccountName { id: account.id, login: account.login, name: account.name })
        };
        let event = |what: &str| node::AccountEvent {
            at: NOW,
            doer: "person".to_owned(),
            account: name(own.clone()),
            what: what.to_owned(),
            ..Default::default()
        };
        let older = request.get_ref().cursor == "7";
        let events = if older {
            vec![event("signed_out")]
        } else {
            vec![
                node::AccountEvent { listing: vec![9; 16], ..event("draft_approved") },
                node::AccountEvent {
                    about: name(account("Zhao Lei", &[])),
                    roles: account("", &["reviewer"]).roles,
                    ..event("roles_changed")
                },
                node::AccountEvent { token: "3fa2c1d0 read publish".to_owned(), ..event("token_made") },
                node::AccountEvent {
                    doer: "nobody".to_owned(),
                    account: None,
                    way: "password".to_owned(),
                    address: "203.0.113.0/24".to_owned(),
                    ..event("sign_in_refused")
                },
            ]
        };
        let next_cursor = if older { String::new() } else { "7".to_owned() };
        Ok(Response::new(node::AccountLogResponse { events, next_cursor }))
    }

    async fn set_locked(&self, request: Request<node::SetLockedRequest>) -> Answer<node::Account> {
        let account = self.caller(&request)?;
        self.note(format!("set_locked {}", request.get_ref().locked));
        Ok(Response::new(account))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
