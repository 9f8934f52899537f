//! Accounts: sign-in, ways to sign in, invitations, roles, tokens.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, SubjectId,
    wire::node::v1::{self as wire, accounts_server::Accounts},
};

use super::{Api, answer, deeds, permit::Caller, request};
use crate::{
    error::Error,
    people::{
        enrol::{self, Proof, Wanted},
        invite::{self, By},
        oidc::{self, Wish},
        roles::{self, Right, Role, Scope, may_give},
        session::Opened,
        sign_in::{self, Typed},
        token,
    },
    store::{
        StoreError,
        accounts::{self, AccountId, AccountRow},
        events::{self, Deed, What},
        identities, mark,
        sessions::{self, InvitationRow},
    },
    views::organisations,
};

#[tonic::async_trait]
impl Accounts for Api {
    async fn sign_in(
        &self,
        request: Request<wire::SignInRequest>,
    ) -> Result<Response<wire::SignedIn>, Status> {
        self.permit("Accounts.SignIn", request.metadata()).await?;
        let wire::SignInRequest { login, password, code, address } = request.into_inner();
        let typed = Typed { login, password, code, address };
        let opened = sign_in::with_password(&self.context, &typed).await;
        answer(signed_in(self, opened).await)
    }

    async fn begin_passkey(
        &self,
        request: Request<wire::BeginPasskeyRequest>,
    ) -> Result<Response<wire::Ceremony>, Status> {
        self.permit("Accounts.BeginPasskey", request.metadata()).await?;
        answer(sign_in::begin_passkey(&self.context).map(|(id, options)| wire::Ceremony {
            id: id.to_vec(),
            options,
            ..wire::Ceremony::default()
        }))
    }

    async fn finish_passkey(
        &self,
        request: Request<wire::FinishPasskeyRequest>,
    ) -> Result<Response<wire::SignedIn>, Status> {
        self.permit("Accounts.FinishPasskey", request.metadata()).await?;
        answer(finish_passkey(self, request.into_inner()).await)
    }

    async fn begin_oidc(
        &self,
        request: Request<wire::BeginOidcRequest>,
    ) -> Result<Response<wire::OidcDeparture>, Status> {
        let caller = self.permit("Accounts.BeginOidc", request.metadata()).await?;
        answer(begin_oidc(self, caller, request.into_inner()).await)
    }

    async fn finish_oidc(
        &self,
        request: Request<wire::FinishOidcRequest>,
    ) -> Result<Response<wire::SignedIn>, Status> {
        let caller = self.permit("Accounts.FinishOidc", request.metadata()).await?;
        answer(finish_oidc(self, caller, request.into_inner()).await)
    }

    async fn remove_identity(
        &self,
        request: Request<wire::RemoveIdentityRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.RemoveIdentity", request.metadata()).await?;
        answer(remove_way(self, caller, Way::Identity(request.into_inner().id)).await)
    }

    async fn sign_out(
        &self,
        request: Request<wire::SignOutRequest>,
    ) -> Result<Response<wire::SignOutResponse>, Status> {
        let caller = self.permit("Accounts.SignOut", request.metadata()).await?;
        answer(sign_out(self, caller).await)
    }

    async fn get_invitation(
        &self,
        request: Request<wire::GetInvitationRequest>,
    ) -> Result<Response<wire::Invitation>, Status> {
        self.permit("Accounts.GetInvitation", request.metadata()).await?;
        answer(get_invitation(self, &request.into_inner()).await)
    }

    async fn begin_enrolment(
        &self,
        request: Request<wire::BeginEnrolmentRequest>,
    ) -> Result<Response<wire::Ceremony>, Status> {
        let caller = self.permit("Accounts.BeginEnrolment", request.metadata()).await?;
        answer(begin_enrolment(self, caller, request.into_inner()).await)
    }

    async fn finish_enrolment(
        &self,
        request: Request<wire::FinishEnrolmentRequest>,
    ) -> Result<Response<wire::SignedIn>, Status> {
        let caller = self.permit("Accounts.FinishEnrolment", request.metadata()).await?;
        answer(finish_enrolment(self, caller, request.into_inner()).await)
    }

    async fn self_(
        &self,
        request: Request<wire::OwnAccountRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.Self", request.metadata()).await?;
        answer(own(self, caller).await)
    }

