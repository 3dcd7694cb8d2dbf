// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEligibilityRegistry} from "./interfaces/IEligibilityRegistry.sol";
import {IVotingEscrow} from "./interfaces/IVotingEscrow.sol";
import {LockHistory} from "./libraries/LockHistory.sol";

/// @title vePARS
/// @notice Power at time t is `amount * (end - t) / MAX_TIME`, rounded down. There is no function that moves it.
contract VotingEscrow is IVotingEscrow, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using LockHistory for LockHistory.History;

    /// @notice Longest lock, in seconds.
    uint256 public constant MAX_TIME = 4 * 365 days;
    /// @notice Shortest lock, in seconds.
    uint256 public constant MIN_TIME = 7 days;
    /// @notice Ends are multiples of this, in seconds.
    uint256 public constant WEEK = 7 days;

    /// @notice The locked token.
    IERC20 public immutable TOKEN;
    /// @notice Registry that follows every change of a lock.
    IEligibilityRegistry public immutable REGISTRY;

    struct Lock {
        uint128 amount;
        uint40 end;
    }

    mapping(address account => Lock) private _locks;
    LockHistory.History private _history;

    constructor(IERC20 token, IEligibilityRegistry registry) {
        TOKEN = token;
        REGISTRY = registry;
    }

    /// @inheritdoc IVotingEscrow
    function createLock(uint256 amount, uint256 duration) external nonReentrant {
        _createLock(amount, duration);
    }

    /// @inheritdoc IVotingEscrow
    function createLock(uint256 amount, uint256 duration, uint256 commitment) external nonReentrant {
        _createLock(amount, duration);
        REGISTRY.registerFor(msg.sender, commitment);
    }

    /// @inheritdoc IVotingEscrow
    function increaseAmount(uint256 amount) external nonReentrant {
        Lock memory lock = _runningLock();
        if (amount == 0) revert ZeroAmount();
        lock.amount = _narrow(amount, lock.amount);
        _store(lock);
        emit AmountIncreased(msg.sender, amount, lock.amount);
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        REGISTRY.poke(msg.sender);
    }

    /// @inheritdoc IVotingEscrow
    function extendLock(uint256 additional) external nonReentrant {
        Lock memory lock = _runningLock();
        if (additional > MAX_TIME) revert DurationOutOfRange(additional);
        uint256 end = _floorToWeek(lock.end + additional);
        if (end <= lock.end || end > block.timestamp + MAX_TIME) revert EndOutOfRange(end);
        lock.end = uint40(end);
        _store(lock);
        emit LockExtended(msg.sender, end);
        REGISTRY.poke(msg.sender);
    }

    /// @inheritdoc IVotingEscrow
    function withdraw() external nonReentrant {
        Lock memory lock = _locks[msg.sender];
        if (lock.amount == 0) revert NoLock(msg.sender);
        if (block.timestamp < lock.end) revert LockNotEnded(lock.end);
        _store(Lock({amount: 0, end: 0}));
        emit Withdrawn(msg.sender, lock.amount);
        TOKEN.safeTransfer(msg.sender, lock.amount);
        REGISTRY.poke(msg.sender);
    }

    /// @inheritdoc IVotingEscrow
    function votingPower(address account) public view returns (uint256) {
        Lock storage lock = _locks[account];
        return _power(lock.amount, lock.end, block.timestamp);
    }

    /// @inheritdoc IVotingEscrow
    function balanceOf(address account) external view returns (uint256) {
        return votingPower(account);
    }

    /// @inheritdoc IVotingEscrow
    function lockInfo(address account) external view returns (uint256 amount, uint256 end, uint256 maxEnd) {
        Lock storage lock = _locks[account];
        amount = lock.amount;
        if (amount != 0) (end, maxEnd) = (lock.end, _floorToWeek(block.timestamp + MAX_TIME));
    }

    /// @inheritdoc IVotingEscrow
    function getPriorVotes(address account, uint256 blockNumber) external view returns (uint256) {
        if (blockNumber >= block.number) revert BlockNotPast(blockNumber);
        (uint256 amount, uint256 end) = _history.lockAt(account, blockNumber);
        return amount == 0 ? 0 : _power(amount, end, _history.timeOf(blockNumber));
    }

    function _createLock(uint256 amount, uint256 duration) private {
        if (amount == 0) revert ZeroAmount();
        if (duration < MIN_TIME || duration > MAX_TIME) revert DurationOutOfRange(duration);
        Lock storage lock = _locks[msg.sender];
        if (lock.amount != 0) revert AlreadyLocked(msg.sender, lock.end);
        uint256 end = _floorToWeek(block.timestamp + duration);
        _store(Lock({amount: _narrow(amount, 0), end: uint40(end)}));
        emit LockCreated(msg.sender, amount, end);
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    function _store(Lock memory lock) private {
        _locks[msg.sender] = lock;
        _history.record(msg.sender, lock.amount, lock.end);
    }

    function _runningLock() private view returns (Lock memory lock) {
        lock = _locks[msg.sender];
        if (lock.amount == 0) revert NoLock(msg.sender);
        if (block.timestamp >= lock.end) revert LockEnded(lock.end);
    }

    function _narrow(uint256 added, uint128 held) private pure returns (uint128) {
        if (added > type(uint128).max - held) revert AmountOutOfRange(added);
        return held + uint128(added);
    }

    function _floorToWeek(uint256 time) private pure returns (uint256) {
        return time - time % WEEK;
    }

    function _power(uint256 amount, uint256 end, uint256 time) private pure returns (uint256) {
        return time < end ? amount * (end - time) / MAX_TIME : 0;
    }
}
