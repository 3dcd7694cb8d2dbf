// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The tree of eligibility leaves
/// @notice One leaf per account: `PoseidonT5(commitment, account, weight, end)` in a LeanIMT of depth 24 at most.
interface IEligibilityRegistry {
    /// @notice A leaf was added or changed; `root` is the tree's root after it.
    event LeafSet(
        uint32 indexed index, address indexed account, uint256 commitment, uint128 weight, uint40 end, uint256 root
    );

    /// @notice The commitment is zero or not below the field order.
    error CommitmentOutOfRange(uint256 commitment);
    /// @notice The account has no lock that still runs.
    error NoLock(address account);
    /// @notice Only the escrow registers for others.
    error NotEscrow(address caller);
    /// @notice The account has no leaf.
    error UnknownAccount(address account);
    /// @notice The tree holds 2^24 leaves.
    error TreeFull(uint32 size);

    /// @notice Sets the caller's leaf from its own lock; a second call changes the same leaf.
    /// @param commitment  `PoseidonT2(secret)`, above zero and below the field order.
    /// @return index      Index of the account's leaf, in order of first registration.
    function register(uint256 commitment) external returns (uint32 index);
    /// @notice As `register`, for an account whose lock the escrow has just made (escrow only).
    function registerFor(address account, uint256 commitment) external returns (uint32 index);
    /// @notice Brings a leaf down to what the account's lock still holds; does nothing where there is nothing to lower.
    ///         Called by the escrow it also raises a leaf that is in use; a leaf of weight zero comes back by
    ///         registration only.
    function poke(address account) external;
    /// @notice Root of the tree; zero when it is empty.
    function root() external view returns (uint256);
    /// @notice The leaf of an account; reverts with `UnknownAccount` if it has none.
    function leafOf(address account)
        external
        view
        returns (uint32 index, uint256 commitment, uint128 weight, uint40 end);
    /// @notice Whether the proof holds for the public inputs `root, nullifier, external, threshold, at, signal`.
    function verify(uint256[8] calldata points, uint256[6] calldata inputs) external view returns (bool);
}
