//! Who a partner is and which keys hold at which size of its log (protocol section 5).
