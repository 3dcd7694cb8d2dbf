// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {RoomId, SittingId} from "../types/Ids.sol";
import {Kind, RoomConfig, Sitting} from "../types/Rooms.sol";
import {ITownHallGating} from "./ITownHallGating.sol";

/// @title Rooms and their sittings
/// @notice Every table about rooms can be rebuilt from these events alone.
interface ITownHall is ITownHallGating {
    /// @notice A room was created with the hourly slot of `slotOf`.
    event RoomCreated(RoomId indexed roomId, address indexed creator, address slotOf, RoomConfig config);
    /// @notice A room's configuration changed; its kind did not, and a running sitting keeps what it pinned.
    event RoomConfigured(RoomId indexed roomId, RoomConfig config);
    /// @notice A room's metadata hash changed.
    event MetadataSet(RoomId indexed roomId, bytes32 metadataHash);
    /// @notice A room was closed for ever.
    event RoomClosed(RoomId indexed roomId);
    /// @notice An account became a moderator of the room, or ceased to be one.
    event ModeratorSet(RoomId indexed roomId, address indexed account, bool on);
    /// @notice An account became a listed member of the Committee, or ceased to be one.
    event MemberSet(RoomId indexed roomId, address indexed account, bool on);
    /// @notice A sitting was opened and pinned what the proofs are checked against.
    event SittingOpened(
        RoomId indexed roomId,
        SittingId indexed sittingId,
        uint256 root,
        uint40 endsAt,
        uint256 threshold,
        bytes32 metadataHash
    );
    /// @notice A sitting was closed before its end.
    event SittingClosed(RoomId indexed roomId, SittingId indexed sittingId);
    /// @notice A contract wallet named the key that signs its seat statements until `until`.
    event SeatDelegateSet(address indexed account, address delegate, uint40 until);

    /// @notice No such room.
    error UnknownRoom(RoomId roomId);
    /// @notice The room is closed for ever.
    error RoomIsClosed(RoomId roomId);
    /// @notice Only the room's creator may do this.
    error NotCreator(RoomId roomId, address caller);
    /// @notice Only the room's creator or a moderator may do this.
    error NotModerator(RoomId roomId, address caller);
    /// @notice The capacity is zero or above the kind's cap.
    error CapacityOutOfRange(uint16 capacity, uint16 cap);
    /// @notice The minimal balance does not fit the kind of room.
    error MinBalanceOutOfRange(Kind kind, uint128 minBalance);
    /// @notice Only a Committee names a Safe or a committee contract.
    error GateNotAllowed(Kind kind, address gate);
    /// @notice The kind of a room never changes.
    error KindIsFixed(RoomId roomId, Kind kind);
    /// @notice Only a Committee lists members.
    error NotCommittee(RoomId roomId, Kind kind);
    /// @notice The zero address is nobody.
    error ZeroAccount();
    /// @notice The holder has no running lock with at least one raw unit of power, so it has no slot.
    error NoSlot(address holder);
    /// @notice The holder's slot was used less than an hour ago.
    error SlotUsed(address holder, uint256 freeAt);
    /// @notice The slot was lent until an earlier time.
    error SlotSignatureExpired(uint40 deadline);
    /// @notice A slot lent with this deadline, or a later one, was used before: a signature works once.
    error SlotSignatureUsed(address holder, uint40 deadline);
    /// @notice The holder did not sign for this creator, metadata hash and deadline.
    error InvalidSlotSignature(address holder);
    /// @notice The time is not within the next 24 hours.
    error EndOutOfRange(uint40 endsAt, uint256 latest);
    /// @notice The room has a running sitting already.
    error SittingRunning(RoomId roomId, SittingId sittingId);
    /// @notice The room has no running sitting.
    error NoSitting(RoomId roomId);
    /// @notice The delegation would have ended already.
    error DelegationExpired(uint40 until);

    /// @notice Creates a room with the caller's hourly slot, or with the slot of a holder that signed
    ///         `CreateRoom(address creator,bytes32 metadataHash,uint40 deadline)` (EIP-712, `ParsTownHall` / `1`).
    /// @param config         The room.
    /// @param slotOf         Whose slot: the caller itself, or the holder that signed.
    /// @param deadline       Last second at which the signature may be used; must rise with each slot lent.
    /// @param slotSignature  65 bytes ECDSA, or what the holder's ERC-1271 wallet accepts; empty for the own slot.
    /// @return roomId        `keccak256(abi.encode(chainid, this, caller, roomCount(caller)))`.
    function createRoom(RoomConfig calldata config, address slotOf, uint40 deadline, bytes calldata slotSignature)
        external
        returns (RoomId roomId);
    /// @notice Replaces a room's configuration (creator); the kind cannot change.
    function configureRoom(RoomId roomId, RoomConfig calldata config) external;
    /// @notice Replaces a room's metadata hash (creator or moderator).
    function setMetadata(RoomId roomId, bytes32 metadataHash) external;
    /// @notice Closes a room, and its running sitting, for ever (creator).
    function closeRoom(RoomId roomId) external;
    /// @notice Makes an account a moderator, or ends that (creator).
    function setModerator(RoomId roomId, address account, bool on) external;
    /// @notice Lists a member of a Committee, or strikes it off (creator).
    function setMember(RoomId roomId, address account, bool on) external;
    /// @notice Opens a sitting (creator or moderator): pins root, threshold and metadata hash until `endsAt`.
    /// @param roomId      The room; it has no running sitting.
    /// @param endsAt      `now < endsAt <= now + 24 h`; the time for which power is proven.
    /// @return sittingId  Number of the sitting in its room, from 1.
    function openSitting(RoomId roomId, uint40 endsAt) external returns (SittingId sittingId);
    /// @notice Closes the running sitting before its end (creator or moderator).
    function closeSitting(RoomId roomId) external;
    /// @notice Names the key that signs seat statements for the caller, a contract wallet; the zero key ends that.
    function setSeatDelegate(address delegate, uint40 until) external;
    /// @notice Runs several calls as the caller; all succeed or none does.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory);
    /// @notice A room as it stands.
    function roomOf(RoomId roomId) external view returns (RoomConfig memory config, address creator, bool closed);
    /// @notice The running sitting; a zero id says that none is running.
    function sittingOf(RoomId roomId) external view returns (Sitting memory);
    /// @notice Rooms created by an account: the nonce of its next one.
    function roomCount(address creator) external view returns (uint64);
}
