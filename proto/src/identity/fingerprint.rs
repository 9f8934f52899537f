//! Fingerprints as people read and type them: the first 16 bytes of the partner id.
//! Comparing is lenient about spaces, hyphens, colons and capitals, and about nothing else.

use crate::id::PartnerId;

/// Whether what a person typed is this partner's fingerprint (or whole id).
pub fn matches(partner: &PartnerId, typed: &str) -> bool {
    let typed: String = typed
        .chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '-' | ':' | '·'))
        .map(|char| char.to_ascii_lowercase())
        .collect();
    let whole = partner.to_string();
    typed == whole || (typed.len() == 32 && whole.starts_with(&typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_capitals_do_not_matter_and_all_else_does() {
        let partner = PartnerId::from([0xab; 32]);
        let shown = partner.fingerprint();
        assert!(matches(&partner, &shown));
        assert!(matches(&partner, &shown.to_uppercase()));
        assert!(matches(&partner, &shown.replace(' ', "-")));
        assert!(matches(&partner, &partner.to_string()));
        for typed in ["", "ab", &shown[..shown.len() - 1], &format!("{shown}a"), &shown.replacen('a', "c", 1)]
        {
            assert!(!matches(&partner, typed), "{typed}");
        }
    }
}
