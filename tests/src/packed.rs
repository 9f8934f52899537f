//! Small files that come out large.
//!
//! Only the standard library: other packages' tests include this file with `#[path]`.

/// 32 KiB of Zstandard (RFC 8878) that come out as 1 GiB: each of 8,192 blocks says 128 KiB of zeros.
pub fn zstd() -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    frame.extend([0x02, 0, 0x10, 0].repeat(8_191));
    frame.extend([0x03, 0, 0x10, 0]);
    frame
}

/// The beginning of a gzip file (RFC 1952) whose codes give 258 zeros for each two bits, and so many bytes of such codes: it
/// packs no closer than a thousand to one.
pub fn gzip(codes: usize) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    file.extend([0xec, 0xc1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 0x08, 0x0a]);
    file.resize(file.len() + codes, 0);
    file
}
