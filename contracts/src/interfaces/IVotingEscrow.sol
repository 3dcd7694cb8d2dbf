// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Vote-escrowed PARS
/// @notice One lock per account, linear decay to the lock's end, not transferable. Amounts are raw units of the token.
interface IVotingEscrow {
    /// @notice An account locked tokens.
    event LockCreated(address indexed account, uint256 amount, uint256 end);
    /// @notice An account added tokens to its lock, which now holds `amount`.
    event AmountIncreased(address indexed account, uint256 added, uint256 amount);
    /// @notice An account moved its lock's end.
    event LockExtended(address indexed account, uint256 end);
    /// @notice An account took the tokens of its ended lock back.
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice Zero tokens cannot be locked.
    error ZeroAmount();
    /// @notice A lock holds less than 2^128 raw units.
    error AmountOutOfRange(uint256 amount);
    /// @notice A lock lasts from 7 days to 4 years.
    error DurationOutOfRange(uint256 duration);
    /// @notice The new end is not later than the old one, or more than 4 years ahead.
    error EndOutOfRange(uint256 end);
    /// @notice The account has a lock already.
    error AlreadyLocked(address account, uint256 end);
    /// @notice The account has no lock.
    error NoLock(address account);
    /// @notice The lock has ended.
    error LockEnded(uint256 end);
    /// @notice The lock has not ended yet.
    error LockNotEnded(uint256 end);
    /// @notice The block is not in the past.
    error BlockNotPast(uint256 blockNumber);

    /// @notice Locks tokens; the end is rounded down to a week.
    function createLock(uint256 amount, uint256 duration) external;
    /// @notice Locks tokens and registers an identity commitment for anonymous seats.
    function createLock(uint256 amount, uint256 duration, uint256 commitment) external;
    /// @notice Adds tokens to the running lock.
    function increaseAmount(uint256 amount) external;
    /// @notice Moves the lock's end by `additional` seconds, rounded down to a week.
    function extendLock(uint256 additional) external;
    /// @notice Gives the tokens of an ended lock back.
    function withdraw() external;

    /// @notice Current power: `amount * (end - now) / MAX_TIME`, rounded down.
    function votingPower(address account) external view returns (uint256);
    /// @notice As `votingPower`.
    function balanceOf(address account) external view returns (uint256);
    /// @notice The lock of an account; zeros without one.
    /// @return amount  Tokens locked.
    /// @return end     When the lock ends, in seconds.
    /// @return maxEnd  The latest end the lock could be given now.
    function lockInfo(address account) external view returns (uint256 amount, uint256 end, uint256 maxEnd);
    /// @notice Power at the end of a past block. Block times between two recorded ones are interpolated.
    function getPriorVotes(address account, uint256 blockNumber) external view returns (uint256);
}
