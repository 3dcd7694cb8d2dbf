// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Libraries that no contract of ours calls but clients and tests do: imported here, so that they are built.
import {PoseidonT2} from "poseidon-solidity/PoseidonT2.sol";
