// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PoseidonT3} from "poseidon-solidity/PoseidonT3.sol";
import {PoseidonT5} from "poseidon-solidity/PoseidonT5.sol";
import {IEligibilityRegistry} from "../src/interfaces/IEligibilityRegistry.sol";
import {LeanTree} from "../src/libraries/LeanTree.sol";
import {Stack} from "./support/Stack.sol";

contract EligibilityRegistryTest is Stack {
    uint256 private constant FIELD_ORDER =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;

    function holder(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i));
    }

    /// The tree, built again from its leaves level by level.
    function rebuilt(uint256[] memory level) private pure returns (uint256) {
        uint256 length = level.length;
        if (length == 0) return 0;
        while (length > 1) {
            uint256 half = (length + 1) / 2;
            for (uint256 i = 0; i < half; ++i) {
                level[i] = 2 * i + 1 < length ? PoseidonT3.hash([level[2 * i], level[2 * i + 1]]) : level[2 * i];
            }
            length = half;
        }
        return level[0];
    }

    function leavesOf(uint256 count) private view returns (uint256[] memory leaves) {
        leaves = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            (uint32 index, uint256 commitment, uint128 weight, uint40 end) = registry.leafOf(holder(i));
            leaves[index] = PoseidonT5.hash([commitment, uint160(holder(i)), weight, end]);
        }
    }

    function test_an_empty_tree_has_root_zero_and_one_leaf_is_its_own_root() public {
        same(registry.root(), 0, "empty");
        lockAndRegister(holder(0), TOKEN, 30 days, 5);
        same(registry.root(), leavesOf(1)[0], "one leaf");
    }

    /// forge-config: default.fuzz.runs = 24
    function testFuzz_the_root_is_that_of_the_rebuilt_tree(uint256 seed) public {
        uint256 count = bound(seed, 1, 17);
        for (uint256 i = 0; i < count; ++i) {
            lockAndRegister(holder(i), TOKEN + i, 30 days, 100 + i);
            same(registry.root(), rebuilt(leavesOf(i + 1)), "after an insert");
        }
        for (uint256 step = 0; step < 5; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.prank(holder(seed % count));
            registry.register(bound(seed, 1, FIELD_ORDER - 1));
            same(registry.root(), rebuilt(leavesOf(count)), "after an update");
        }
    }

    function test_registering_again_changes_the_same_leaf() public {
        lockAndRegister(holder(0), TOKEN, 30 days, 5);
        lockAndRegister(holder(1), TOKEN, 30 days, 5);
        vm.prank(holder(0));
        same(registry.register(6), 0, "index");
        (, uint256 commitment,,) = registry.leafOf(holder(0));
        same(commitment, 6, "commitment");
    }

    function test_the_event_rebuilds_the_leaf() public {
        lock(holder(0), TOKEN, 30 days);
        (uint256 amount, uint256 end,) = escrow.lockInfo(holder(0));
        uint256 leaf = PoseidonT5.hash([uint256(5), uint160(holder(0)), amount, end]);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IEligibilityRegistry.LeafSet(0, holder(0), 5, uint128(amount), uint40(end), leaf);
        vm.prank(holder(0));
        registry.register(5);
    }

    function test_registration_is_refused_without_a_running_lock_or_a_field_element() public {
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.NoLock.selector, holder(0)));
        vm.prank(holder(0));
        registry.register(5);
        lock(holder(0), TOKEN, 30 days);
        vm.startPrank(holder(0));
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.CommitmentOutOfRange.selector, FIELD_ORDER));
        registry.register(FIELD_ORDER);
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.NotEscrow.selector, holder(0)));
        registry.registerFor(holder(0), 5);
        (, uint256 end,) = escrow.lockInfo(holder(0));
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.NoLock.selector, holder(0)));
        registry.register(5);
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.UnknownAccount.selector, holder(0)));
        registry.leafOf(holder(0));
    }

    function test_a_stranger_lowers_a_leaf_but_never_raises_it() public {
        lockAndRegister(holder(0), TOKEN, 300 days, 5);
        (, uint256 end,) = escrow.lockInfo(holder(0));
        uint256 before = registry.root();
        vm.etch(address(escrow), type(SteeredEscrow).runtimeCode);
        SteeredEscrow(address(escrow)).set(TOKEN * 2, end + WEEK);
        registry.poke(holder(0));
        same(registry.root(), before, "a larger lock changes nothing");
        SteeredEscrow(address(escrow)).set(TOKEN / 2, end + WEEK);
        registry.poke(holder(0));
        (,, uint128 weight, uint40 leafEnd) = registry.leafOf(holder(0));
        same(weight, TOKEN / 2, "weight is lowered");
        same(leafEnd, end, "end is not raised");
        SteeredEscrow(address(escrow)).set(0, 0);
        registry.poke(holder(0));
        same(registry.root(), PoseidonT5.hash([uint256(5), uint160(holder(0)), 0, 0]), "leaf of nothing");
        registry.poke(holder(0));
        registry.poke(holder(1));
    }

    function test_an_update_at_full_depth_stays_below_a_million_gas() public {
        DeepTree tree = new DeepTree();
        tree.pretend((1 << 24) - 1);
        uint256 gas = gasleft();
        tree.append(1);
        yes(gas - gasleft() < 900_000, "append");
        gas = gasleft();
        tree.replace(5, 2);
        yes(gas - gasleft() < 900_000, "replace");
        yes(tree.full(), "2^24 leaves");
    }
}

/// Says about every lock what it was told.
contract SteeredEscrow {
    uint256 private _amount;
    uint256 private _end;

    function set(uint256 amount, uint256 end) external {
        (_amount, _end) = (amount, end);
    }

    function lockInfo(address) external view returns (uint256, uint256, uint256) {
        return (_amount, _end, _end);
    }
}

contract DeepTree {
    using LeanTree for LeanTree.Tree;

    LeanTree.Tree private _tree;

    /// As if so many leaves were there: what lies on the way of the next one and of the sixth is written.
    function pretend(uint32 size) external {
        (_tree.size, _tree.depth) = (size, 24);
        for (uint256 level = 0; level < 24; ++level) {
            _write(level, size, level == 0 ? 0 : 2);
            _write(level, size - (1 << level), 1);
            _write(level, 5, 3);
            _write(level, 5 ^ (1 << level), 4);
        }
        _write(24, 0, 5);
    }

    function append(uint256 leaf) external {
        _tree.append(leaf);
    }

    function replace(uint32 index, uint256 leaf) external {
        _tree.replace(index, leaf);
    }

    function _write(uint256 level, uint256 index, uint256 node) private {
        _tree.nodes[level << 32 | (index >> level)] = node;
    }

    function full() external view returns (bool) {
        return _tree.full();
    }
}