    async fn remove_passkey(
        &self,
        request: Request<wire::RemovePasskeyRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.RemovePasskey", request.metadata()).await?;
        answer(remove_way(self, caller, Way::Passkey(request.into_inner().id)).await)
    }

    async fn end_sessions(
        &self,
        request: Request<wire::EndSessionsRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.EndSessions", request.metadata()).await?;
        answer(end_sessions(self, caller).await)
    }

    async fn create_token(
        &self,
        request: Request<wire::CreateTokenRequest>,
    ) -> Result<Response<wire::CreatedToken>, Status> {
        let caller = self.permit("Accounts.CreateToken", request.metadata()).await?;
        answer(create_token(self, caller, &request.into_inner()).await)
    }

    async fn revoke_token(
        &self,
        request: Request<wire::RevokeTokenRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.RevokeToken", request.metadata()).await?;
        answer(revoke_token(self, caller, request.into_inner()).await)
    }

    async fn list(
        &self,
        request: Request<wire::ListAccountsRequest>,
    ) -> Result<Response<wire::ListAccountsResponse>, Status> {
        let caller = self.permit("Accounts.List", request.metadata()).await?;
        answer(list(self, caller).await)
    }

    async fn invite(&self, request: Request<wire::InviteRequest>) -> Result<Response<wire::Invited>, Status> {
        let caller = self.permit("Accounts.Invite", request.metadata()).await?;
        answer(invite(self, caller, request.into_inner()).await)
    }

    async fn revoke_invitation(
        &self,
        request: Request<wire::RevokeInvitationRequest>,
    ) -> Result<Response<wire::RevokeInvitationResponse>, Status> {
        let caller = self.permit("Accounts.RevokeInvitation", request.metadata()).await?;
        answer(revoke_invitation(self, caller, &request.into_inner()).await)
    }

    async fn set_roles(
        &self,
        request: Request<wire::SetRolesRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.SetRoles", request.metadata()).await?;
        answer(set_roles(self, caller, request.into_inner()).await)
    }

    async fn log(
        &self,
        request: Request<wire::AccountLogRequest>,
    ) -> Result<Response<wire::AccountLogResponse>, Status> {
        self.permit("Accounts.Log", request.metadata()).await?;
        answer(deeds::list(self, &request.into_inner()).await)
    }

    async fn set_locked(
        &self,
        request: Request<wire::SetLockedRequest>,
    ) -> Result<Response<wire::Account>, Status> {
        let caller = self.permit("Accounts.SetLocked", request.metadata()).await?;
        answer(set_locked(self, caller, &request.into_inner()).await)
    }
}

async fn signed_in(api: &Api, opened: Result<Opened, Error>) -> Result<wire::SignedIn, Error> {
    let opened = opened?;
    Ok(wire::SignedIn {
        account: Some(account(api, opened.account, Seen::Own).await?),
        session: opened.secret,
        expires_at: opened.expires_at.as_millis(),
    })
}

async fn finish_passkey(api: &Api, request: wire::FinishPasskeyRequest) -> Result<wire::SignedIn, Error> {
    let id = request::bytes(&request.ceremony, "ceremony")?;
    let opened = sign_in::finish_passkey(&api.context, id, &request.credential, &request.address).await;
    signed_in(api, opened).await
}

async fn sign_out(api: &Api, caller: Caller) -> Result<wire::SignOutResponse, Error> {
    if let Some(session) = caller.session() {
        let deed = Deed::new(api.context.env.now(), caller.doer(), What::SignedOut);
        let write = api.context.db.write(move |tx| {
            async move {
                sessions::close(tx, session).await?;
                events::add(tx, &deed).await
            }
            .boxed()
        });
        write.await?;
    }
    Ok(wire::SignOutResponse {})
}

async fn get_invitation(api: &Api, request: &wire::GetInvitationRequest) -> Result<wire::Invitation, Error> {
    let found = invite::find(&api.context, &request.token).await?;
    invitation(api, &found).await
}

async fn begin_enrolment(
    api: &Api,
    caller: Caller,
    request: wire::BeginEnrolmentRequest,
) -> Result<wire::Ceremony, Error> {
    let wire::BeginEnrolmentRequest { invitation, login, name, password, passkey } = request;
    let wanted = Wanted { invitation, login, name, password, passkey };
    let asked = enrol::begin(&api.context, own_account(caller), &wanted).await?;
    Ok(wire::Ceremony { id: asked.id.to_vec(), options: asked.options, secret: asked.secret, uri: asked.uri })
}

