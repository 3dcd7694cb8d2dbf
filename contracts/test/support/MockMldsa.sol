// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MldsaEip8355} from "../../src/MldsaEip8355.sol";
import {Test} from "./Test.sol";

/// Stands for the precompile: a "signature" is keccak-256 of key and message, repeated zeros behind it.
contract ToyPrecompile {
    fallback() external {
        bytes memory data = msg.data;
        bool valid = false;
        if (data.length >= 7219) {
            bytes32 given;
            assembly {
                given := mload(add(data, 2624))
            }
            valid = given == keccak256(abi.encodePacked(msg.data[:2592], msg.data[7219:]));
        }
        assembly {
            mstore(0, valid)
            return(0, 32)
        }
    }
}

/// Keys and signatures of the toy, and an adapter over it.
abstract contract MockMldsa is Test {
    address internal constant PRECOMPILE = address(0x14);

    function newAdapter() internal returns (MldsaEip8355) {
        vm.etch(PRECOMPILE, type(ToyPrecompile).runtimeCode);
        bytes memory key = toyKey(0);
        return new MldsaEip8355(PRECOMPILE, 1_000_000, key, "probe", toySign(key, "probe"));
    }

    function toyKey(uint256 seed) internal pure returns (bytes memory key) {
        key = new bytes(2592);
        assembly {
            mstore(add(key, 32), add(seed, 1))
        }
    }

    function toySign(bytes memory key, bytes memory message) internal pure returns (bytes memory signature_) {
        bytes32 tag = keccak256(abi.encodePacked(key, message));
        return abi.encodePacked(tag, new bytes(4595));
    }
}
