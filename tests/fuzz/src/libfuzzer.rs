//! The long run: libFuzzer with the target that `VOLBRIDGE_FUZZ` names. Built by `scripts/fuzz`, with the compiler's
//! coverage counters.

#![no_main]

use std::{env, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use volbridge_fuzz::{Target, target};

#[expect(clippy::disallowed_methods, reason = "libFuzzer has the command line for itself")]
#[expect(clippy::panic, reason = "a wrong name must not look like a long run without a finding")]
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = env::var("VOLBRIDGE_FUZZ").unwrap_or_default();
    target(&name).unwrap_or_else(|| panic!("VOLBRIDGE_FUZZ={name}: no such target"))
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