/// Only a person at a session changes how an account is signed in to; a program's token doesn't.
fn own_account(caller: Caller) -> Option<AccountId> {
    caller.session().and_then(|_| caller.account())
}

async fn finish_enrolment(
    api: &Api,
    caller: Caller,
    request: wire::FinishEnrolmentRequest,
) -> Result<wire::SignedIn, Error> {
    let id = request::bytes(&request.ceremony, "ceremony")?;
    let wire::FinishEnrolmentRequest { code, credential, invitation, address, .. } = request;
    let proof = Proof { code, credential, invitation, address };
    let opened = enrol::finish(&api.context, own_account(caller), id, &proof).await;
    signed_in(api, opened).await
}

async fn own(api: &Api, caller: Caller) -> Result<wire::Account, Error> {
    account(api, caller.person()?, Seen::Own).await
}

async fn begin_oidc(
    api: &Api,
    caller: Caller,
    request: wire::BeginOidcRequest,
) -> Result<wire::OidcDeparture, Error> {
    let wire::BeginOidcRequest { link, invitation, login, name } = request;
    let wish =
        if link { Wish::Link(Wanted { invitation, login, name, ..Wanted::default() }) } else { Wish::SignIn };
    let begun = oidc::begin(&api.context, own_account(caller), wish).await?;
    Ok(wire::OidcDeparture { address: begun.address, secret: begun.secret })
}

async fn finish_oidc(
    api: &Api,
    caller: Caller,
    request: wire::FinishOidcRequest,
) -> Result<wire::SignedIn, Error> {
    let wire::FinishOidcRequest { state, code, issuer, secret, address } = request;
    let answer = oidc::Answer { state, secret, code, issuer, address };
    signed_in(api, oidc::finish(&api.context, own_account(caller), &answer).await).await
}

/// A way to sign in that its owner takes away.
enum Way {
    Passkey(Vec<u8>),
    Identity(Vec<u8>),
}

async fn remove_way(api: &Api, caller: Caller, way: Way) -> Result<wire::Account, Error> {
    let (id, session) = (caller.person()?, caller.session());
    let name = if matches!(way, Way::Passkey(_)) { "passkey" } else { "oidc" };
    let deed = Deed::new(api.context.env.now(), caller.doer(), What::WayRemoved).with(name);
    api.context
        .db
        .write(move |tx| {
            async move {
                let found = match &way {
                    Way::Passkey(way) => accounts::remove_passkey(tx, id, way).await?,
                    Way::Identity(way) => identities::remove(tx, id, way).await?,
                };
                if !found {
                    return Err(Error::new(Code::NotFound).at("id"));
                }
                let row = accounts::by_id(tx, id).await?;
                let left = accounts::passkeys(tx, id).await?.len() + identities::of(tx, id).await?.len();
                if left == 0 && row.is_some_and(|row| row.password.is_empty()) {
                    return Err(Error::new(Code::WayLast).at("id"));
                }
                // Whoever had it may have been signed in by it.
                sessions::close_all(tx, id, session).await?;
                mark::changed(tx, id).await?;
                Ok(events::add(tx, &deed).await?)
            }
            .boxed()
        })
        .await?;
    own(api, caller).await
}

async fn end_sessions(api: &Api, caller: Caller) -> Result<wire::Account, Error> {
    let (id, session) = (caller.person()?, caller.session());
    let deed = Deed::new(api.context.env.now(), caller.doer(), What::SessionsEnded);
    let write = api.context.db.write(move |tx| {
        async move {
            sessions::close_all(tx, id, session).await?;
            events::add(tx, &deed).await
        }
        .boxed()
    });
    write.await?;
    own(api, caller).await
}

async fn create_token(
    api: &Api,
    caller: Caller,
    request: &wire::CreateTokenRequest,
) -> Result<wire::CreatedToken, Error> {
    let scope = |name: &String| {
        let found = Scope::ALL.iter().copied().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| Error::new(Code::FieldInvalid).at("scopes").with("value", name))
    };
    let scopes = request.scopes.iter().map(scope).collect::<Result<Vec<_>, _>>()?;
    let secret = token::create(&api.context, caller.person()?, &request.name, scopes, request.days).await?;
    Ok(wire::CreatedToken { secret, account: Some(own(api, caller).await?) })
}

