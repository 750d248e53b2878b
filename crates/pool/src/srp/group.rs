//! The numbers modulo N, in Montgomery form, in constant time. The boxed form of them because it
//! is compiled with its crate: optimised in debug builds too.

use std::sync::LazyLock;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, CtLt as _};
use subtle::ConstantTimeEq as _;

use super::powers::Powers;
use super::{hash, padded};

/// Of N, in bits.
const BITS: u32 = 3072;

/// RFC 3526 section 4, and RFC 5054 appendix A (whose g is 5, where Cognito's is 2).
pub(super) const N: &str = concat!(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74",
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437",
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed",
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05",
    "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb",
    "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b",
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718",
    "3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33",
    "a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7",
    "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864",
    "d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2",
    "08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff",
);

struct Group {
    n: BoxedUint,
    params: BoxedMontyParams,
    g: Powers,
    k: Element,
}

static GROUP: LazyLock<Group> = LazyLock::new(Group::new);

impl Group {
    #[expect(clippy::expect_used, reason = "of a constant, which is hex and odd")]
    fn new() -> Self {
        let n = BoxedUint::from_be_hex(N, BITS)
            .into_option()
            .expect("N is hex of its length");
        let odd = n.to_odd().into_option().expect("N is odd");
        let params = BoxedMontyParams::new_vartime(odd);
        let element = |bytes: &[u8]| {
            let number = BoxedUint::from_be_slice_truncated(bytes, BITS);
            Element(BoxedMontyForm::new(number, &params))
        };
        let k = hash(&[&padded(&n.to_be_bytes()), &padded(&[2])]);
        Self {
            g: Powers::of(&element(&[2]).0, &params),
            k: element(&k),
            params,
            n,
        }
    }
}

/// A number modulo N.
#[derive(Clone)]
pub(super) struct Element(BoxedMontyForm);

impl Element {
    /// From big-endian bytes; `None` unless smaller than N.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let number = BoxedUint::from_be_slice(super::trimmed(bytes), BITS).ok()?;
        number.ct_lt(&GROUP.n).to_bool().then(|| Self::of(number))
    }

    /// From big-endian bytes that are too few to reach N.
    pub(super) fn from_short(bytes: &[u8; 383]) -> Self {
        Self::of(BoxedUint::from_be_slice_truncated(bytes, BITS))
    }

    /// g to an exponent of 256 bits, big-endian.
    pub(super) fn generator_to(exponent: &[u8; 32]) -> Self {
        Self(GROUP.g.pow(exponent))
    }

    /// SRP-6a's k = H(N, g).
    pub(super) fn multiplier() -> &'static Self {
        &GROUP.k
    }

    /// Neither 0 nor 1 nor -1: what these are multiplied to or raised to, anybody could tell.
    pub(super) fn is_proper(&self) -> bool {
        let one = BoxedMontyForm::one(&GROUP.params);
        let small = [BoxedMontyForm::zero(&GROUP.params), one.neg(), one];
        !small.contains(&self.0)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_zero().to_bool()
    }

    /// To an exponent of 256 bits, big-endian. All of them count, whatever their value.
    pub(super) fn pow(&self, exponent: &[u8; 32]) -> Self {
        let exponent = BoxedUint::from_be_slice_truncated(exponent, 256);
        Self(self.0.pow_bounded_exp(&exponent, 256))
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    /// Compares in constant time.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.to_bytes().ct_eq(&other.to_bytes()).into()
    }

    /// All 384 bytes, big-endian.
    pub(super) fn to_bytes(&self) -> Box<[u8]> {
        self.0.retrieve().to_be_bytes()
    }

    fn of(number: BoxedUint) -> Self {
        Self(BoxedMontyForm::new(number, &GROUP.params))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    fn n_and(difference: i8) -> Vec<u8> {
        let mut bytes = hex::decode(N).unwrap();
        let last = bytes.last_mut().unwrap();
        *last = last.wrapping_add_signed(difference);
        bytes
    }

    /// pycognito's `val_k`.
    #[test]
    fn k_is_that_of_the_clients() {
        assert_eq!(
            hex::encode(super::super::trimmed(&Element::multiplier().to_bytes())),
            "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"
        );
    }

    #[test]
    fn g_is_a_square_modulo_the_prime_n() {
        let two = Element::new(&[2]).unwrap().0;
        let half = GROUP.n.shr_vartime(1).unwrap();
        assert_eq!(two.pow(&half), BoxedMontyForm::one(&GROUP.params));
    }

    #[test]
    fn elements_are_below_n() {
        assert!(Element::new(&n_and(-1)).is_some());
        assert!(Element::new(&hex::decode(N).unwrap()).is_none());
        assert!(Element::new(&[0xff; 384]).is_none());
        assert!(Element::new(&[1; 385]).is_none());
        assert!(Element::new(&[]).unwrap().is_zero());
        let element = Element::new(&[0, 0, 1, 2]).unwrap();
        assert_eq!(super::super::trimmed(&element.to_bytes()), [1, 2]);
    }

    #[test]
    fn zero_and_both_ones_are_improper() {
        for improper in [vec![0], vec![1], n_and(-1)] {
            assert!(!Element::new(&improper).unwrap().is_proper());
        }
        for proper in [vec![2], n_and(-2)] {
            assert!(Element::new(&proper).unwrap().is_proper());
        }
    }

    #[test]
    fn all_bits_of_an_exponent_count() {
        let (mut high, mut low) = ([0; 32], [0; 32]);
        (high[0], low[31]) = (0x80, 3);
        let two = Element::new(&[2]).unwrap();
        assert_eq!(super::super::trimmed(&two.pow(&low).to_bytes()), [8]);
        let mut squared = two.clone();
        for _ in 0..255 {
            squared = squared.times(&squared);
        }
        assert!(two.pow(&high).same(&squared));
    }
}
