// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Long byte strings as code
/// @notice One zero byte, which stops execution, and the data are the code of a new account: cheaper to write and to
///         read than storage.
library KeyStore {
    /// @notice The account that should hold the data was not created.
    error StoreFailed();

    /// @notice Writes up to 24,575 bytes.
    function write(bytes memory data) internal returns (address place) {
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN; then the code itself.
        bytes memory creation = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a3d393df3", hex"00", data);
        assembly ("memory-safe") {
            place := create(0, add(creation, 0x20), mload(creation))
        }
        if (place == address(0)) revert StoreFailed();
    }

    /// @notice Reads what `write` has written.
    function read(address place) internal view returns (bytes memory data) {
        uint256 length = place.code.length;
        if (length < 2) return data;
        data = new bytes(length - 1);
        assembly ("memory-safe") {
            extcodecopy(place, add(data, 0x20), 1, sub(length, 1))
        }
    }
}
