//! The extension of a certificate in which a server says whose node it is (proto/README.md, section 9).

use x509_parser::{
    asn1_rs::{FromDer as _, OctetString, Oid},
    certificate::X509Certificate,
};

/// Its object identifier.
pub const INTRODUCTION: &[u64] = &[2, 25, 6_979_307_363_495_290_904];

/// What a certificate says about whose node shows it; nothing of it is checked yet.
pub fn introduction(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let oid = Oid::from(INTRODUCTION).ok()?;
    let extension = certificate.extensions().iter().find(|extension| extension.oid == oid)?;
    let (_, descriptors) = OctetString::from_der(extension.value).ok()?;
    Some(descriptors.as_ref().to_vec())
}
