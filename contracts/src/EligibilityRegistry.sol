// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PoseidonT5} from "poseidon-solidity/PoseidonT5.sol";
import {IEligibilityRegistry} from "./interfaces/IEligibilityRegistry.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IVotingEscrow} from "./interfaces/IVotingEscrow.sol";
import {Eligibility} from "./libraries/Eligibility.sol";
import {LeanTree} from "./libraries/LeanTree.sol";

/// @title Eligibility leaves of lock holders
contract EligibilityRegistry is IEligibilityRegistry {
    using LeanTree for LeanTree.Tree;

    /// @notice The escrow whose locks the leaves state.
    IVotingEscrow public immutable ESCROW;
    /// @notice The verifier of the statement.
    IGroth16Verifier public immutable VERIFIER;

    struct Leaf {
        /// zero: none
        uint32 indexPlusOne;
        uint128 weight;
        uint40 end;
        uint256 commitment;
    }

    mapping(address account => Leaf) private _leaves;
    LeanTree.Tree private _tree;

    constructor(IVotingEscrow escrow, IGroth16Verifier verifier) {
        ESCROW = escrow;
        VERIFIER = verifier;
    }

    /// @inheritdoc IEligibilityRegistry
    function register(uint256 commitment) external returns (uint32 index) {
        return _register(msg.sender, commitment);
    }

    /// @inheritdoc IEligibilityRegistry
    function registerFor(address account, uint256 commitment) external returns (uint32 index) {
        if (msg.sender != address(ESCROW)) revert NotEscrow(msg.sender);
        return _register(account, commitment);
    }

    /// @inheritdoc IEligibilityRegistry
    function poke(address account) external {
        Leaf storage leaf = _leaves[account];
        (uint128 heldWeight, uint40 heldEnd) = (leaf.weight, leaf.end);
        if (heldWeight == 0) return;
        (uint128 weight, uint40 end) = _lockOf(account);
        if (msg.sender != address(ESCROW)) {
            if (weight > heldWeight) weight = heldWeight;
            if (end > heldEnd) end = heldEnd;
        }
        if (weight == 0) end = 0;
        if (weight != heldWeight || end != heldEnd) _write(leaf, account, leaf.commitment, weight, end);
    }

    /// @inheritdoc IEligibilityRegistry
    function root() external view returns (uint256) {
        return _tree.root();
    }

    /// @inheritdoc IEligibilityRegistry
    function leafOf(address account)
        external
        view
        returns (uint32 index, uint256 commitment, uint128 weight, uint40 end)
    {
        Leaf storage leaf = _leaves[account];
        if (leaf.indexPlusOne == 0) revert UnknownAccount(account);
        return (leaf.indexPlusOne - 1, leaf.commitment, leaf.weight, leaf.end);
    }

    /// @inheritdoc IEligibilityRegistry
    function verify(uint256[8] calldata points, uint256[6] calldata inputs) external view returns (bool) {
        return VERIFIER.verify(points, inputs);
    }

    function _register(address account, uint256 commitment) private returns (uint32) {
        if (commitment == 0 || commitment >= Eligibility.FIELD_ORDER) revert CommitmentOutOfRange(commitment);
        (uint128 weight, uint40 end) = _lockOf(account);
        if (weight == 0 || end <= block.timestamp) revert NoLock(account);
        return _write(_leaves[account], account, commitment, weight, end);
    }

    function _write(Leaf storage leaf, address account, uint256 commitment, uint128 weight, uint40 end)
        private
        returns (uint32 index)
    {
        uint256 value = PoseidonT5.hash([commitment, uint160(account), weight, end]);
        uint256 newRoot;
        index = leaf.indexPlusOne;
        if (index != 0) {
            newRoot = _tree.replace(--index, value);
        } else {
            if (_tree.full()) revert TreeFull(_tree.size);
            (index, newRoot) = _tree.append(value);
            leaf.indexPlusOne = index + 1;
        }
        (leaf.weight, leaf.end) = (weight, end);
        if (leaf.commitment != commitment) leaf.commitment = commitment;
        emit LeafSet(index, account, commitment, weight, end, newRoot);
    }

    /// A configured escrow may hold more than a leaf can say: then the leaf says less.
    function _lockOf(address account) private view returns (uint128 weight, uint40 end) {
        (uint256 amount, uint256 lockEnd,) = ESCROW.lockInfo(account);
        weight = amount > type(uint128).max ? type(uint128).max : uint128(amount);
        end = lockEnd > type(uint40).max ? type(uint40).max : uint40(lockEnd);
    }
}
