// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Vm} from "./Vm.sol";

/// Assertions that say what they compared, and the cheat codes.
abstract contract Test {
    bool public constant IS_TEST = true;
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(string what, uint256 got, uint256 wanted);
    error NotTrue(string what);

    function same(uint256 got, uint256 wanted, string memory what) internal pure {
        if (got != wanted) revert NotEqual(what, got, wanted);
    }

    function same(bytes32 got, bytes32 wanted, string memory what) internal pure {
        same(uint256(got), uint256(wanted), what);
    }

    function same(address got, address wanted, string memory what) internal pure {
        same(uint160(got), uint160(wanted), what);
    }

    function yes(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function no(bool condition, string memory what) internal pure {
        if (condition) revert NotTrue(what);
    }

    /// Brings a fuzzed value into `low..=high`.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return high - low == type(uint256).max ? value : low + value % (high - low + 1);
    }

    function signature(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /// Deploys with the constructor run at a given address.
    function deployAt(string memory artifact, bytes memory arguments, address place) internal {
        vm.etch(place, abi.encodePacked(vm.getCode(artifact), arguments));
        (bool ok, bytes memory code) = place.call("");
        yes(ok, "constructor");
        vm.etch(place, code);
    }
}
