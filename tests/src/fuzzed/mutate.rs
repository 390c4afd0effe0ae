//! Bytes at random, from bytes that make sense.

/// Changes bytes as a fuzzer does, from a seed: the same seed gives the same bytes.
#[derive(Clone, Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// Begins with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// One of the seeds, changed in one to six places.
    pub fn next_from(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).cloned().unwrap_or_default();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let to = at + self.below(9).min(bytes.len() - at);
        match self.below(9) {
            0 => {
                let bit = self.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            1 => {
                let new = self.below(256).to_le_bytes()[0];
                bytes.splice(at..to.min(at + 1), [new]);
            }
            2 => drop(bytes.drain(at..to)),
            3 => {
                let again = bytes.get(at..to).unwrap_or_default().to_vec();
                bytes.splice(at..at, again);
            }
            4 => bytes.truncate(at),
            // A piece of another.
            5 => {
                let other = self.pick(seeds).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                let piece = other.into_iter().skip(from).take(40);
                bytes.splice(at..to, piece);
            }
            // A number that is one more or one less, or a letter of another case.
            6 => {
                let changed =
                    bytes.iter().skip(at).position(|byte| byte.is_ascii_alphanumeric()).map(|place| at + place);
                if let Some(byte) = changed.and_then(|place| bytes.get_mut(place)) {
                    *byte = if byte.is_ascii_digit() { b'0' + (*byte - b'0' + 1) % 10 } else { *byte ^ 0x20 };
                }
            }
            _ => {
                let word = self.pick(&WORDS).copied().unwrap_or_default();
                bytes.splice(at..to, word.iter().copied());
            }
        }
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.below(all.len());
        all.get(place)
    }

    /// A number below `most`; 0 if there is none.
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(most).unwrap_or(1).max(1)).unwrap_or(0)
    }
}

/// What breaks readers.
const WORDS: [&[u8]; 40] = [
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\"\"",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\\u0061",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xef\xbb\xbf",
    "\u{2028}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{e9}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"-0",
    b"1e400",
    b"NaN",
    b"1.0",
    b"9007199254740992",
    b"9223372036854775808",
    b"-1",
    b"00",
    b",",
    b":",
    b"}",
    b"]",
    b"\n",
    b"\r\n",
    b" ",
    b"sha256:",
    b"=",
    "\u{2014} ".as_bytes(),
];
