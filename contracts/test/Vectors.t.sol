// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PoseidonT2} from "poseidon-solidity/PoseidonT2.sol";
import {PoseidonT3} from "poseidon-solidity/PoseidonT3.sol";
import {PoseidonT5} from "poseidon-solidity/PoseidonT5.sol";
import {Eligibility} from "../src/libraries/Eligibility.sol";
import {Test} from "./support/Test.sol";

/// Computes external nullifiers as the contract at its own address.
contract Encoder {
    function externalOf(bytes32 roomId, uint64 sittingId, uint8 purpose, bytes32 purposeId)
        external
        view
        returns (uint256)
    {
        return Eligibility.externalOf(roomId, sittingId, purpose, purposeId);
    }
}

/// The vectors that Rust, the circuit and TypeScript read too.
contract VectorsTest is Test {
    string private constant FOLDER = "./tests/vectors/";
    uint256 private constant MAX_CASES = 1000;

    function test_poseidon_agrees_with_the_vectors() public view {
        string memory json = vm.readFile(string.concat(FOLDER, "poseidon.json"));
        uint256 cases = poseidon(json, "t2") + poseidon(json, "t3") + poseidon(json, "t5");
        yes(cases >= 128, "at least 128 vectors");
    }

    function test_the_known_value_of_two_inputs() public pure {
        same(
            PoseidonT3.hash([uint256(1), 2]),
            7_853_200_120_776_062_878_684_798_364_095_072_458_815_029_376_092_732_009_249_414_926_327_459_813_530,
            "PoseidonT3(1, 2)"
        );
    }

    function test_leaf_nullifier_external_and_signal_agree_with_the_vectors() public {
        string memory json = vm.readFile(string.concat(FOLDER, "eligibility.json"));
        uint256 i = 0;
        for (; i < MAX_CASES; ++i) {
            string memory path = string.concat(".cases[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, path)) break;
            hashes(json, path);
            encodings(json, path);
        }
        yes(i >= 32, "at least 32 vectors");
    }

    function poseidon(string memory json, string memory width) private view returns (uint256 i) {
        for (; i < MAX_CASES; ++i) {
            string memory path = string.concat(".", width, "[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, path)) break;
            bytes32[] memory inputs = vm.parseJsonBytes32Array(json, string.concat(path, ".in"));
            uint256[] memory x = new uint256[](inputs.length);
            for (uint256 j = 0; j < x.length; ++j) {
                x[j] = uint256(inputs[j]);
            }
            uint256 wanted = uint256(vm.parseJsonBytes32(json, string.concat(path, ".out")));
            if (x.length == 1) same(PoseidonT2.hash([x[0]]), wanted, path);
            else if (x.length == 2) same(PoseidonT3.hash([x[0], x[1]]), wanted, path);
            else same(PoseidonT5.hash([x[0], x[1], x[2], x[3]]), wanted, path);
        }
    }

    function hashes(string memory json, string memory path) private pure {
        uint256 secret = word(json, path, ".secret");
        uint256 commitment = PoseidonT2.hash([secret]);
        same(commitment, word(json, path, ".commitment"), "commitment");
        uint256 account = uint160(vm.parseJsonAddress(json, string.concat(path, ".account")));
        uint256 weight = vm.parseJsonUint(json, string.concat(path, ".weight"));
        uint256 end = vm.parseJsonUint(json, string.concat(path, ".end"));
        same(PoseidonT5.hash([commitment, account, weight, end]), word(json, path, ".leaf"), "leaf");
        same(PoseidonT3.hash([word(json, path, ".external"), secret]), word(json, path, ".nullifier"), "nullifier");
    }

    function encodings(string memory json, string memory path) private {
        address townHall = vm.parseJsonAddress(json, string.concat(path, ".townHall"));
        vm.chainId(vm.parseJsonUint(json, string.concat(path, ".chainId")));
        vm.etch(townHall, type(Encoder).runtimeCode);
        uint256 external_ = Encoder(townHall)
            .externalOf(
                bytes32(word(json, path, ".roomId")),
                uint64(vm.parseJsonUint(json, string.concat(path, ".sittingId"))),
                uint8(vm.parseJsonUint(json, string.concat(path, ".purpose"))),
                bytes32(word(json, path, ".purposeId"))
            );
        same(external_, word(json, path, ".external"), "external");
        uint64 issuedAt = uint64(vm.parseJsonUint(json, string.concat(path, ".issuedAt")));
        uint256 signal = Eligibility.signalOf(external_, bytes32(word(json, path, ".payload")), issuedAt);
        same(signal, word(json, path, ".signal"), "signal");
    }

    function word(string memory json, string memory path, string memory key) private pure returns (uint256) {
        return uint256(vm.parseJsonBytes32(json, string.concat(path, key)));
    }
}
