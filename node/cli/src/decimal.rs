//! Amounts of PARS as people write them. The token's number of decimals is a property of the token, never assumed.

use std::{fmt, str::FromStr};

/// A non-negative decimal number with at most 77 digits, kept exactly as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    whole: String,
    fraction: String,
}

/// Why a text or a number is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with at most one point.
    #[error("\"{0}\" is not an amount; write digits with at most one point, such as 12.5")]
    NotANumber(String),
    /// More digits behind the point than the token has.
    #[error("{value} has more than the token's {decimals} decimals; shorten it")]
    TooFine {
        /// What was given.
        value: String,
        /// Decimals of the token.
        decimals: u8,
    },
    /// Does not fit 128 bits of raw units.
    #[error("{0} does not fit the contract's 128 bits; give a smaller amount")]
    TooLarge(String),
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || DecimalError::NotANumber(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.is_empty() || text.ends_with('.') || text.len() > 78 {
            return Err(refuse());
        }
        Ok(Self { whole: whole.to_owned(), fraction: fraction.trim_end_matches('0').to_owned() })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}

impl Decimal {
    /// Raw units for a token of so many decimals.
    pub fn raw(&self, decimals: u8) -> Result<u128, DecimalError> {
        let missing = usize::from(decimals)
            .checked_sub(self.fraction.len())
            .ok_or_else(|| DecimalError::TooFine { value: self.to_string(), decimals })?;
        let digits = format!("{}{}{}", self.whole, self.fraction, "0".repeat(missing));
        digits.parse().map_err(|_| DecimalError::TooLarge(self.to_string()))
    }

    /// Raw units of a token of so many decimals as people write them.
    pub fn from_raw(raw: u128, decimals: u8) -> Self {
        let width = usize::from(decimals) + 1;
        let digits = format!("{raw:0>width$}");
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
        Self { whole: whole.to_owned(), fraction: fraction.trim_end_matches('0').to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_becomes_raw_units_of_the_token() {
        for (text, decimals, raw) in
            [("1", 9, 1_000_000_000), ("0.000000001", 9, 1), ("12.50", 9, 12_500_000_000), ("7", 0, 7)]
        {
            assert_eq!(text.parse::<Decimal>().unwrap().raw(decimals), Ok(raw), "{text}");
        }
    }

    #[test]
    fn raw_units_are_written_as_people_write_them_and_read_back() {
        for (raw, text) in [(1, "0.000000001"), (1_500_000_000, "1.5"), (0, "0"), (20_000_000_000, "20")] {
            let written = Decimal::from_raw(raw, 9);
            assert_eq!(written.to_string(), text);
            assert_eq!(written.raw(9), Ok(raw));
        }
        assert_eq!(Decimal::from_raw(42, 0).to_string(), "42");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "٣", &"9".repeat(79)] {
            assert!(matches!(text.parse::<Decimal>(), Err(DecimalError::NotANumber(_))), "{text}");
        }
    }

    #[test]
    fn more_decimals_than_the_token_has_or_more_than_128_bits_are_refused() {
        assert!(matches!("0.0000000001".parse::<Decimal>().unwrap().raw(9), Err(DecimalError::TooFine { .. })));
        assert!(matches!("9".repeat(40).parse::<Decimal>().unwrap().raw(9), Err(DecimalError::TooLarge(_))));
    }
}