async fn revoke_token(
    api: &Api,
    caller: Caller,
    request: wire::RevokeTokenRequest,
) -> Result<wire::Account, Error> {
    token::revoke(&api.context, caller.person()?, request.id).await?;
    own(api, caller).await
}

async fn list(api: &Api, caller: Caller) -> Result<wire::ListAccountsResponse, Error> {
    let own = own_roles(api, caller).await?;
    let mut response = wire::ListAccountsResponse::default();
    for row in accounts::all(&api.context.db).await? {
        let roles = accounts::roles(&api.context.db, row.id).await?;
        if caller.has(Right::Operate) || roles.iter().any(|role| may_give(&own, role)) {
            response.accounts.push(shown(api, row, roles, Seen::Listed).await?);
        }
    }
    for row in sessions::invitations(&api.context.db, api.context.now()).await? {
        if caller.has(Right::Operate) || row.roles.iter().any(|role| may_give(&own, role)) {
            response.invitations.push(invitation(api, &row).await?);
        }
    }
    Ok(response)
}

async fn own_roles(api: &Api, caller: Caller) -> Result<Vec<Role>, Error> {
    match caller.account() {
        Some(id) => Ok(accounts::roles(&api.context.db, id).await?),
        None => Ok(Vec::new()),
    }
}

fn by(caller: Caller, roles: &[Role]) -> By<'_> {
    caller.account().map_or(By::Machine, |id| By::Account(caller.doer(), id, roles))
}

async fn invite(api: &Api, caller: Caller, request: wire::InviteRequest) -> Result<wire::Invited, Error> {
    let own = own_roles(api, caller).await?;
    let roles = read_roles(&request.roles)?;
    let opened = match request.account.as_slice() {
        [] => None,
        bytes => Some(request::bytes(bytes, "account")?),
    };
    let (token, row) = invite::invite(&api.context, &by(caller, &own), &request.name, roles, opened).await?;
    Ok(wire::Invited { token, invitation: Some(invitation(api, &row).await?) })
}

async fn revoke_invitation(
    api: &Api,
    caller: Caller,
    request: &wire::RevokeInvitationRequest,
) -> Result<wire::RevokeInvitationResponse, Error> {
    let id: [u8; 16] = request::bytes(&request.id, "id")?;
    let own = own_roles(api, caller).await?;
    let open = sessions::invitations(&api.context.db, api.context.now()).await?;
    let found =
        open.into_iter().find(|row| row.id == id).ok_or_else(|| Error::new(Code::NotFound).at("id"))?;
    if !caller.has(Right::Operate) && !found.roles.iter().all(|role| may_give(&own, role)) {
        return Err(Error::new(Code::PermissionDenied).at("id"));
    }
    let deed = Deed::new(api.context.env.now(), caller.doer(), What::InvitationRevoked).about(found.account);
    let deed = deed.with(roles::written(&found.roles));
    let write = api.context.db.write(move |tx| {
        async move {
            if sessions::use_invitation(tx, id).await? {
                events::add(tx, &deed).await?;
            }
            Ok::<_, StoreError>(())
        }
        .boxed()
    });
    write.await?;
    Ok(wire::RevokeInvitationResponse {})
}

async fn set_roles(
    api: &Api,
    caller: Caller,
    request: wire::SetRolesRequest,
) -> Result<wire::Account, Error> {
    let id = request::bytes(&request.account, "account")?;
    let own = own_roles(api, caller).await?;
    invite::set_roles(&api.context, &by(caller, &own), id, read_roles(&request.roles)?).await?;
    account(api, id, Seen::Listed).await
}

async fn set_locked(
    api: &Api,
    caller: Caller,
    request: &wire::SetLockedRequest,
) -> Result<wire::Account, Error> {
    let id = request::bytes(&request.account, "account")?;
    let own = own_roles(api, caller).await?;
    invite::set_locked(&api.context, &by(caller, &own), id, request.locked).await?;
    account(api, id, Seen::Listed).await
}

