// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModuleAccount} from "../interfaces/IModuleAccount.sol";
import {ISessionTrigger} from "../interfaces/ISessionTrigger.sol";

/// @title Acting through an account
library ModuleCall {
    /// @notice Longest reason of a failure that is kept, in bytes.
    uint256 internal constant MAX_REASON = 256;
    /// @notice Gas left to this contract around the call: the call's own cost before, the event after.
    uint256 internal constant GAS_RESERVE = 50_000;
    uint8 private constant CALL = 0;

    /// @notice Lets the account call; however much it returns, a bounded part is copied.
    /// @dev    The gas is checked last, when the request already lies in memory: whoever relays cannot starve the call by
    ///         choosing the gas, however long the data are.
    /// @return ok      Whether the account and the inner call both succeeded.
    /// @return reason  On failure what the inner call, or else the account, returned, cut at 256 bytes.
    function run(address account, uint256 gasLimit, address target, uint256 value, bytes memory data)
        internal
        returns (bool ok, bytes memory reason)
    {
        bytes memory request =
            abi.encodeCall(IModuleAccount.execTransactionFromModuleReturnData, (target, value, data, CALL));
        bytes memory head = new bytes(0x60 + MAX_REASON);
        uint256 returned;
        uint256 needed = (gasLimit * 64 + 62) / 63 + GAS_RESERVE;
        if (gasleft() < needed) revert ISessionTrigger.InsufficientGas(gasleft(), needed);
        assembly ("memory-safe") {
            ok := call(gasLimit, account, 0, add(request, 0x20), mload(request), 0, 0)
            returned := returndatasize()
            if gt(returned, mload(head)) { returned := mload(head) }
            returndatacopy(add(head, 0x20), 0, returned)
        }
        if (!ok) return (false, _slice(head, 0, returned));
        (uint256 success, uint256 offset, uint256 length) = (_word(head, 0), _word(head, 0x20), _word(head, 0x40));
        // Anything but `(bool, bytes)` in its plain form is no success.
        if (returned < 0x60 || offset != 0x40 || success > 1) return (false, "");
        if (success == 1) return (true, "");
        uint256 kept = returned - 0x60;
        return (false, _slice(head, 0x60, length < kept ? length : kept));
    }

    function _word(bytes memory head, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(head, 0x20), offset))
        }
    }

    function _slice(bytes memory head, uint256 from, uint256 length) private pure returns (bytes memory part) {
        if (length > MAX_REASON) length = MAX_REASON;
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(head, 0x20), from), length)
        }
    }
}
