// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {MldsaEip8355} from "../src/MldsaEip8355.sol";
import {MldsaErc7913} from "../src/MldsaErc7913.sol";
import {IMLDSA} from "../src/interfaces/IMLDSA.sol";
import {MockMldsa, ToyPrecompile} from "./support/MockMldsa.sol";

contract MldsaTest is MockMldsa {
    MldsaEip8355 private adapter;

    function setUp() public {
        adapter = newAdapter();
    }

    function testFuzz_the_input_is_key_signature_message(uint256 seed, bytes memory message) public view {
        bytes memory key = toyKey(seed >> 1);
        bytes memory sound = toySign(key, message);
        yes(adapter.verify(key, message, sound), "sound");
        no(adapter.verify(key, abi.encodePacked(message, uint8(0)), sound), "other message");
        no(adapter.verify(toyKey((seed >> 1) + 1), message, sound), "other key");
    }

    function testFuzz_other_lengths_never_reach_the_back_end(uint16 keyLength, uint16 signatureLength) public {
        vm.etch(PRECOMPILE, hex"600160005260206000f3");
        bool fits = keyLength == 2592 && signatureLength == 4627;
        bool answer = adapter.verify(new bytes(keyLength), "m", new bytes(signatureLength));
        same(answer ? 1 : 0, fits ? 1 : 0, "length");
        yes(adapter.verify(new bytes(2592), "m", new bytes(4627)), "the right lengths");
    }

    function test_only_one_word_equal_to_one_is_success() public {
        bytes[6] memory codes = [
            bytes(""),
            hex"600260005260206000f3",
            hex"6001600052601f6000f3",
            hex"600160005260216000f3",
            hex"600160005260206000fd",
            hex"5b600056"
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(PRECOMPILE, codes[i]);
            no(adapter.verify(new bytes(2592), "m", new bytes(4627)), "answer");
        }
    }

    function test_a_back_end_that_burns_its_gas_costs_the_cap_at_most() public {
        vm.etch(PRECOMPILE, hex"fe");
        uint256 gas = gasleft();
        no(adapter.verify(new bytes(2592), "m", new bytes(4627)), "burns");
        yes(gas - gasleft() < 1_100_000, "cap");
    }

    function test_a_back_end_that_fails_its_probe_is_not_deployed_over() public {
        bytes memory key = toyKey(0);
        bytes memory sound = toySign(key, "probe");
        vm.etch(PRECOMPILE, "");
        vm.expectRevert(abi.encodeWithSelector(IMLDSA.BackEndFailsProbe.selector, PRECOMPILE, true));
        new MldsaEip8355(PRECOMPILE, 1_000_000, key, "probe", sound);
        vm.etch(PRECOMPILE, hex"600160005260206000f3");
        vm.expectRevert(abi.encodeWithSelector(IMLDSA.BackEndFailsProbe.selector, PRECOMPILE, false));
        new MldsaEip8355(PRECOMPILE, 1_000_000, key, "probe", sound);
    }

    function testFuzz_the_erc7913_verifier_has_bytes_of_its_own(uint256 seed, bytes32 hash) public {
        MldsaErc7913 verifier = new MldsaErc7913(adapter);
        bytes memory key = toyKey(seed >> 1);
        bytes memory sound = toySign(key, abi.encodePacked("pars-erc7913/1", uint8(0), hash));
        bytes4 magic = IERC7913SignatureVerifier.verify.selector;
        yes(verifier.verify(key, hash, sound) == magic, "sound");
        yes(verifier.verify(key, hash, toySign(key, abi.encode(hash))) == bytes4(0xffffffff), "the bare hash");
        yes(verifier.verify(key, keccak256(abi.encode(hash)), sound) == bytes4(0xffffffff), "other hash");
        same(adapter.context().length, 0, "context");
    }
}
