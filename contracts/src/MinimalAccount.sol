// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModuleAccount} from "./interfaces/IModuleAccount.sol";

/// @title An account of one owner with modules
/// @notice For holders without a Safe who want a session trigger. Modules call, they never delegate.
contract MinimalAccount is IModuleAccount {
    /// @notice A module was enabled or disabled.
    event ModuleSet(address indexed module, bool on);

    /// @notice Only the owner may do this.
    error NotOwner(address caller);
    /// @notice The caller is no enabled module.
    error NotModule(address caller);
    /// @notice Only operation 0, a call, is done.
    error OperationNotAllowed(uint8 operation);

    /// @notice The owner, for ever.
    address public immutable OWNER;

    /// @notice Whether a module may act.
    mapping(address module => bool) public isModuleEnabled;

    constructor(address owner) {
        OWNER = owner;
    }

    receive() external payable {}

    modifier onlyOwner() {
        if (msg.sender != OWNER) revert NotOwner(msg.sender);
        _;
    }

    /// @notice Enables or disables a module (owner).
    function setModule(address module, bool on) external onlyOwner {
        isModuleEnabled[module] = on;
        emit ModuleSet(module, on);
    }

    /// @notice Calls as the account (owner); a failure of the inner call is passed on.
    function execute(address to, uint256 value, bytes calldata data) external onlyOwner returns (bytes memory) {
        (bool success, bytes memory returnData) = to.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(returnData, 0x20), mload(returnData))
            }
        }
        return returnData;
    }

    /// @inheritdoc IModuleAccount
    function execTransactionFromModuleReturnData(address to, uint256 value, bytes calldata data, uint8 operation)
        external
        returns (bool success, bytes memory returnData)
    {
        if (!isModuleEnabled[msg.sender]) revert NotModule(msg.sender);
        if (operation != 0) revert OperationNotAllowed(operation);
        return to.call{value: value}(data);
    }
}
