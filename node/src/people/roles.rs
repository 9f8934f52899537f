//! Who may do what, as a pure rule: roles give rights, over one organisation or over the whole partner.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use volbridge_proto::SubjectId;

/// Something that a role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look at how exchange goes and at the logs of what was done.
    Audit,
    /// Write drafts, and publish them where no review is demanded.
    Edit,
    /// Decide on drafts and publish them.
    Review,
    /// Give and take roles; publish organisations.
    Administer,
    /// Run the node: partners, agreements, people's data.
    Operate,
    /// See drafts.
    Look,
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// All of them.
    pub const ALL: Self = Self(0b11_1111);

    /// These.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let (mut set, mut next) = (0, 0);
        while next < rights.len() {
            set |= 1 << rights[next] as u8;
            next += 1;
        }
        Self(set)
    }

    /// Whether it is one of them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the other has nothing beyond these.
    #[must_use]
    pub const fn cover(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// What somebody is at this partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Runs the node; may do everything.
    Operator,
    /// Sees how exchange goes, changes nothing.
    Auditor,
    /// Leads an organisation, or the editorial work of the whole partner.
    Administrator,
    /// Decides what is published.
    Reviewer,
    /// Writes listings.
    Editor,
}

impl RoleName {
    /// All of them, the mightiest first.
    pub const ALL: &'static [Self] =
        &[Self::Operator, Self::Auditor, Self::Administrator, Self::Reviewer, Self::Editor];

    /// Its name in messages and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
            Self::Reviewer => "reviewer",
            Self::Editor => "editor",
        }
    }

    /// What it allows.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::Operator => Rights::ALL,
            Self::Auditor => Rights::of(&[Right::Audit]),
            Self::Administrator => Rights::of(&[Right::Look, Right::Edit, Right::Review, Right::Administer]),
            Self::Reviewer => Rights::of(&[Right::Look, Right::Review]),
            Self::Editor => Rights::of(&[Right::Look, Right::Edit]),
        }
    }

    /// Whether it can be had for one organisation: the others are about the node as a whole.
    #[must_use]
    pub const fn is_of_organisations(self) -> bool {
        matches!(self, Self::Administrator | Self::Reviewer | Self::Editor)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No role has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no role has this name")]
pub struct UnknownRole;

impl FromStr for RoleName {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}

/// A role, and where it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Role {
    /// Which.
    pub name: RoleName,
    /// For which organisation; none: the whole partner.
    pub organisation: Option<SubjectId>,
}

/// Roles as the database keeps them: JSON.
#[must_use]
pub fn written(roles: &[Role]) -> String {
    serde_json::json!(roles).to_string()
}

/// What all these roles together allow for the whole partner.
#[must_use]
pub fn over_partner(roles: &[Role]) -> Rights {
    rights(roles.iter().filter(|role| role.organisation.is_none()))
}

/// What they allow over one organisation.
#[must_use]
pub fn over(roles: &[Role], organisation: SubjectId) -> Rights {
    rights(roles.iter().filter(|role| role.organisation.is_none_or(|of| of == organisation)))
}

/// What they allow anywhere.
#[must_use]
pub fn anywhere(roles: &[Role]) -> Rights {
    rights(roles.iter())
}

fn rights<'a>(roles: impl Iterator<Item = &'a Role>) -> Rights {
    roles.fold(Rights::default(), |sum, role| sum.or(role.name.rights()))
}

/// Whether somebody with `own` roles may give or take `role`: only where they administer, and never more than they may do
/// there themselves.
#[must_use]
pub fn may_give(own: &[Role], role: &Role) -> bool {
    let rights = match role.organisation {
        Some(organisation) if role.name.is_of_organisations() => over(own, organisation),
        Some(_) => return false,
        None => over_partner(own),
    };
    rights.has(Right::Administer) && rights.cover(role.name.rights())
}

/// What a program's token may be for; it never has more than its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read what its owner may read.
    Read,
    /// Write drafts, review and publish.
    Publish,
    /// Run the node.
    Operate,
}

impl Scope {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Read, Self::Publish, Self::Operate];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Operate => "operate",
        }
    }

    /// The rights that it lets through.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::Read => Rights::of(&[Right::Audit, Right::Look]),
            Self::Publish => Rights::of(&[Right::Look, Right::Edit, Right::Review]),
            Self::Operate => Rights::of(&[Right::Audit, Right::Administer, Right::Operate]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation(number: u8) -> SubjectId {
        SubjectId::v7(1_800_000_000_000, [number; 10])
    }

    fn role(name: RoleName, of: Option<u8>) -> Role {
        Role { name, organisation: of.map(organisation) }
    }

    #[test]
    fn a_role_for_one_organisation_says_nothing_about_another_or_the_whole() {
        let roles = [role(RoleName::Administrator, Some(1))];
        assert!(over(&roles, organisation(1)).has(Right::Review));
        assert_eq!(over(&roles, organisation(2)), Rights::default());
        assert_eq!(over_partner(&roles), Rights::default());
        assert!(anywhere(&roles).has(Right::Edit));
    }

    #[test]
    fn a_role_for_the_whole_partner_holds_in_each_organisation() {
        let roles = [role(RoleName::Reviewer, None)];
        assert!(over(&roles, organisation(7)).has(Right::Review));
        assert!(!over(&roles, organisation(7)).has(Right::Edit));
    }

    #[test]
    fn t34_nobody_gives_more_than_they_have() {
        for own in RoleName::ALL {
            for given in RoleName::ALL {
                for (mine, theirs) in
                    [(None, None), (None, Some(1)), (Some(1), Some(1)), (Some(1), Some(2)), (Some(1), None)]
                {
                    if mine.is_some() && !own.is_of_organisations() {
                        continue;
                    }
                    let given = role(*given, theirs);
                    let may = may_give(&[role(*own, mine)], &given);
                    let leads = matches!(own, RoleName::Operator | RoleName::Administrator);
                    let reaches = mine.is_none() || mine == theirs;
                    let has = own.rights().cover(given.name.rights());
                    let fits = theirs.is_none() || given.name.is_of_organisations();
                    assert_eq!(may, leads && reaches && has && fits, "{own} {mine:?} gives {given:?}");
                }
            }
        }
    }

    #[test]
    fn scopes_together_let_through_what_an_operator_may() {
        let all = Scope::ALL.iter().fold(Rights::default(), |sum, scope| sum.or(scope.rights()));
        assert_eq!(all, Rights::ALL);
        assert!(!Scope::Read.rights().has(Right::Edit));
        assert!(Scope::Read.rights().has(Right::Look) && Scope::Publish.rights().has(Right::Look));
    }
}
