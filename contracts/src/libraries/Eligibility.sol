// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Encodings of the eligibility statement
/// @notice `>> 8` leaves 248 bits, so every value is below the field order.
library Eligibility {
    /// @notice Order of the scalar field of BN254.
    uint256 internal constant FIELD_ORDER =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    /// @notice Bytes of an encoded proof: eight points' coordinates, sitting id, issue time, payload.
    uint256 internal constant PROOF_LENGTH = 352;
    /// @notice Purpose of a join; its purpose id is zero.
    uint8 internal constant PURPOSE_JOIN = 1;

    bytes32 private constant EXTERNAL_TYPEHASH = keccak256(
        "ParsExternal(uint256 chainId,address townHall,bytes32 roomId,uint64 sittingId,uint8 purpose,bytes32 purposeId)"
    );
    bytes32 private constant SIGNAL_TYPEHASH =
        keccak256("ParsSignal(uint256 external,bytes32 payload,uint64 issuedAt)");

    /// @notice The external nullifier of a purpose in one sitting of a room of the calling contract.
    function externalOf(bytes32 roomId, uint64 sittingId, uint8 purpose, bytes32 purposeId)
        internal
        view
        returns (uint256)
    {
        return uint256(
            keccak256(
            abi.encode(EXTERNAL_TYPEHASH, block.chainid, address(this), roomId, sittingId, purpose, purposeId)
        )
        ) >> 8;
    }

    /// @notice What a proof is bound to besides its statement.
    function signalOf(uint256 external_, bytes32 payload, uint64 issuedAt) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(SIGNAL_TYPEHASH, external_, payload, issuedAt))) >> 8;
    }
}
