// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Safe} from "@safe-global/safe-smart-account/contracts/Safe.sol";
import {
    CompatibilityFallbackHandler
} from "@safe-global/safe-smart-account/contracts/handler/CompatibilityFallbackHandler.sol";
import {SafeProxyFactory} from "@safe-global/safe-smart-account/contracts/proxies/SafeProxyFactory.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";
import {ITownHall} from "../src/interfaces/ITownHall.sol";
import {RoomId} from "../src/types/Ids.sol";
import {RoomConfig} from "../src/types/Rooms.sol";
import {Stack} from "./support/Stack.sol";

/// Rooms of a real Safe of two owners, both of whom must sign.
contract SafeRoomsTest is Stack {
    uint256 private constant KEY_A = 101;
    uint256 private constant KEY_B = 102;
    Safe private safe;

    function setUp() public override {
        super.setUp();
        address[] memory owners = new address[](2);
        (owners[0], owners[1]) = (vm.addr(KEY_A), vm.addr(KEY_B));
        bytes memory setup = abi.encodeCall(
            Safe.setup,
            (owners, 2, address(0), "", address(new CompatibilityFallbackHandler()), address(0), 0, payable(address(0)))
        );
        address singleton = address(new Safe());
        safe = Safe(payable(address(new SafeProxyFactory().createProxyWithNonce(singleton, setup, 0))));
    }

    /// Both owners' signatures over a Safe hash, by rising owner.
    function bothSign(bytes32 digest) private pure returns (bytes memory) {
        (uint256 first, uint256 second) = vm.addr(KEY_A) < vm.addr(KEY_B) ? (KEY_A, KEY_B) : (KEY_B, KEY_A);
        return abi.encodePacked(signature(first, digest), signature(second, digest));
    }

    function execute(bytes memory data) private returns (bool) {
        bytes32 digest = safe.getTransactionHash(
            address(hall), 0, data, Enum.Operation.Call, 0, 0, 0, address(0), address(0), safe.nonce()
        );
        return safe.execTransaction(
            address(hall), 0, data, Enum.Operation.Call, 0, 0, 0, address(0), payable(address(0)), bothSign(digest)
        );
    }

    function test_a_safe_creates_a_room_with_the_slot_of_one_of_its_owners() public {
        address owner = vm.addr(KEY_A);
        lock(owner, TOKEN, MAX_TIME);
        RoomConfig memory config = committee(address(safe), address(0));
        uint40 deadline = uint40(START + 2 days);
        bytes memory lent = signature(KEY_A, hall.slotDigest(address(safe), config.metadataHash, deadline));
        yes(execute(abi.encodeCall(ITownHall.createRoom, (config, owner, deadline, lent))), "created");
        RoomId roomId = RoomId.wrap(keccak256(abi.encode(block.chainid, address(hall), address(safe), uint64(0))));
        (, address creator,) = hall.roomOf(roomId);
        same(creator, address(safe), "creator");
        yes(execute(abi.encodeCall(ITownHall.openSitting, (roomId, uint40(START + 1 hours)))), "opened");
        yes(joins(roomId, vm.addr(KEY_A)), "one owner");
        yes(joins(roomId, vm.addr(KEY_B)), "the other");
        no(joins(roomId, address(safe)), "the Safe itself");
        no(joins(roomId, address(1)), "the list's sentinel");
        no(joins(roomId, vm.addr(999)), "stranger");
    }

    function test_a_safe_lends_its_own_slot_by_erc1271() public {
        lock(address(safe), TOKEN, MAX_TIME);
        address creator = address(0xC0FFEE);
        uint40 deadline = uint40(START + 1 hours);
        bytes32 digest = hall.slotDigest(creator, openForum().metadataHash, deadline);
        bytes32 safeHash = CompatibilityFallbackHandler(address(safe)).getMessageHashForSafe(safe, abi.encode(digest));
        vm.startPrank(creator);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, address(safe)));
        hall.createRoom(openForum(), address(safe), deadline, signature(KEY_A, safeHash));
        hall.createRoom(openForum(), address(safe), deadline, bothSign(safeHash));
    }

    function test_a_wallet_that_lies_or_burns_its_gas_lends_nothing() public {
        lock(address(0x77), TOKEN, MAX_TIME);
        uint40 deadline = uint40(START + 1 hours);
        bytes[4] memory codes = [
            // returns the word 1; returns the magic value and a word more; loops; reverts
            bytes(hex"600160005260206000f3"), hex"631626ba7e60e01b60005260406000f3", hex"5b600056", hex"60006000fd"
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(address(0x77), codes[i]);
            vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, address(0x77)));
            hall.createRoom(openForum(), address(0x77), deadline, "");
        }
        vm.etch(address(0x77), hex"631626ba7e60e01b60005260206000f3");
        hall.createRoom(openForum(), address(0x77), deadline, "");
    }
}
