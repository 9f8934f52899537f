//! Inputs of the short run: seeds, changed at places that a number chooses. The same number gives the same inputs.

/// A small generator: xorshift.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of a seed, for one target.
    #[must_use]
    pub fn new(seed: u64, target: &str) -> Self {
        let name = target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut dice = Self((seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name) | 1);
        // Seeds that are near each other begin near each other.
        (0..8).for_each(|_| _ = dice.next());
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 16) % bound).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[3]
    }
}

/// Numbers at which lengths and varints go wrong, and pieces of texts that mean something.
const TELLING: &[&[u8]] = &[
    &[0],
    &[0x7f],
    &[0x80, 0x01],
    &[0x80, 0x00],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0xff; 8],
    &[0; 32],
    &[0x12, 0x00],
    &[0x82, 0x40, 0x00],
    b"\n",
    b"\n\n",
    b" ",
    b"0",
    b"-1",
    b"+1",
    b"18446744073709551616",
    b"9223372036854775807",
    b"\r\n",
    "— ".as_bytes(),
    "\u{feff}".as_bytes(),
    "e\u{301}".as_bytes(),
    b"---\n",
    b": ",
    b"- ",
    b"&a [*a]",
    b"{",
    b"]",
    b"\"",
    b"=",
];

/// No input grows beyond this: the limits of the formats are tested elsewhere, with inputs made for them.
const LARGEST: usize = 64 * 1024;

/// One of the seeds, changed at one to four places.
pub fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds.get(dice.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=dice.below(4) {
        change(&mut bytes, seeds, dice);
    }
    bytes.truncate(LARGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let (start, end) = span(bytes.len(), dice);
    match dice.below(9) {
        0 => set(bytes, start, |byte, dice| byte ^ 1 << dice.below(8), dice),
        1 => set(bytes, start, |_, dice| dice.byte(), dice),
        2 => set(bytes, start, |byte, _| byte.wrapping_add(1), dice),
        3 => drop(bytes.drain(start..end)),
        4 => bytes.truncate(start),
        5 => {
            let copied = bytes.get(start..end).unwrap_or_default().to_vec();
            insert(bytes, end, &copied);
        }
        6 => insert(bytes, start, TELLING.get(dice.below(TELLING.len())).copied().unwrap_or_default()),
        7 => {
            drop(bytes.drain(start..end));
            insert(bytes, start, TELLING.get(dice.below(TELLING.len())).copied().unwrap_or_default());
        }
        _ => {
            let other = seeds.get(dice.below(seeds.len())).map_or(&[][..], Vec::as_slice);
            let (from, to) = span(other.len(), dice);
            insert(bytes, start, other.get(from..to).unwrap_or_default());
        }
    }
}

/// A piece of something so long: often short, now and then all the rest.
fn span(length: usize, dice: &mut Dice) -> (usize, usize) {
    let start = dice.below(length + 1);
    let longest = if dice.below(4) == 0 { length - start } else { (length - start).min(8) };
    (start, start + dice.below(longest + 1))
}

fn set(bytes: &mut [u8], place: usize, value: impl Fn(u8, &mut Dice) -> u8, dice: &mut Dice) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = value(*byte, dice);
    }
}

fn insert(bytes: &mut Vec<u8>, place: usize, piece: &[u8]) {
    drop(bytes.splice(place..place, piece.iter().copied()));
}
