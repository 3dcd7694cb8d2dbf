// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {RecordingConsent} from "../src/RecordingConsent.sol";
import {Recording} from "../src/types/Consent.sol";
import {RecordingId} from "../src/types/Ids.sol";
import {Test} from "./support/Test.sol";

/// What a room's clients make of a recording, taken by the contract: tests/vectors/room/recording.json.
contract RecordingVectorsTest is Test {
    string private json;
    RecordingConsent private consent;
    Recording private recording;

    function setUp() public {
        json = vm.readFile("./tests/vectors/room/recording.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        recording = Recording({
            recordingId: vm.parseJsonBytes32(json, ".recordingId"),
            roster: vm.parseJsonBytes32(json, ".roster"),
            participants: uint16(vm.parseJsonUint(json, ".participants")),
            policy: vm.parseJsonBytes32(json, ".policy"),
            recorder: vm.parseJsonBytes32(json, ".recorder"),
            validUntil: uint40(vm.parseJsonUint(json, ".validUntil"))
        });
        vm.warp(recording.validUntil - 3000);
        consent = RecordingConsent(vm.parseJsonAddress(json, ".contract"));
        vm.etch(address(consent), address(new RecordingConsent(IERC7913SignatureVerifier(address(1)))).code);
    }

    function id() private view returns (RecordingId) {
        return RecordingId.wrap(vm.parseJsonBytes32(json, ".span"));
    }

    /// The chunk of the vectors at this place, with the consents that belong to it.
    function submit(uint256 place) private {
        string memory path = string.concat(".chunks[", vm.toString(place), "]");
        uint256 from = vm.parseJsonUint(json, string.concat(path, ".from"));
        uint256 count = vm.parseJsonUint(json, string.concat(path, ".to")) - from;
        bytes[] memory signers = new bytes[](count);
        bytes[] memory signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            string memory one = string.concat(".consents[", vm.toString(from + i), "]");
            signers[i] = vm.parseJsonBytes(json, string.concat(one, ".signer"));
            signatures[i] = vm.parseJsonBytes(json, string.concat(one, ".signature"));
        }
        bytes32[] memory proof = vm.parseJsonBytes32Array(json, string.concat(path, ".proof"));
        bool[] memory flags = vm.parseJsonBoolArray(json, string.concat(path, ".flags"));
        consent.submit(recording, signers, signatures, proof, flags);
    }

    function test_span_and_digest_are_the_contracts() public view {
        yes(RecordingId.unwrap(consent.recordingIdOf(recording)) == RecordingId.unwrap(id()), "span");
        yes(consent.consentDigest(id()) == vm.parseJsonBytes32(json, ".consentDigest"), "digest");
        yes(consent.domainSeparator() == vm.parseJsonBytes32(json, ".separator"), "domain");
        bytes32 policy = keccak256(
            abi.encode(
                vm.parseJsonBytes32(json, ".codec"),
                vm.parseJsonBytes32(json, ".storage"),
                vm.parseJsonUint(json, ".retentionSeconds"),
                vm.parseJsonBytes32(json, ".recipients")
            )
        );
        yes(policy == recording.policy, "policy");
    }

    function test_the_contract_takes_the_consents_whole() public {
        submit(0);
        yes(consent.authorisedUntil(id()) == recording.validUntil, "authorised");
    }

    function test_the_contract_takes_a_withdrawal_as_its_notice_carries_it() public {
        submit(0);
        bytes memory signer = vm.parseJsonBytes(json, ".withdrawal.signer");
        bytes32[] memory proof = vm.parseJsonBytes32Array(json, ".withdrawal.proof");
        bytes memory signature = vm.parseJsonBytes(json, ".withdrawal.signature");
        bytes memory text = abi.encodePacked(
            uint8(7), id(), keccak256(signer), uint8(proof.length), proof, uint16(signature.length), signature
        );
        yes(keccak256(text) == keccak256(vm.parseJsonBytes(json, ".withdrawal.notice.text")), "notice");
        consent.withdraw(recording, signer, proof, signature);
        yes(consent.authorisedUntil(id()) == 0, "withdrawn");
    }

    function test_the_contract_takes_the_consents_in_chunks() public {
        submit(1);
        yes(consent.authorisedUntil(id()) == 0, "not all have signed");
        submit(2);
        yes(consent.authorisedUntil(id()) == recording.validUntil, "authorised");
    }
}
