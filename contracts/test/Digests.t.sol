// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {RecordingConsent} from "../src/RecordingConsent.sol";
import {ServiceNodeRegistry} from "../src/ServiceNodeRegistry.sol";
import {SessionTrigger} from "../src/SessionTrigger.sol";
import {TownHall} from "../src/TownHall.sol";
import {Recording} from "../src/types/Consent.sol";
import {NodeId, RecordingId, SignerId} from "../src/types/Ids.sol";
import {Action} from "../src/types/Trigger.sol";
import {Test} from "./support/Test.sol";

/// The digests that clients compute too: `contracts/bindings/src/typed/tests.rs` holds the same constants.
contract DigestsTest is Test {
    address private constant HERE = address(0x1111111111111111111111111111111111111111);
    address private constant SOMEBODY = address(0x2222222222222222222222222222222222222222);
    bytes32 private constant WORD = 0x3333333333333333333333333333333333333333333333333333333333333333;

    function setUp() public {
        vm.chainId(7072);
    }

    function test_a_lent_slot() public {
        deployAt("TownHall.sol:TownHall", abi.encode(address(1), address(2), uint256(3)), HERE);
        same(TownHall(HERE).slotDigest(SOMEBODY, WORD, 1_800_000_000), SLOT, "slot");
    }

    function test_a_recording() public {
        deployAt("RecordingConsent.sol:RecordingConsent", abi.encode(address(1)), HERE);
        RecordingId id = RecordingConsent(HERE).recordingIdOf(Recording(WORD, WORD, 25, WORD, WORD, 1_800_000_000));
        same(RecordingId.unwrap(id), RECORDING, "id");
        same(RecordingConsent(HERE).consentDigest(id), CONSENT, "digest");
    }

    function test_an_action_and_an_enrolment() public {
        deployAt("SessionTrigger.sol:SessionTrigger", abi.encode(address(1), uint40(1), new address[](0)), HERE);
        Action memory action = Action({
            signerId: SignerId.wrap(WORD),
            account: SOMEBODY,
            target: HERE,
            value: 5,
            data: hex"01020304",
            nonce: 1 << 64 | 7,
            validAfter: 1_800_000_000,
            validUntil: 1_800_000_600,
            gasLimit: 200_000
        });
        same(keccak256(SessionTrigger(HERE).signedBytes(action)), ACTION, "action");
        same(keccak256(SessionTrigger(HERE).enrolBytes(SOMEBODY, SignerId.wrap(WORD))), ENROL, "enrolment");
    }

    function test_a_missed_challenge() public {
        deployAt("ServiceNodeRegistry.sol:ServiceNodeRegistry", abi.encode(address(1), uint128(1), uint40(1)), HERE);
        same(ServiceNodeRegistry(HERE).missedDigest(NodeId.wrap(WORD), 20_833), MISSED, "missed");
    }

    bytes32 private constant SLOT = 0x0f7ec9e8c979b9a096488230524aab383a1db7dd08a263274608455fe22e1172;
    bytes32 private constant RECORDING = 0x235a2f90170b00e89f9fe2c8e209673a3767efcaadbb8a3dee1acad29d8457ba;
    bytes32 private constant CONSENT = 0x67c2d64c8aac44c65f004d7c1ded2ccc7e8ed3a152909be08c654b5831dfe758;
    bytes32 private constant ACTION = 0x0079a80352fc8c586b092b4ca62968563df348248c89c1cf8b6bb5585818db44;
    bytes32 private constant ENROL = 0x75097c48fac6d1e281e5268996e6024c124bbdf590609507d2f8e2402424edda;
    bytes32 private constant MISSED = 0x1a96f5d68e6302223a13d24beba2f1d2c64fcffc6289716026ab80c46d200987;
}
