// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PoseidonT3} from "poseidon-solidity/PoseidonT3.sol";

/// @title A LeanIMT whose nodes are all stored
/// @notice A node without right sibling passes its left child up; the root of one leaf is the leaf; an empty tree has
///         root zero. Stored nodes make an update one hash a level without siblings in the call data.
library LeanTree {
    /// @notice Depth of the circuit: 2^24 leaves.
    uint256 internal constant MAX_DEPTH = 24;

    struct Tree {
        uint32 size;
        uint8 depth;
        /// `level << 32 | index` of every node
        mapping(uint256 place => uint256) nodes;
    }

    /// @notice The root.
    function root(Tree storage self) internal view returns (uint256) {
        return self.nodes[uint256(self.depth) << 32];
    }

    /// @notice Whether no leaf can be added.
    function full(Tree storage self) internal view returns (bool) {
        return self.size >= 1 << MAX_DEPTH;
    }

    /// @notice Appends a leaf; the caller checks `full` first.
    /// @return index    Place of the leaf.
    /// @return newRoot  Root after it.
    function append(Tree storage self, uint256 leaf) internal returns (uint32 index, uint256 newRoot) {
        index = self.size;
        uint8 depth = self.depth;
        self.size = index + 1;
        if (index == uint256(1) << depth) self.depth = ++depth;
        newRoot = _climb(self, index, leaf, index, depth);
    }

    /// @notice Replaces an existing leaf.
    /// @return newRoot  Root after it.
    function replace(Tree storage self, uint32 index, uint256 leaf) internal returns (uint256 newRoot) {
        return _climb(self, index, leaf, self.size - 1, self.depth);
    }

    /// Writes a node and everything above it; `last` is the last index of the current level.
    function _climb(Tree storage self, uint256 index, uint256 node, uint256 last, uint256 depth)
        private
        returns (uint256)
    {
        for (uint256 level = 0; level < depth; ++level) {
            uint256 place = level << 32 | index;
            self.nodes[place] = node;
            if (index & 1 == 1) node = PoseidonT3.hash([self.nodes[place - 1], node]);
            else if (index < last) node = PoseidonT3.hash([node, self.nodes[place + 1]]);
            index >>= 1;
            last >>= 1;
        }
        self.nodes[depth << 32] = node;
        return node;
    }
}
