//! Transactions with their sender: legacy, EIP-2930 and EIP-1559, decoded from EIP-2718 bytes.

use alloy_consensus::{
    SignableTransaction, Transaction as _, TxEnvelope, TxType, TypedTransaction, transaction::SignerRecoverable,
};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use revm::context::TxEnv;

use crate::error::TxError;

/// A transaction and the account that sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    envelope: TxEnvelope,
    sender: Address,
}

impl Transaction {
    /// Decodes EIP-2718 bytes and recovers the sender.
    ///
    /// # Errors
    /// [`TxError::Decode`], [`TxError::Type`] or [`TxError::Signature`].
    pub fn decode(raw: &[u8]) -> Result<Self, TxError> {
        let envelope = Self::envelope_of(raw)?;
        let sender = envelope.recover_signer().map_err(|_| TxError::Signature)?;
        Ok(Self { envelope, sender })
    }

    /// Decodes the bytes made by [`Transaction::impersonated`].
    ///
    /// # Errors
    /// [`TxError::Decode`] or [`TxError::Type`].
    pub fn decode_impersonated(raw: &[u8], sender: Address) -> Result<Self, TxError> {
        Ok(Self { envelope: Self::envelope_of(raw)?, sender })
    }

    /// An unsigned transaction of an impersonated account. Its place-holder signature holds the address, so that equal
    /// transactions of two accounts have two hashes.
    pub fn impersonated(unsigned: TypedTransaction, sender: Address) -> Self {
        let marker = Signature::new(U256::from_be_slice(sender.as_slice()), U256::ONE, false);
        Self { envelope: unsigned.into_signed(marker).into(), sender }
    }

    fn envelope_of(raw: &[u8]) -> Result<TxEnvelope, TxError> {
        let envelope = TxEnvelope::decode_2718_exact(raw).map_err(|e| TxError::Decode(e.to_string()))?;
        match envelope.tx_type() {
            TxType::Legacy | TxType::Eip2930 | TxType::Eip1559 => Ok(envelope),
            other => Err(TxError::Type(other as u8)),
        }
    }

    /// The signed envelope.
    pub fn envelope(&self) -> &TxEnvelope {
        &self.envelope
    }

    /// The account that sent it.
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// The transaction hash.
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// The EIP-2718 bytes.
    pub fn raw(&self) -> Bytes {
        self.envelope.encoded_2718().into()
    }

    /// Wei per gas paid in a block of this base fee.
    pub fn effective_gas_price(&self, base_fee: u64) -> u128 {
        self.envelope.effective_gas_price(Some(base_fee))
    }

    /// The most the transaction can cost its sender, in wei.
    pub(crate) fn highest_cost(&self) -> U256 {
        U256::from(self.envelope.gas_limit())
            .saturating_mul(U256::from(self.envelope.max_fee_per_gas()))
            .saturating_add(self.envelope.value())
    }

    /// The same for revm.
    pub(crate) fn env(&self) -> TxEnv {
        let tx = &self.envelope;
        TxEnv {
            tx_type: tx.tx_type() as u8,
            caller: self.sender,
            gas_limit: tx.gas_limit(),
            gas_price: tx.max_fee_per_gas(),
            kind: tx.kind(),
            value: tx.value(),
            data: tx.input().clone(),
            nonce: tx.nonce(),
            chain_id: tx.chain_id(),
            access_list: tx.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: tx.max_priority_fee_per_gas(),
            ..TxEnv::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::TxEip1559;

    use super::*;

    #[test]
    fn bytes_that_are_no_transaction_are_refused() {
        for raw in [&[][..], &[0x02], &[0xff; 40], &[0x7f, 0x00]] {
            assert!(matches!(Transaction::decode(raw), Err(TxError::Decode(_))));
        }
    }

    #[test]
    fn equal_transactions_of_two_impersonated_accounts_have_two_hashes() {
        let unsigned = || TypedTransaction::Eip1559(TxEip1559::default());
        let one = Transaction::impersonated(unsigned(), Address::with_last_byte(1));
        let two = Transaction::impersonated(unsigned(), Address::with_last_byte(2));
        assert_ne!(one.hash(), two.hash());
        assert_eq!(Transaction::decode_impersonated(&one.raw(), one.sender()), Ok(one));
    }
}