fn read_roles(given: &[wire::Role]) -> Result<Vec<Role>, Error> {
    let role = |given: &wire::Role| {
        let invalid = || Error::new(Code::FieldInvalid).at("roles.name").with("value", &given.name);
        let role = Role {
            name: given.name.parse().map_err(|_| invalid())?,
            organisation: request::optional(&given.organisation, "roles.organisation")?,
        };
        if role.organisation.is_some() && !role.name.is_of_organisations() {
            return Err(Error::new(Code::FieldUnexpected).at("roles.organisation"));
        }
        Ok(role)
    };
    given.iter().map(role).collect()
}

/// By whom an account is seen: only its owner sees what it presents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Own,
    Listed,
}

async fn account(api: &Api, id: AccountId, seen: Seen) -> Result<wire::Account, Error> {
    let row = accounts::by_id(&api.context.db, id).await?;
    let row = row.ok_or_else(|| Error::new(Code::NotFound).at("account"))?;
    let roles = accounts::roles(&api.context.db, id).await?;
    shown(api, row, roles, seen).await
}

async fn shown(api: &Api, row: AccountRow, roles: Vec<Role>, seen: Seen) -> Result<wire::Account, Error> {
    let (db, now) = (&api.context.db, api.context.now());
    let mut shown = wire::Account {
        id: row.id.to_vec(),
        login: row.login,
        name: row.name,
        roles: role_views(api, &roles).await?,
        locked: row.locked,
        created_at: row.created_at.as_millis(),
        seen_at: row.seen_at.as_millis(),
        has_password: !row.password.is_empty(),
        ..wire::Account::default()
    };
    if seen == Seen::Own {
        shown.sessions = u32::try_from(sessions::count(db, row.id, now).await?).unwrap_or(u32::MAX);
        for passkey in accounts::passkeys(db, row.id).await? {
            shown.passkeys.push(wire::Passkey {
                id: passkey.id,
                name: passkey.name,
                created_at: passkey.created_at.as_millis(),
                used_at: passkey.used_at.as_millis(),
            });
        }
        for identity in identities::of(db, row.id).await? {
            shown.identities.push(wire::Identity {
                id: identity.id.to_vec(),
                issuer: identity.issuer,
                name: identity.name,
                created_at: identity.created_at.as_millis(),
                used_at: identity.used_at.as_millis(),
            });
        }
        for token in sessions::tokens(db, row.id).await?.into_iter().filter(|token| token.expires_at > now) {
            shown.tokens.push(wire::Token {
                id: token.id.to_vec(),
                name: token.name,
                scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
                created_at: token.created_at.as_millis(),
                expires_at: token.expires_at.as_millis(),
                used_at: token.used_at.as_millis(),
            });
        }
    }
    Ok(shown)
}

async fn invitation(api: &Api, row: &InvitationRow) -> Result<wire::Invitation, Error> {
    let account = match row.account {
        Some(id) => accounts::by_id(&api.context.db, id).await?,
        None => None,
    };
    let inviter = match row.invited_by {
        Some(id) => accounts::by_id(&api.context.db, id).await?,
        None => None,
    };
    Ok(wire::Invitation {
        id: row.id.to_vec(),
        name: row.name.clone(),
        roles: role_views(api, &row.roles).await?,
        expires_at: row.expires_at.as_millis(),
        login: account.map(|account| account.login).unwrap_or_default(),
        invited_by: inviter.map(|inviter| inviter.name).unwrap_or_default(),
        is_first: row.invited_by.is_none() && row.account.is_none() && row.name.is_empty(),
    })
}

pub(super) async fn role_views(api: &Api, roles: &[Role]) -> Result<Vec<wire::Role>, Error> {
    let me = api.context.own.id.partner;
    let named: BTreeSet<SubjectId> = roles.iter().filter_map(|role| role.organisation).collect();
    let wanted: Vec<(PartnerId, SubjectId)> = named.into_iter().map(|subject| (me, subject)).collect();
    let organisations = match wanted.as_slice() {
        [] => BTreeMap::new(),
        wanted => organisations::among(&api.context.db, wanted).await?,
    };
    Ok(roles
        .iter()
        .map(|role| {
            let found = role.organisation.and_then(|subject| organisations.get(&(me, subject)));
            wire::Role {
                name: role.name.as_str().to_owned(),
                organisation: role.organisation.map(|subject| subject.to_vec()).unwrap_or_default(),
                organisation_names: found.map(|found| found.content.names.clone()).unwrap_or_default(),
            }
        })
        .collect())
}
