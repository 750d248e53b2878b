//! Powers of the generator, by what is known of it beforehand (Lim and Lee, CRYPTO '94): a
//! quarter of the work of any other number's, in constant time too.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Choice, CtAssign as _, CtEq as _};

/// The exponent's 256 bits stand in rows of 64, and each row in blocks of 16.
const ROWS: usize = 4;
const BLOCKS: usize = 4;
const BLOCK_BITS: usize = 16;
const ROW_BITS: usize = BLOCKS * BLOCK_BITS;
/// One of the products for each choice of rows.
const CHOICES: usize = 1 << ROWS;

pub(super) struct Powers {
    one: BoxedMontyForm,
    /// Of each block, for each choice of rows: the product of g^(2^i), where i is the first bit
    /// of the block in the row.
    products: Vec<Vec<BoxedUint>>,
}

impl Powers {
    pub(super) fn of(generator: &BoxedMontyForm, params: &BoxedMontyParams) -> Self {
        let one = BoxedMontyForm::one(params);
        let mut power = generator.clone();
        // First all blocks of the lowest row: they are what the squarings come to.
        let mut starts: Vec<BoxedMontyForm> = Vec::with_capacity(ROWS * BLOCKS);
        for _ in 0..ROWS * BLOCKS {
            starts.push(power.clone());
            for _ in 0..BLOCK_BITS {
                power = power.square();
            }
        }
        let products = (0..BLOCKS).map(|block| {
            let rows = starts.iter().skip(block).step_by(BLOCKS);
            let mut products = vec![one.clone()];
            for start in rows {
                let with: Vec<_> = products.iter().map(|product| product * start).collect();
                products.extend(with);
            }
            products.iter().map(BoxedMontyForm::to_montgomery).collect()
        });
        Self {
            products: products.collect(),
            one,
        }
    }

    /// g to an exponent of 256 bits, big-endian.
    pub(super) fn pow(&self, exponent: &[u8; 32]) -> BoxedMontyForm {
        let mut power = self.one.clone();
        let mut factor = self.one.clone();
        for place in (0..BLOCK_BITS).rev() {
            power = power.square();
            for (block, products) in self.products.iter().enumerate() {
                let choice = choice(exponent, block * BLOCK_BITS + place);
                // All are read, so that none can be told from where memory was touched.
                for (number, product) in (0..CHOICES).zip(products) {
                    let chosen = Choice::from(u8::from(number.ct_eq(&choice)));
                    factor.as_montgomery_mut().ct_assign(product, chosen);
                }
                power = &power * &factor;
            }
        }
        power
    }
}

/// The bits of all rows at this place, the lowest row's first.
fn choice(exponent: &[u8; 32], place: usize) -> usize {
    (0..ROWS).fold(0, |choice, row| {
        let bit = row * ROW_BITS + place;
        let byte = exponent.iter().rev().nth(bit / 8).copied();
        choice | usize::from(byte.unwrap_or_default() >> (bit % 8) & 1) << row
    })
}

#[cfg(test)]
mod tests {
    use super::super::group::Element;
    use super::super::hash;

    #[test]
    fn powers_of_the_generator_are_those_of_any_number() {
        let mut exponents = vec![[0; 32], [0xff; 32]];
        for bit in 0..256 {
            let mut exponent = [0; 32];
            exponent[bit / 8] = 1 << (bit % 8);
            exponents.push(exponent);
        }
        exponents.extend((0..32_u8).map(|seed| hash(&[&[seed]])));
        let two = Element::from_short(&{
            let mut two = [0; 383];
            two[382] = 2;
            two
        });
        for exponent in exponents {
            assert!(Element::generator_to(&exponent).same(&two.pow(&exponent)));
        }
    }
}
