// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title PARS of the development network
/// @notice Nine decimals, as the deployed token; other networks configure that one's address.
contract ParsToken is ERC20 {
    /// @param holder  Receives the whole supply.
    /// @param supply  Raw units.
    constructor(address holder, uint256 supply) ERC20("Pars", "PARS") {
        _mint(holder, supply);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 9;
    }
}
