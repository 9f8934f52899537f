//! Following another log: what is accepted, refused or evidence (protocol sections 7 and 8).
