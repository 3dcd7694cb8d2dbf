// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITownHall} from "../src/interfaces/ITownHall.sol";
import {RoomId, SittingId} from "../src/types/Ids.sol";
import {Kind, RoomConfig, Sitting} from "../src/types/Rooms.sol";
import {Stack} from "./support/Stack.sol";

contract TownHallTest is Stack {
    address private constant ANA = address(0xA1);
    address private constant BEN = address(0xB2);
    address private constant EVE = address(0xE5);

    function roomOfAna() private returns (RoomId roomId) {
        lock(ANA, 100 * TOKEN, MAX_TIME);
        return create(ANA, townHall(uint128(TOKEN)));
    }

    function test_a_room_is_created_with_the_slot_of_its_creator() public {
        lock(ANA, TOKEN, MAX_TIME);
        RoomId wanted = RoomId.wrap(keccak256(abi.encode(block.chainid, address(hall), ANA, uint64(0))));
        vm.expectEmit(true, true, true, true, address(hall));
        emit ITownHall.RoomCreated(wanted, ANA, ANA, openForum());
        RoomId roomId = create(ANA, openForum());
        same(RoomId.unwrap(roomId), RoomId.unwrap(wanted), "id");
        (RoomConfig memory config, address creator, bool closed) = hall.roomOf(roomId);
        same(keccak256(abi.encode(config)), keccak256(abi.encode(openForum())), "configuration");
        same(creator, ANA, "creator");
        no(closed, "closed");
        same(hall.roomCount(ANA), 1, "next nonce");
    }

    function testFuzz_a_second_room_in_the_same_hour_is_refused(uint256 wait) public {
        lock(ANA, TOKEN, MAX_TIME);
        create(ANA, openForum());
        vm.warp(START + bound(wait, 0, 1 hours - 1));
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SlotUsed.selector, ANA, START + 1 hours));
        create(ANA, openForum());
        vm.warp(START + 1 hours);
        create(ANA, openForum());
    }

    function test_moving_the_tokens_does_not_give_a_second_room() public {
        lock(ANA, TOKEN, 7 days);
        (, uint256 end,) = escrow.lockInfo(ANA);
        vm.warp(end - 10 minutes);
        fund(ANA, 1_000_000 * TOKEN);
        vm.prank(ANA);
        escrow.increaseAmount(1_000_000 * TOKEN);
        create(ANA, openForum());
        vm.warp(end);
        vm.startPrank(ANA);
        escrow.withdraw();
        pars.transfer(BEN, pars.balanceOf(ANA) / 2);
        escrow.createLock(pars.balanceOf(ANA), 30 days);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SlotUsed.selector, ANA, end + 50 minutes));
        create(ANA, openForum());
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NoSlot.selector, BEN));
        create(BEN, openForum());
        // Known limit: locked anew by somebody else, the same tokens give that lock's own slot.
        uint256 moved = pars.balanceOf(BEN);
        vm.startPrank(BEN);
        pars.approve(address(escrow), moved);
        escrow.createLock(moved, 30 days);
        vm.stopPrank();
        create(BEN, openForum());
    }

    function test_power_below_one_raw_unit_gives_no_slot() public {
        lock(ANA, 1, 30 days);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NoSlot.selector, ANA));
        create(ANA, openForum());
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NoSlot.selector, EVE));
        create(EVE, openForum());
    }

    function testFuzz_a_slot_is_lent_once_by_signature(uint256 key, uint256 ahead) public {
        key = bound(key, 1, type(uint128).max);
        address holder = vm.addr(key);
        lock(holder, TOKEN, MAX_TIME);
        uint40 deadline = uint40(START + bound(ahead, 2 hours, 30 days));
        bytes memory lent = signature(key, hall.slotDigest(EVE, openForum().metadataHash, deadline));
        vm.prank(BEN);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, holder));
        hall.createRoom(openForum(), holder, deadline, lent);
        vm.startPrank(EVE);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, holder));
        hall.createRoom(townHall(5), holder, deadline, lent);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, holder));
        hall.createRoom(openForum(), holder, deadline + 1, lent);
        hall.createRoom(openForum(), holder, deadline, lent);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SlotUsed.selector, holder, START + 1 hours));
        hall.createRoom(openForum(), holder, deadline, lent);
        vm.warp(START + 1 hours);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SlotSignatureUsed.selector, holder, deadline));
        hall.createRoom(openForum(), holder, deadline, lent);
        vm.warp(uint256(deadline) + 1);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SlotSignatureExpired.selector, deadline));
        hall.createRoom(openForum(), holder, deadline, lent);
    }

    function test_a_malleated_signature_lends_nothing() public {
        address holder = vm.addr(77);
        lock(holder, TOKEN, MAX_TIME);
        uint40 deadline = uint40(START + 1 hours);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(77, hall.slotDigest(EVE, openForum().metadataHash, deadline));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory high = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(ITownHall.InvalidSlotSignature.selector, holder));
        vm.prank(EVE);
        hall.createRoom(openForum(), holder, deadline, high);
    }

    function testFuzz_a_configuration_outside_its_kind_is_refused(uint8 kind, uint16 capacity, uint128 minBalance)
        public
    {
        RoomConfig memory config;
        config.kind = Kind(kind % 3);
        (config.capacity, config.minBalance) = (capacity, minBalance);
        lock(ANA, TOKEN, MAX_TIME);
        uint16 cap = config.kind == Kind.TownHall ? 1000 : config.kind == Kind.Committee ? 25 : 500;
        bool fits = config.kind == Kind.TownHall
            ? minBalance != 0 && uint256(minBalance) * MAX_TIME < 1 << 168
            : minBalance == (config.kind == Kind.Committee ? 0 : 1);
        if (capacity == 0 || capacity > cap) {
            vm.expectRevert(abi.encodeWithSelector(ITownHall.CapacityOutOfRange.selector, capacity, cap));
        } else if (!fits) {
            vm.expectRevert(abi.encodeWithSelector(ITownHall.MinBalanceOutOfRange.selector, config.kind, minBalance));
        }
        create(ANA, config);
    }

    function test_only_a_committee_names_a_safe_or_a_committee() public {
        lock(ANA, TOKEN, MAX_TIME);
        RoomConfig memory config = openForum();
        config.safe = BEN;
        vm.expectRevert(abi.encodeWithSelector(ITownHall.GateNotAllowed.selector, Kind.OpenForum, BEN));
        create(ANA, config);
    }

    function test_the_creator_configures_and_the_kind_stays() public {
        RoomId roomId = roomOfAna();
        RoomConfig memory config = townHall(5);
        vm.prank(ANA);
        hall.configureRoom(roomId, config);
        (RoomConfig memory stored,,) = hall.roomOf(roomId);
        same(keccak256(abi.encode(stored)), keccak256(abi.encode(config)), "stored");
        vm.expectRevert(abi.encodeWithSelector(ITownHall.KindIsFixed.selector, roomId, Kind.TownHall));
        vm.prank(ANA);
        hall.configureRoom(roomId, openForum());
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NotCreator.selector, roomId, EVE));
        vm.prank(EVE);
        hall.configureRoom(roomId, config);
    }

    function test_a_moderator_opens_and_closes_sittings_and_nothing_else() public {
        RoomId roomId = roomOfAna();
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NotModerator.selector, roomId, BEN));
        open(BEN, roomId, START + 1 hours);
        vm.prank(ANA);
        hall.setModerator(roomId, BEN, true);
        open(BEN, roomId, START + 1 hours);
        vm.prank(BEN);
        hall.setMetadata(roomId, bytes32(uint256(99)));
        same(hall.sittingOf(roomId).metadataHash, bytes32(uint256(7)), "the sitting keeps what it pinned");
        vm.prank(BEN);
        hall.closeSitting(roomId);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NotCreator.selector, roomId, BEN));
        vm.prank(BEN);
        hall.closeRoom(roomId);
        vm.prank(ANA);
        hall.setModerator(roomId, BEN, false);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NotModerator.selector, roomId, BEN));
        open(BEN, roomId, START + 1 hours);
    }

    function test_a_sitting_pins_and_one_runs_at_a_time() public {
        RoomId roomId = roomOfAna();
        lockAndRegister(BEN, TOKEN, MAX_TIME, 5);
        uint256 root = registry.root();
        open(ANA, roomId, START + 24 hours);
        Sitting memory sitting = hall.sittingOf(roomId);
        same(SittingId.unwrap(sitting.id), 1, "number");
        same(sitting.root, root, "root");
        same(sitting.threshold, TOKEN * MAX_TIME, "threshold");
        vm.expectRevert(abi.encodeWithSelector(ITownHall.SittingRunning.selector, roomId, uint64(1)));
        open(ANA, roomId, START + 1 hours);
        vm.warp(START + 24 hours);
        same(SittingId.unwrap(hall.sittingOf(roomId).id), 0, "none runs at the end");
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NoSitting.selector, roomId));
        vm.prank(ANA);
        hall.closeSitting(roomId);
        open(ANA, roomId, START + 25 hours);
        same(SittingId.unwrap(hall.sittingOf(roomId).id), 2, "next number");
    }

    function test_a_sitting_ends_within_a_day() public {
        RoomId roomId = roomOfAna();
        uint256 latest = START + 24 hours;
        vm.expectRevert(abi.encodeWithSelector(ITownHall.EndOutOfRange.selector, START, latest));
        open(ANA, roomId, START);
        vm.expectRevert(abi.encodeWithSelector(ITownHall.EndOutOfRange.selector, latest + 1, latest));
        open(ANA, roomId, latest + 1);
    }

    function test_a_closed_room_takes_its_sitting_along() public {
        RoomId roomId = roomOfAna();
        open(ANA, roomId, START + 1 hours);
        yes(joins(roomId, ANA), "before");
        vm.prank(ANA);
        hall.closeRoom(roomId);
        no(joins(roomId, ANA), "after");
        vm.expectRevert(abi.encodeWithSelector(ITownHall.RoomIsClosed.selector, roomId));
        open(ANA, roomId, START + 1 hours);
        RoomId unknown = RoomId.wrap(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(ITownHall.UnknownRoom.selector, unknown));
        open(ANA, unknown, START + 1 hours);
    }

    function test_several_calls_go_through_as_the_caller() public {
        RoomId roomId = roomOfAna();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(hall.setModerator, (roomId, BEN, true));
        calls[1] = abi.encodeCall(hall.openSitting, (roomId, uint40(START + 1 hours)));
        vm.prank(ANA);
        hall.multicall(calls);
        yes(hall.isModerator(roomId, BEN), "moderator");
        vm.expectRevert(abi.encodeWithSelector(ITownHall.NotCreator.selector, roomId, EVE));
        vm.prank(EVE);
        hall.multicall(calls);
    }

    function test_a_wallet_names_the_key_of_its_seats() public {
        vm.expectEmit(true, true, true, true, address(hall));
        emit ITownHall.SeatDelegateSet(ANA, BEN, uint40(START + 1));
        vm.startPrank(ANA);
        hall.setSeatDelegate(BEN, uint40(START + 1));
        vm.expectRevert(abi.encodeWithSelector(ITownHall.DelegationExpired.selector, START));
        hall.setSeatDelegate(BEN, uint40(START));
        hall.setSeatDelegate(address(0), 0);
    }
}
