//! The quiet line under every statement: who signed, which entry, witnessed by whom.

use volbridge_proto::wire::node::v1 as node;

use crate::{locale, names::PartnerLine, routes, shell::Shell};

/// What the line says, and the link to the proof.
#[derive(Clone, Debug, Default)]
pub struct ProvenanceLine {
    pub signer: PartnerLine,
    /// "entry 17 of its log"
    pub entry: String,
    /// "witnessed by …", or that nobody has yet.
    pub witnesses: String,
    pub witnessed: bool,
    /// When it was logged, or that it is about to be.
    pub time: String,
    pub iso: String,
    pub href: String,
    pub demonstration: bool,
}

impl ProvenanceLine {
    pub fn new(provenance: &node::Provenance, signer: Option<&node::PartnerName>, ui: &Shell) -> Self {
        let reader = ui.lang;
        let at = if provenance.logged_at > 0 { provenance.logged_at } else { provenance.issued_at };
        let cosigners: Vec<String> =
            provenance.cosigners.iter().map(|name| ui.partner_called(name)).collect();
        Self {
            signer: PartnerLine::of(signer, reader),
            entry: reader.with("provenance-entry", "index", provenance.index),
            witnesses: if cosigners.is_empty() {
                reader.t("provenance-unwitnessed")
            } else {
                reader.with("provenance-witnessed", "names", cosigners.join(&reader.t("list-separator")))
            },
            witnessed: !cosigners.is_empty(),
            time: locale::moment(reader, at),
            iso: locale::iso(at),
            href: routes::record(hex::encode(&provenance.hash)),
            demonstration: provenance.demonstration,
        }
    }

    /// The same, of what may be absent.
    pub fn of(provenance: Option<&node::Provenance>, signer: Option<&node::PartnerName>, ui: &Shell) -> Self {
        provenance.map(|provenance| Self::new(provenance, signer, ui)).unwrap_or_default()
    }
}
