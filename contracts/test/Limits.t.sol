// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PoseidonT2} from "poseidon-solidity/PoseidonT2.sol";
import {PoseidonT3} from "poseidon-solidity/PoseidonT3.sol";
import {PoseidonT5} from "poseidon-solidity/PoseidonT5.sol";
import {EligibilityRegistry} from "../src/EligibilityRegistry.sol";
import {Groth16Verifier} from "../src/Groth16Verifier.sol";
import {MinimalAccount} from "../src/MinimalAccount.sol";
import {RecordingConsent} from "../src/RecordingConsent.sol";
import {ServiceNodeRegistry} from "../src/ServiceNodeRegistry.sol";
import {SessionTrigger} from "../src/SessionTrigger.sol";
import {TownHall} from "../src/TownHall.sol";
import {VotingEscrow} from "../src/VotingEscrow.sol";
import {ISessionTrigger} from "../src/interfaces/ISessionTrigger.sol";
import {SignerId} from "../src/types/Ids.sol";
import {Action, Policy, Rule} from "../src/types/Trigger.sol";
import {MockMldsa} from "./support/MockMldsa.sol";

/// Blocks of 15,000,000 gas, code of 24,576 bytes, functions of 1,000,000 gas with their call data.
contract LimitsTest is MockMldsa {
    uint256 private constant FUNCTION_LIMIT = 1_000_000;
    uint256 private constant PRECOMPILE_GAS = 13_500;
    bytes private key;

    /// Call data by the standard tariff and by the floor of EIP-7623, which counts if it is higher than the whole.
    function transactionGas(bytes memory data, uint256 execution) private pure returns (uint256) {
        uint256 zeros = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            if (data[i] == 0) ++zeros;
        }
        uint256 tokens = zeros + 4 * (data.length - zeros);
        uint256 floor = 21_000 + 10 * tokens;
        uint256 whole = 21_000 + 4 * tokens + execution;
        return whole > floor ? whole : floor;
    }

    function test_every_creation_fits_a_block_and_its_code_the_limit() public {
        vm.chainId(31_337);
        fits("PoseidonT2", type(PoseidonT2).creationCode);
        fits("PoseidonT3", type(PoseidonT3).creationCode);
        fits("PoseidonT5", type(PoseidonT5).creationCode);
        fits("Groth16Verifier", type(Groth16Verifier).creationCode);
        fits("EligibilityRegistry", type(EligibilityRegistry).creationCode);
        fits("TownHall", type(TownHall).creationCode);
        fits("RecordingConsent", type(RecordingConsent).creationCode);
        fits("SessionTrigger", type(SessionTrigger).creationCode);
        fits("ServiceNodeRegistry", type(ServiceNodeRegistry).creationCode);
        fits("VotingEscrow", type(VotingEscrow).creationCode);
    }

    /// Any constructor of ours reads these words: an address, small numbers, an empty list.
    function fits(string memory name, bytes memory code) private {
        code = abi.encodePacked(code, abi.encode(address(1), uint256(1), uint256(0x60), uint256(0), uint256(0)));
        uint256 gas = gasleft();
        address created;
        assembly {
            created := create(0, add(code, 32), mload(code))
        }
        gas -= gasleft();
        yes(created != address(0), name);
        yes(transactionGas(code, gas) < 15_000_000, name);
        yes(created.code.length <= 24_576 && code.length <= 49_152, name);
    }

    function policy(uint256 rules) private view returns (Policy memory p) {
        p.rules = new Rule[](rules);
        for (uint256 i = 0; i < rules; ++i) {
            p.rules[i] = Rule(address(uint160(0xABCDEF00 + i)), bytes4(uint32(0x01020304 + i)));
        }
        (p.valueCap, p.perPeriod, p.period, p.validUntil) = (1 ether, 3, 1 hours, uint40(block.timestamp + 30 days));
    }

    /// All bytes differ from zero, as those of a real key do.
    function dense(uint256 length, uint256 seed) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            data[i] = bytes1(uint8(1 + (seed + i * 7) % 255));
        }
    }

    function denseSignature(bytes memory message) private view returns (bytes memory) {
        return toySign(key, message);
    }

    function test_enrolment_and_action_stay_below_a_million_gas() public {
        vm.warp(1_800_000_000);
        key = dense(2592, 3);
        SessionTrigger trigger = new SessionTrigger(newAdapter(), 1 days, new address[](0));
        MinimalAccount account = new MinimalAccount(address(this));
        account.setModule(address(trigger), true);
        SignerId id = SignerId.wrap(keccak256(key));
        bytes memory possession = denseSignature(trigger.enrolBytes(address(account), id));
        bytes memory enrol = abi.encodeCall(ISessionTrigger.enrol, (key, policy(trigger.MAX_ENROL_RULES()), possession));
        uint256 gas = gasleft();
        account.execute(address(trigger), 0, enrol);
        gas -= gasleft();
        gas = transactionGas(dense(enrol.length, 1), gas) + PRECOMPILE_GAS;
        if (gas >= FUNCTION_LIMIT) revert NotEqual("enrolment", gas, FUNCTION_LIMIT);

        bytes memory set = abi.encodeCall(ISessionTrigger.setPolicy, (id, policy(trigger.MAX_RULES())));
        gas = gasleft();
        account.execute(address(trigger), 0, set);
        gas -= gasleft();
        gas = transactionGas(set, gas);
        if (gas >= FUNCTION_LIMIT) revert NotEqual("policy", gas, FUNCTION_LIMIT);

        Action memory action = Action({
            signerId: id,
            account: address(account),
            target: address(0xABCDEF00),
            value: 0,
            data: hex"01020304",
            nonce: 0,
            validAfter: 0,
            validUntil: type(uint48).max,
            gasLimit: 100_000
        });
        bytes memory run = abi.encodeCall(
            ISessionTrigger.executeFromSession, (abi.encode(action), denseSignature(trigger.signedBytes(action)), "")
        );
        gas = gasleft();
        (bool ok,) = address(trigger).call(run);
        gas -= gasleft();
        gas = transactionGas(dense(run.length, 1), gas) + PRECOMPILE_GAS;
        yes(ok && trigger.nextSequence(id, 0) == 1, "ran");
        if (gas >= FUNCTION_LIMIT / 2) revert NotEqual("action", gas, FUNCTION_LIMIT / 2);
    }
}
