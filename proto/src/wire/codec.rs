//! How messages of calls become bytes: as prost does it, but what a stranger sends is counted before it is decoded. A member
//! of a list takes two bytes when it is empty and a hundred in memory: a message that is within its limit could unfold to a
//! hundred times that (threats.md T20).

use std::marker::PhantomData;

use prost::{Message, bytes::Buf as _};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// Texts, bytes and messages in one message of the exchange. The largest that are sent have a tenth of it: bodies of
/// 1 MiB, each with its frame, or the proofs of a page of descriptors.
pub const MEMBERS: usize = 1 << 16;

/// A field that takes memory of its own.
pub struct Member {
    number: u32,
    /// The place of its message; none for text and bytes.
    holds: Option<usize>,
}

/// A message of a call, and its place among the shapes if strangers send it.
pub trait Counted {
    /// None: it comes from this node's own operator or its own node.
    const SHAPE: Option<usize>;
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// The codec of every generated client and server.
#[derive(Clone, Copy, Debug)]
pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Counted + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstDecoder::default())
    }
}

/// Counts, then decodes.
#[derive(Clone, Debug)]
pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + Counted> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if let Some(shape) = U::SHAPE {
            // The buffer is in one piece; if it ever weren't, the message would end early and be refused.
            let mut left = MEMBERS;
            count(buffer.chunk(), shape, &mut left)
                .ok_or_else(|| Status::out_of_range("too many members"))?;
        }
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Takes what a message holds from what is `left`; none if that isn't enough, or the bytes are no message of this kind.
fn count(mut bytes: &[u8], shape: usize, left: &mut usize) -> Option<()> {
    let members = SHAPES.get(shape)?;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(chunk(&mut bytes, 8)?),
            2 => {
                let length = varint(&mut bytes)?;
                let value = chunk(&mut bytes, length)?;
                let Some(member) = members.iter().find(|member| u64::from(member.number) == tag >> 3) else {
                    continue;
                };
                *left = left.checked_sub(1)?;
                if let Some(shape) = member.holds {
                    count(value, shape, left)?;
                }
            }
            5 => drop(chunk(&mut bytes, 4)?),
            // Groups: no message has them, and what stands in one would not be counted.
            _ => return None,
        }
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(bytes).ok()
}

fn chunk<'a>(bytes: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (chunk, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::exchange::v1 as wire;

    fn fits<M: Message + Counted>(message: &M) -> bool {
        fits_bytes::<M>(&message.encode_to_vec())
    }

    fn fits_bytes<M: Counted>(bytes: &[u8]) -> bool {
        let mut left = MEMBERS;
        count(bytes, M::SHAPE.unwrap(), &mut left).is_some()
    }

    #[test]
    fn t20_lists_are_counted_at_every_depth_before_they_are_decoded() {
        let response = |response| wire::FollowResponse { response: Some(response), ..Default::default() };
        let range = |leaves| {
            response(wire::follow_response::Response::Range(wire::Range { leaves, ..Default::default() }))
        };
        assert!(fits(&range(vec![vec![1; 34]; 256])));
        assert!(fits(&range(vec![Vec::new(); MEMBERS - 1])) && !fits(&range(vec![Vec::new(); MEMBERS])));
        let heads = |count| wire::HeadsResponse { heads: vec![wire::Head::default(); count] };
        assert!(fits(&heads(MEMBERS)) && !fits(&heads(MEMBERS + 1)));
        let proven = wire::ProvenBody { inclusion: vec![Vec::new(); MEMBERS / 4], ..Default::default() };
        let keys =
            |count| wire::KeysResponse { descriptors: vec![proven.clone(); count], ..Default::default() };
        assert!(fits(&keys(3)) && !fits(&keys(4)));
        assert!(fits(&wire::BlobChunk { size: 1, encoded: vec![0x0a; 256 << 10] }));
    }

    #[test]
    fn t20_nothing_hides_members_from_the_count() {
        let members = [0x0a, 0].repeat(MEMBERS + 1);
        assert!(!fits_bytes::<wire::HeadsResponse>(&members));
        // Behind a group, a fixed number, an unknown field.
        for before in [
            &[0xfb, 0x7f, 0xfc, 0x7f][..],
            &[0x3d, 0, 0, 0, 0],
            &[0x39, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x7a, 1, 9],
        ] {
            assert!(!fits_bytes::<wire::HeadsResponse>(&[before, &members].concat()), "{before:?}");
        }
        for cut in [&[0x0a][..], &[0x0a, 5, 1], &[0x80; 11], &[0x0e]] {
            assert!(!fits_bytes::<wire::HeadsResponse>(cut), "{cut:?}");
        }
    }
}
