// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EligibilityRegistry} from "../src/EligibilityRegistry.sol";
import {Groth16Verifier} from "../src/Groth16Verifier.sol";
import {TownHall} from "../src/TownHall.sol";
import {IGroth16Verifier} from "../src/interfaces/IGroth16Verifier.sol";
import {RoomId, SittingId} from "../src/types/Ids.sol";
import {Sitting} from "../src/types/Rooms.sol";
import {Stack} from "./support/Stack.sol";

/// The story of tests/vectors/join.json on the real verifier: five holders lock and register, the third one proves.
contract AnonymousJoinTest is Stack {
    uint256 private constant FIELD_ORDER =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    string private json;
    address private creator;
    bytes32 private room;
    bytes private proof;
    bytes32 private nullifier;
    uint40 private closing;

    function setUp() public override {
        json = vm.readFile("./tests/vectors/join.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        super.setUp();
        bytes memory code =
            address(new EligibilityRegistry(escrow, IGroth16Verifier(address(new Groth16Verifier())))).code;
        vm.etch(address(registry), code);
        hall = TownHall(vm.parseJsonAddress(json, ".townHall"));
        deployAt("TownHall.sol:TownHall", abi.encode(escrow, registry, MAX_TIME), address(hall));
        (proof, nullifier) = (vm.parseJsonBytes(json, ".proof"), vm.parseJsonBytes32(json, ".nullifier"));
        closing = uint40(vm.parseJsonUint(json, ".at"));
        creator = vm.parseJsonAddress(json, ".creator");
        for (uint256 i = 0; i < 5; ++i) {
            register(string.concat(".holders[", vm.toString(i), "]"));
        }
        lock(creator, TOKEN, MAX_TIME);
        vm.warp(vm.parseJsonUint(json, ".openedAt"));
        room = RoomId.unwrap(create(creator, openForum()));
        open(creator, RoomId.wrap(room), closing);
    }

    function register(string memory holder) private {
        vm.warp(vm.parseJsonUint(json, string.concat(holder, ".lockedAt")));
        address account = vm.parseJsonAddress(json, string.concat(holder, ".account"));
        lockAndRegister(
            account,
            vm.parseJsonUint(json, string.concat(holder, ".amount")),
            vm.parseJsonUint(json, string.concat(holder, ".duration")),
            uint256(vm.parseJsonBytes32(json, string.concat(holder, ".commitment")))
        );
        (, uint256 end,) = escrow.lockInfo(account);
        same(end, vm.parseJsonUint(json, string.concat(holder, ".end")), "end");
    }

    function admitted() private view returns (bool) {
        return hall.canJoinAnonymous(room, proof, nullifier);
    }

    function test_the_chain_computes_what_the_prover_proved() public view {
        same(room, vm.parseJsonBytes32(json, ".roomId"), "room");
        Sitting memory sitting = hall.sittingOf(RoomId.wrap(room));
        same(sitting.root, uint256(vm.parseJsonBytes32(json, ".root")), "root");
        same(sitting.threshold, vm.parseJsonUint(json, ".threshold"), "threshold");
        same(SittingId.unwrap(sitting.id), vm.parseJsonUint(json, ".sittingId"), "sitting");
    }

    function test_the_proof_gives_a_seat_until_the_sitting_ends() public {
        yes(admitted(), "now");
        vm.warp(closing - 1);
        yes(admitted(), "in its last second");
        vm.warp(closing);
        no(admitted(), "at its end");
    }

    function test_the_gate_costs_at_most_245_000_gas() public view {
        bytes memory call = abi.encodeCall(TownHall.canJoinAnonymous, (room, proof, nullifier));
        address gate = address(hall);
        uint256 gas = gasleft();
        (bool ok, bytes memory answer) = gate.staticcall(call);
        gas -= gasleft();
        yes(ok && abi.decode(answer, (bool)), "admitted");
        if (gas > 245_000) revert NotEqual("gas", gas, 245_000);
    }

    function test_the_proof_is_for_this_room_sitting_and_chain_only() public {
        vm.warp(block.timestamp + 1 hours);
        RoomId other = create(creator, openForum());
        open(creator, other, closing);
        no(hall.canJoinAnonymous(RoomId.unwrap(other), proof, nullifier), "other room");
        no(hall.canJoinAnonymous(bytes32(uint256(1)), proof, nullifier), "unknown room");
        vm.chainId(31_337);
        no(admitted(), "other chain");
        vm.chainId(7072);
        yes(admitted(), "as it was");
        vm.prank(creator);
        hall.closeSitting(RoomId.wrap(room));
        no(admitted(), "closed");
        open(creator, RoomId.wrap(room), closing);
        no(admitted(), "the next sitting with the same root and end");
        proof[256 + 31] = 0x02;
        no(admitted(), "its number written into the proof");
    }

    function test_another_payload_issue_time_or_nullifier_is_refused() public {
        bytes memory sound = proof;
        proof[351] ^= 0x01;
        no(admitted(), "payload");
        proof = sound;
        proof[319] ^= 0x01;
        no(admitted(), "issue time");
        proof = sound;
        proof[288] = 0x01;
        no(admitted(), "issue time above 64 bits");
        proof = sound;
        proof[256] = 0x01;
        no(admitted(), "sitting above 64 bits");
        proof = sound;
        nullifier = bytes32(uint256(nullifier) + 1);
        no(admitted(), "nullifier");
    }

    function test_a_nullifier_at_or_above_the_field_order_is_refused() public {
        uint256 sound = uint256(nullifier);
        for (uint256 alias_ = sound; alias_ <= type(uint256).max - FIELD_ORDER;) {
            alias_ += FIELD_ORDER;
            nullifier = bytes32(alias_);
            no(admitted(), "alias");
        }
        nullifier = bytes32(FIELD_ORDER);
        no(admitted(), "order");
        nullifier = bytes32(type(uint256).max);
        no(admitted(), "largest word");
    }

    function test_proof_bytes_of_any_other_length_are_refused() public {
        bytes memory sound = proof;
        proof = abi.encodePacked(sound, uint256(0));
        no(admitted(), "a word more, as of seven inputs");
        proof = abi.encodePacked(sound, uint8(0));
        no(admitted(), "a byte more");
        proof = "";
        no(admitted(), "none");
        proof = sound;
        proof.pop();
        no(admitted(), "a byte less");
    }

    function test_every_flipped_bit_is_refused() public {
        for (uint256 bit = 0; bit < 352 * 8; ++bit) {
            bytes1 mask = bytes1(uint8(1 << (bit % 8)));
            proof[bit / 8] ^= mask;
            no(admitted(), "flipped");
            proof[bit / 8] ^= mask;
        }
        yes(admitted(), "untouched");
    }

    function testFuzz_the_gate_never_reverts(bytes32 roomId, bytes memory anything, bytes32 word) public view {
        no(hall.canJoinAnonymous(roomId, anything, word), "room of nobody");
        no(hall.canJoinAnonymous(room, anything, word), "any bytes");
    }

    function testFuzz_any_words_as_points_are_refused_without_a_revert(uint256[8] memory points) public view {
        bytes memory forged = abi.encode(points, uint64(1), uint64(block.timestamp), bytes32(0));
        no(hall.canJoinAnonymous(room, forged, nullifier), "points");
    }

    /// The key's secrets are public: on the main chain its verifier cannot even be deployed.
    function test_the_development_key_is_refused_on_the_main_chain() public {
        uint256 main = 7070;
        vm.chainId(main);
        vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.DevelopmentKeyOnChain.selector, main));
        new Groth16Verifier();
    }

    function test_every_input_at_or_above_the_field_order_is_refused_by_the_verifier() public {
        Groth16Verifier real = new Groth16Verifier();
        (uint256[8] memory points, uint256[6] memory inputs) = story();
        yes(real.verify(points, inputs), "sound");
        for (uint256 i = 0; i < 6; ++i) {
            uint256 sound = inputs[i];
            inputs[i] = sound + FIELD_ORDER;
            no(real.verify(points, inputs), "alias");
            inputs[i] = FIELD_ORDER;
            no(real.verify(points, inputs), "order");
            inputs[i] = sound + 1;
            no(real.verify(points, inputs), "plus one");
            inputs[i] = sound;
        }
        for (uint256 i = 0; i < 8; ++i) {
            points[
                    i
                ] += 21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;
            no(real.verify(points, inputs), "coordinate above the order");
            points[
                    i
                ] -= 21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;
        }
    }

    function story() private view returns (uint256[8] memory points, uint256[6] memory inputs) {
        bytes32[] memory words = vm.parseJsonBytes32Array(json, ".points");
        for (uint256 i = 0; i < 8; ++i) {
            points[i] = uint256(words[i]);
        }
        words = vm.parseJsonBytes32Array(json, ".inputs");
        for (uint256 i = 0; i < 6; ++i) {
            inputs[i] = uint256(words[i]);
        }
    }

    function test_rotating_the_commitment_during_a_sitting_buys_nothing() public {
        address holder = vm.parseJsonAddress(json, ".holders[2].account");
        uint256 pinned = hall.sittingOf(RoomId.wrap(room)).root;
        vm.prank(holder);
        registry.register(uint256(keccak256("another secret")) >> 8);
        yes(registry.root() != pinned, "the tree moved");
        same(hall.sittingOf(RoomId.wrap(room)).root, pinned, "the sitting did not");
        yes(admitted(), "the one nullifier of this lock");
    }

    function test_who_registers_after_the_opening_waits() public {
        uint256 pinned = hall.sittingOf(RoomId.wrap(room)).root;
        lockAndRegister(address(0xBEEF), 1000 * TOKEN, MAX_TIME, 99);
        same(hall.sittingOf(RoomId.wrap(room)).root, pinned, "not in the pinned tree");
        vm.startPrank(creator);
        hall.closeSitting(RoomId.wrap(room));
        hall.openSitting(RoomId.wrap(room), closing);
        yes(hall.sittingOf(RoomId.wrap(room)).root != pinned, "in the next one");
    }

    function test_nobody_is_anonymous_in_a_committee() public {
        vm.warp(block.timestamp + 1 hours);
        RoomId roomId = create(creator, committee(address(0), address(0)));
        open(creator, roomId, closing);
        no(hall.canJoinAnonymous(RoomId.unwrap(roomId), proof, nullifier), "committee");
    }

    function test_a_verifier_that_reverts_or_answers_rubbish_admits_nobody() public {
        bytes[3] memory codes = [bytes(hex"60006000fd"), hex"600260005260206000f3", hex"600160005260216000f3"];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(address(registry), codes[i]);
            no(admitted(), "rubbish");
        }
        vm.etch(address(registry), "");
        no(admitted(), "no code");
    }
}
