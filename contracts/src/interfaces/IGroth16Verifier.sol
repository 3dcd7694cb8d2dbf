// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Verifier of the eligibility statement
interface IGroth16Verifier {
    /// @notice Checks a Groth16 proof over BN254; returns false for anything it does not accept, never reverts.
    /// @param points  A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y, each below the base field's order.
    /// @param inputs  root, nullifier, external, threshold, at, signal, each below the scalar field's order.
    function verify(uint256[8] calldata points, uint256[6] calldata inputs) external view returns (bool);
}
