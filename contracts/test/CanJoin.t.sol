// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TownHall} from "../src/TownHall.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {ITownHallGating} from "../src/interfaces/ITownHallGating.sol";
import {IVotingEscrow} from "../src/interfaces/IVotingEscrow.sol";
import {RoomId} from "../src/types/Ids.sol";
import {Stack} from "./support/Stack.sol";

/// Answers every call with bytes it was given, or reverts with them.
contract Rubbish {
    bytes private _answer;
    bool private _fails;

    constructor(bytes memory answer, bool fails) {
        (_answer, _fails) = (answer, fails);
    }

    fallback() external {
        bytes memory answer = _answer;
        bool fails = _fails;
        assembly {
            if fails { revert(add(answer, 32), mload(answer)) }
            return(add(answer, 32), mload(answer))
        }
    }
}

contract Members is ICommittee {
    mapping(address => bool) public isMember;

    function set(address account, bool on) external {
        isMember[account] = on;
    }
}

contract CanJoinTest is Stack {
    address private constant ANA = address(0xA1);
    address private constant BEN = address(0xB2);
    uint256 private constant MAX_LOCKS = 1000;
    /// Where the escrow keeps its mapping of locks: `amount` in the lower 128 bits of a word, `end` in the next 40.
    uint256 private constant LOCKS_SLOT = 0;

    /// A lock of the shared vectors with the answers to it.
    struct Boundary {
        uint256 weight;
        uint256 end;
        uint256 at;
        uint256 minBalance;
        uint256 threshold;
        uint256 power;
        bool eligible;
    }

    function room(uint128 minBalance) private returns (RoomId roomId) {
        lock(ANA, 1000 * TOKEN, MAX_TIME);
        return create(ANA, townHall(minBalance));
    }

    /// Who calls a gate by its selector alone finds both, in the interface and in the contract that is deployed.
    function test_the_gates_have_the_selectors_of_their_signatures() public view {
        bytes4 byName = bytes4(keccak256("canJoin(bytes32,address)"));
        bytes4 byProof = bytes4(keccak256("canJoinAnonymous(bytes32,bytes,bytes32)"));
        same(ITownHallGating.canJoin.selector, byName, "canJoin");
        same(ITownHallGating.canJoinAnonymous.selector, byProof, "canJoinAnonymous");
        (bool ok, bytes memory answer) = address(hall).staticcall(abi.encodeWithSelector(byName, bytes32(0), ANA));
        yes(ok && answer.length == 32, "canJoin answers");
        (ok, answer) = address(hall).staticcall(abi.encodeWithSelector(byProof, bytes32(0), "", bytes32(0)));
        yes(ok && answer.length == 32, "canJoinAnonymous answers");
    }

    function test_without_a_running_sitting_nobody_joins() public {
        RoomId roomId = room(1);
        no(joins(roomId, ANA), "before the sitting");
        open(ANA, roomId, START + 1 hours);
        yes(joins(roomId, ANA), "during");
        vm.warp(START + 1 hours);
        no(joins(roomId, ANA), "at the end");
        open(ANA, roomId, START + 2 hours);
        vm.prank(ANA);
        hall.closeSitting(roomId);
        no(joins(roomId, ANA), "closed");
        no(joins(RoomId.wrap(bytes32(uint256(3))), ANA), "unknown room");
    }

    /// The gate and the token's own power at the sitting's end agree for every lock and threshold.
    function testFuzz_the_gate_agrees_with_the_power_at_the_end(uint256 amount, uint256 duration, uint256 minBalance)
        public
    {
        amount = bound(amount, 1, 1_000_000 * TOKEN);
        lock(BEN, amount, bound(duration, 7 days, MAX_TIME));
        uint256 close = START + 24 hours;
        (, uint256 end,) = escrow.lockInfo(BEN);
        uint256 power = close < end ? amount * (end - close) / MAX_TIME : 0;
        minBalance = bound(minBalance, 1, power + 2);
        RoomId roomId = room(uint128(minBalance));
        open(ANA, roomId, close);
        bool admitted = joins(roomId, BEN);
        same(admitted ? 1 : 0, power >= minBalance ? 1 : 0, "gate against power");
        vm.warp(close - 1);
        same(joins(roomId, BEN) ? 1 : 0, admitted ? 1 : 0, "the gate does not move during the sitting");
        vm.warp(close);
        same(escrow.votingPower(BEN), power, "power at the end");
    }

    /// The locks that the circuit's tests read too: the gate and the token's power give the answer that a proof gives.
    function test_gate_and_power_give_the_answers_of_the_shared_locks() public {
        string memory json = vm.readFile("./tests/vectors/eligibility.json");
        RoomId roomId = room(1);
        uint256 i = 0;
        for (; i < MAX_LOCKS; ++i) {
            string memory path = string.concat(".locks[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, path)) break;
            Boundary memory b = boundaryOf(json, path);
            // What nobody could lock in the time of a test is written where the escrow keeps it.
            vm.store(address(escrow), keccak256(abi.encode(BEN, LOCKS_SLOT)), bytes32((b.end << 128) | b.weight));
            checkGate(roomId, b, path);
            checkPower(b, path);
        }
        yes(i >= 20, "at least 20 locks");
    }

    function boundaryOf(string memory json, string memory path) private pure returns (Boundary memory b) {
        b.weight = vm.parseJsonUint(json, string.concat(path, ".weight"));
        b.end = vm.parseJsonUint(json, string.concat(path, ".end"));
        b.at = vm.parseJsonUint(json, string.concat(path, ".at"));
        b.minBalance = vm.parseJsonUint(json, string.concat(path, ".minBalance"));
        b.threshold = vm.parseJsonUint(json, string.concat(path, ".threshold"));
        b.power = vm.parseJsonUint(json, string.concat(path, ".power"));
        b.eligible = vm.parseJsonBool(json, string.concat(path, ".eligible"));
    }

    /// During a sitting that ends at the lock's `at`.
    function checkGate(RoomId roomId, Boundary memory b, string memory what) private {
        (uint256 amount, uint256 end,) = escrow.lockInfo(BEN);
        same(amount, b.weight, what);
        same(end, b.weight == 0 ? 0 : b.end, what);
        vm.warp(b.at - 1);
        vm.prank(ANA);
        hall.configureRoom(roomId, townHall(uint128(b.minBalance)));
        open(ANA, roomId, b.at);
        same(hall.sittingOf(roomId).threshold, b.threshold, what);
        same(joins(roomId, BEN) ? 1 : 0, b.eligible ? 1 : 0, what);
        vm.prank(ANA);
        hall.closeSitting(roomId);
    }

    /// At the sitting's end.
    function checkPower(Boundary memory b, string memory what) private {
        vm.warp(b.at);
        uint256 held = escrow.votingPower(BEN);
        same(held, b.power, what);
        same(held >= b.minBalance ? 1 : 0, b.eligible ? 1 : 0, what);
    }

    function test_the_boundary_is_exact() public {
        lock(BEN, TOKEN, 30 days);
        (, uint256 end,) = escrow.lockInfo(BEN);
        uint256 close = START + 10 hours;
        uint256 power = TOKEN * (end - close) / MAX_TIME;
        RoomId enough = room(uint128(power));
        open(ANA, enough, close);
        yes(joins(enough, BEN), "exactly enough");
        vm.warp(START + 1 hours);
        RoomId above = create(ANA, townHall(uint128(power + 1)));
        open(ANA, above, close);
        no(joins(above, BEN), "one raw unit short");
        no(joins(above, address(0xEEEE)), "stranger");
    }

    function test_a_lock_that_ends_before_the_sitting_does_is_refused() public {
        lock(BEN, 1_000_000 * TOKEN, 7 days);
        (, uint256 end,) = escrow.lockInfo(BEN);
        RoomId roomId = room(1);
        vm.warp(end - 1 hours);
        open(ANA, roomId, end);
        no(joins(roomId, BEN), "ends with the sitting");
        vm.prank(ANA);
        hall.closeSitting(roomId);
        open(ANA, roomId, end - 1);
        yes(joins(roomId, BEN), "ends after it");
    }

    function test_who_locks_during_the_sitting_joins_by_name() public {
        RoomId roomId = room(1);
        open(ANA, roomId, START + 1 hours);
        no(joins(roomId, BEN), "before");
        lock(BEN, 1000 * TOKEN, MAX_TIME);
        yes(joins(roomId, BEN), "after");
    }

    function test_a_broken_token_admits_nobody() public {
        RoomId roomId = room(1);
        open(ANA, roomId, START + 1 hours);
        uint256 far = START + MAX_TIME;
        bytes[6] memory answers = [
            bytes(""),
            abi.encode(true),
            abi.encode(1000 * TOKEN, far),
            abi.encode(1000 * TOKEN, far, far, far),
            abi.encode(uint256(1) << 128, far, far),
            abi.encode(1000 * TOKEN, uint256(1) << 40, far)
        ];
        for (uint256 i = 0; i < answers.length; ++i) {
            vm.etch(address(escrow), "");
            deployAt("CanJoin.t.sol:Rubbish", abi.encode(answers[i], false), address(escrow));
            no(joins(roomId, ANA), "rubbish");
        }
        deployAt("CanJoin.t.sol:Rubbish", abi.encode(abi.encode(1000 * TOKEN, far, far), true), address(escrow));
        no(joins(roomId, ANA), "revert");
        vm.etch(address(escrow), hex"5b600056");
        no(joins(roomId, ANA), "burns all gas");
        vm.etch(address(escrow), "");
        no(joins(roomId, ANA), "self-destructed");
        deployAt("CanJoin.t.sol:Rubbish", abi.encode(abi.encode(1000 * TOKEN, far, far), false), address(escrow));
        yes(joins(roomId, ANA), "the same room with a sound answer");
    }

    function test_a_committee_asks_its_list_and_its_contract() public {
        lock(ANA, TOKEN, MAX_TIME);
        Members members = new Members();
        RoomId roomId = create(ANA, committee(address(0), address(members)));
        open(ANA, roomId, START + 1 hours);
        no(joins(roomId, BEN), "nobody yet");
        members.set(BEN, true);
        yes(joins(roomId, BEN), "member of the contract");
        members.set(BEN, false);
        vm.prank(ANA);
        hall.setMember(roomId, BEN, true);
        yes(joins(roomId, BEN), "listed");
        vm.prank(ANA);
        hall.setMember(roomId, BEN, false);
        no(joins(roomId, BEN), "struck off");
        no(joins(roomId, ANA), "a lock is no membership");
    }

    function testFuzz_a_gate_that_answers_rubbish_admits_nobody(bytes memory answer, bool fails) public {
        if (answer.length == 32 && uint256(bytes32(answer)) == 1) fails = true;
        lock(ANA, TOKEN, MAX_TIME);
        address gate = address(new Rubbish(answer, fails));
        RoomId roomId = create(ANA, committee(gate, gate));
        open(ANA, roomId, START + 1 hours);
        no(joins(roomId, BEN), "rubbish");
    }

    function test_a_safe_without_code_admits_nobody() public {
        lock(ANA, TOKEN, MAX_TIME);
        for (uint160 precompile = 1; precompile <= 0x11; ++precompile) {
            vm.warp(block.timestamp + 1 hours);
            RoomId roomId = create(ANA, committee(address(precompile), BEN));
            open(ANA, roomId, block.timestamp + 1);
            no(joins(roomId, BEN), "precompile or account without code");
            no(joins(roomId, address(1)), "sentinel");
            no(joins(roomId, address(0)), "zero");
        }
    }
}
