// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignerId} from "./Ids.sol";

/// @notice One allowed call: a target and a function of it. The zero selector allows a plain transfer without data.
struct Rule {
    address target;
    bytes4 selector;
}

/// @notice What a trigger key may do for its account.
/// @param rules       Allowed calls.
/// @param valueCap    Largest value of one action, in wei.
/// @param perPeriod   Number of actions in one period.
/// @param period      Length of a period in seconds.
/// @param validUntil  Time after which the key can do nothing, in seconds.
struct Policy {
    Rule[] rules;
    uint128 valueCap;
    uint32 perPeriod;
    uint32 period;
    uint40 validUntil;
}

/// @notice An action that a session message carries (EIP-712 struct).
/// @param signerId    keccak-256 of the trigger key.
/// @param account     The account acted for.
/// @param target      Address called by the account.
/// @param value       Wei sent along.
/// @param data        Call data.
/// @param nonce       `lane << 64 | sequence`; each lane counts by itself.
/// @param validAfter  First second at which the action may run.
/// @param validUntil  Last second at which the action may run.
/// @param gasLimit    Gas forwarded to the account.
struct Action {
    SignerId signerId;
    address account;
    address target;
    uint256 value;
    bytes data;
    uint256 nonce;
    uint48 validAfter;
    uint48 validUntil;
    uint32 gasLimit;
}
