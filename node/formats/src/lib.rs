//! Listings as other systems write them: bytes in, listings and faults out; listings in, bytes out.
//! Pure: no I/O, no clock.
