//! Randomness for vectors: SHA-256 over a name and a counter, the same for ever.

use std::convert::Infallible;

use rand::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

/// Never for keys that anyone uses.
pub struct Stream {
    name: &'static str,
    counter: u64,
    left: Vec<u8>,
}

impl Stream {
    pub fn new(name: &'static str) -> Self {
        Self { name, counter: 0, left: Vec::new() }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for byte in target {
            if self.left.is_empty() {
                let block = Sha256::new().chain_update(self.name).chain_update(self.counter.to_be_bytes());
                self.left = block.finalize().iter().rev().copied().collect();
                self.counter += 1;
            }
            *byte = self.left.pop().unwrap_or_default();
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
