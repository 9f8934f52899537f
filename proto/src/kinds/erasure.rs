//! `volbridge.erasure-receipt.v1`: withdrawals below these sizes are carried out;
//! `volbridge.erasure-request.v1`, named: erase a person's data in your records
//! (protocol section 6).

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::{ErasureReceipt, ErasureRequest},
};

/// The name of the receipt's kind.
pub const RECEIPT_KIND: &str = "volbridge.erasure-receipt.v1";
/// What goes for it as a whole.
pub const RECEIPT_INFO: KindInfo = KindInfo::new(RECEIPT_KIND, "ErasureReceipt", ClassRule::Public);
/// The name of the request's kind.
pub const REQUEST_KIND: &str = "volbridge.erasure-request.v1";
/// What goes for it as a whole.
pub const REQUEST_INFO: KindInfo = KindInfo::new(REQUEST_KIND, "ErasureRequest", ClassRule::Named);

/// Every fault of a receipt. Logs ascend by partner, then epoch.
pub fn validate_receipt(receipt: &ErasureReceipt) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.demand(!receipt.logs.is_empty(), "logs", Code::FieldRequired);
    faults.each("logs", &receipt.logs, limits::ERASED_LOGS, |faults, log| {
        faults.bytes("partner", &log.partner, 32);
        faults.demand(log.epoch > 0, "epoch", Code::FieldRequired);
        faults.demand(log.size > 0, "size", Code::FieldRequired);
    });
    let order: Vec<_> = receipt.logs.iter().map(|log| (&log.partner, log.epoch)).collect();
    faults.ascending("logs", &order);
    faults.demand(receipt.erased_at != 0, "erased_at", Code::FieldRequired);
    faults.moment("erased_at", receipt.erased_at);
    faults.moment("backups_by", receipt.backups_by);
    let later = receipt.backups_by == 0 || receipt.backups_by >= receipt.erased_at;
    faults.demand(later, "backups_by", Code::FieldMismatch);
    faults.into_vec()
}

/// Every fault of a request.
pub fn validate_request(request: &ErasureRequest) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.ids("ids", &request.ids, 32, limits::NAMED_IDS);
    faults.text("reason", &request.reason, Form::Text, limits::SUMMARY);
    faults.into_vec()
}
