// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IEligibilityRegistry} from "./interfaces/IEligibilityRegistry.sol";
import {ISafe} from "./interfaces/ISafe.sol";
import {ITownHall} from "./interfaces/ITownHall.sol";
import {ITownHallGating} from "./interfaces/ITownHallGating.sol";
import {IVotingEscrow} from "./interfaces/IVotingEscrow.sol";
import {Eligibility} from "./libraries/Eligibility.sol";
import {HolderSignature} from "./libraries/HolderSignature.sol";
import {TotalCall} from "./libraries/TotalCall.sol";
import {RoomId, SittingId} from "./types/Ids.sol";
import {Kind, RoomConfig, Sitting} from "./types/Rooms.sol";

/// @title Rooms, their sittings and their gates
/// @dev   Every call to another contract is a static call: nothing can re-enter to change state.
contract TownHall is ITownHall, EIP712 {
    /// @notice A lock gives one room in this many seconds.
    uint256 public constant SLOT_TIME = 1 hours;
    /// @notice Longest sitting, in seconds.
    uint256 public constant MAX_SITTING = 24 hours;
    /// @notice Thresholds are below this: the range that the circuit proves.
    uint256 public constant THRESHOLD_LIMIT = 1 << 168;

    bytes32 private constant CREATE_ROOM_TYPEHASH =
        keccak256("CreateRoom(address creator,bytes32 metadataHash,uint40 deadline)");

    /// @notice The escrow whose locks give seats and slots.
    IVotingEscrow public immutable ESCROW;
    /// @notice The registry whose root a sitting pins.
    IEligibilityRegistry public immutable REGISTRY;
    /// @notice What the escrow divides by: power at t is `amount * (end - t) / MAX_TIME`.
    uint256 public immutable MAX_TIME;

    struct Room {
        Kind kind;
        uint16 capacity;
        uint128 minBalance;
        uint40 createdAt;
        bool closed;
        address creator;
        address safe;
        address committee;
        bytes32 metadataHash;
    }

    struct Pinned {
        SittingId id;
        uint40 openedAt;
        uint40 endsAt;
        bool closed;
        uint256 root;
        uint256 threshold;
        bytes32 metadataHash;
    }

    struct Slot {
        uint40 freeAt;
        /// deadline of the last signature that lent this slot: signatures are used in rising order, each once
        uint40 lentUntil;
    }

    mapping(RoomId roomId => Room) private _rooms;
    mapping(RoomId roomId => Pinned) private _sittings;
    mapping(address holder => Slot) private _slots;
    mapping(RoomId roomId => mapping(address account => bool)) private _moderators;
    mapping(RoomId roomId => mapping(address account => bool)) private _members;
    /// @inheritdoc ITownHall
    mapping(address creator => uint64) public roomCount;

    /// @param maxTime  The escrow's longest lock in seconds, or 1 for an escrow whose amounts are slopes.
    constructor(IVotingEscrow escrow, IEligibilityRegistry registry, uint256 maxTime) EIP712("ParsTownHall", "1") {
        ESCROW = escrow;
        REGISTRY = registry;
        MAX_TIME = maxTime;
    }

    modifier onlyCreator(RoomId roomId) {
        if (msg.sender != _openRoom(roomId).creator) revert NotCreator(roomId, msg.sender);
        _;
    }

    modifier onlyModerator(RoomId roomId) {
        if (msg.sender != _openRoom(roomId).creator && !_moderators[roomId][msg.sender]) {
            revert NotModerator(roomId, msg.sender);
        }
        _;
    }

    /// @inheritdoc ITownHall
    function createRoom(RoomConfig calldata config, address slotOf, uint40 deadline, bytes calldata slotSignature)
        external
        returns (RoomId roomId)
    {
        _checkConfig(config);
        _useSlot(slotOf, config.metadataHash, deadline, slotSignature);
        uint64 nonce = roomCount[msg.sender]++;
        roomId = RoomId.wrap(keccak256(abi.encode(block.chainid, address(this), msg.sender, nonce)));
        Room storage room = _rooms[roomId];
        (room.kind, room.createdAt, room.creator) = (config.kind, uint40(block.timestamp), msg.sender);
        _writeConfig(room, config);
        emit RoomCreated(roomId, msg.sender, slotOf, config);
    }

    /// @inheritdoc ITownHall
    function configureRoom(RoomId roomId, RoomConfig calldata config) external onlyCreator(roomId) {
        Room storage room = _rooms[roomId];
        if (config.kind != room.kind) revert KindIsFixed(roomId, room.kind);
        _checkConfig(config);
        _writeConfig(room, config);
        emit RoomConfigured(roomId, config);
    }

    /// @inheritdoc ITownHall
    function setMetadata(RoomId roomId, bytes32 metadataHash) external onlyModerator(roomId) {
        _rooms[roomId].metadataHash = metadataHash;
        emit MetadataSet(roomId, metadataHash);
    }

    /// @inheritdoc ITownHall
    function closeRoom(RoomId roomId) external onlyCreator(roomId) {
        _rooms[roomId].closed = true;
        Pinned storage sitting = _sittings[roomId];
        if (_running(sitting)) _closeSitting(roomId, sitting);
        emit RoomClosed(roomId);
    }

    /// @inheritdoc ITownHall
    function setModerator(RoomId roomId, address account, bool on) external onlyCreator(roomId) {
        if (account == address(0)) revert ZeroAccount();
        _moderators[roomId][account] = on;
        emit ModeratorSet(roomId, account, on);
    }

    /// @inheritdoc ITownHall
    function setMember(RoomId roomId, address account, bool on) external onlyCreator(roomId) {
        Kind kind = _rooms[roomId].kind;
        if (kind != Kind.Committee) revert NotCommittee(roomId, kind);
        if (account == address(0)) revert ZeroAccount();
        _members[roomId][account] = on;
        emit MemberSet(roomId, account, on);
    }

    /// @inheritdoc ITownHall
    function openSitting(RoomId roomId, uint40 endsAt) external onlyModerator(roomId) returns (SittingId sittingId) {
        Pinned storage sitting = _sittings[roomId];
        if (_running(sitting)) revert SittingRunning(roomId, sitting.id);
        uint256 latest = block.timestamp + MAX_SITTING;
        if (endsAt <= block.timestamp || endsAt > latest) revert EndOutOfRange(endsAt, latest);
        Room storage room = _rooms[roomId];
        sittingId = SittingId.wrap(SittingId.unwrap(sitting.id) + 1);
        (uint256 root, uint256 threshold, bytes32 metadataHash) =
            (REGISTRY.root(), uint256(room.minBalance) * MAX_TIME, room.metadataHash);
        _sittings[roomId] = Pinned({
            id: sittingId,
            openedAt: uint40(block.timestamp),
            endsAt: endsAt,
            closed: false,
            root: root,
            threshold: threshold,
            metadataHash: metadataHash
        });
        emit SittingOpened(roomId, sittingId, root, endsAt, threshold, metadataHash);
    }

    /// @inheritdoc ITownHall
    function closeSitting(RoomId roomId) external onlyModerator(roomId) {
        Pinned storage sitting = _sittings[roomId];
        if (!_running(sitting)) revert NoSitting(roomId);
        _closeSitting(roomId, sitting);
    }

    /// @inheritdoc ITownHall
    function setSeatDelegate(address delegate, uint40 until) external {
        if (delegate != address(0) && until <= block.timestamp) revert DelegationExpired(until);
        emit SeatDelegateSet(msg.sender, delegate, until);
    }

    /// @inheritdoc ITownHall
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            results[i] = Address.functionDelegateCall(address(this), calls[i]);
        }
    }

    /// @inheritdoc ITownHallGating
    function canJoin(bytes32 roomId, address participant) external view returns (bool allowed) {
        RoomId id = RoomId.wrap(roomId);
        Pinned storage sitting = _sittings[id];
        if (!_running(sitting)) return false;
        Room storage room = _rooms[id];
        if (room.kind == Kind.Committee) return _isOfCommittee(id, room, participant);
        uint256 threshold = sitting.threshold;
        return threshold != 0 && _powerTime(participant, sitting.endsAt) >= threshold;
    }

    /// @inheritdoc ITownHallGating
    function canJoinAnonymous(bytes32 roomId, bytes calldata proof, bytes32 nullifier)
        external
        view
        returns (bool allowed)
    {
        RoomId id = RoomId.wrap(roomId);
        Pinned storage sitting = _sittings[id];
        if (proof.length != Eligibility.PROOF_LENGTH || !_running(sitting) || _rooms[id].kind == Kind.Committee) {
            return false;
        }
        uint256[8] calldata points;
        uint256 sittingId;
        uint256 issuedAt;
        bytes32 payload;
        assembly ("memory-safe") {
            points := proof.offset
            sittingId := calldataload(add(proof.offset, 0x100))
            issuedAt := calldataload(add(proof.offset, 0x120))
            payload := calldataload(add(proof.offset, 0x140))
        }
        if (sittingId != SittingId.unwrap(sitting.id) || issuedAt > type(uint64).max) return false;
        uint256[6] memory inputs;
        inputs[0] = sitting.root;
        inputs[1] = uint256(nullifier);
        inputs[2] = Eligibility.externalOf(roomId, uint64(sittingId), Eligibility.PURPOSE_JOIN, 0);
        inputs[3] = sitting.threshold;
        inputs[4] = sitting.endsAt;
        inputs[5] = Eligibility.signalOf(inputs[2], payload, uint64(issuedAt));
        if (inputs[0] == 0 || inputs[3] == 0 || inputs[1] >= Eligibility.FIELD_ORDER) return false;
        return TotalCall.returnsOne(
            address(REGISTRY), gasleft(), abi.encodeCall(IEligibilityRegistry.verify, (points, inputs))
        );
    }

    /// @inheritdoc ITownHall
    function roomOf(RoomId roomId) external view returns (RoomConfig memory config, address creator, bool closed) {
        Room storage room = _rooms[roomId];
        if (room.creator == address(0)) revert UnknownRoom(roomId);
        config = RoomConfig({
            kind: room.kind,
            capacity: room.capacity,
            minBalance: room.minBalance,
            safe: room.safe,
            committee: room.committee,
            metadataHash: room.metadataHash
        });
        (creator, closed) = (room.creator, room.closed);
    }

    /// @inheritdoc ITownHall
    function sittingOf(RoomId roomId) external view returns (Sitting memory running) {
        Pinned storage sitting = _sittings[roomId];
        if (!_running(sitting)) return running;
        running = Sitting({
            id: sitting.id,
            openedAt: sitting.openedAt,
            endsAt: sitting.endsAt,
            root: sitting.root,
            threshold: sitting.threshold,
            metadataHash: sitting.metadataHash
        });
    }

    /// @notice Whether an account moderates a room.
    function isModerator(RoomId roomId, address account) external view returns (bool) {
        return _moderators[roomId][account];
    }

    /// @notice Whether an account is listed as a member of a Committee.
    function isMember(RoomId roomId, address account) external view returns (bool) {
        return _members[roomId][account];
    }

    /// @notice When the hourly slot of a holder is free again, in seconds; zero if it was never used.
    function slotFreeAt(address holder) external view returns (uint40) {
        return _slots[holder].freeAt;
    }

    /// @notice EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice The digest that a holder signs to lend its slot.
    function slotDigest(address creator, bytes32 metadataHash, uint40 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CREATE_ROOM_TYPEHASH, creator, metadataHash, deadline)));
    }

    function _useSlot(address holder, bytes32 metadataHash, uint40 deadline, bytes calldata signature) private {
        Slot storage slot = _slots[holder];
        if (block.timestamp < slot.freeAt) revert SlotUsed(holder, slot.freeAt);
        if (_powerTime(holder, block.timestamp) < MAX_TIME) revert NoSlot(holder);
        if (holder != msg.sender) {
            if (block.timestamp > deadline) revert SlotSignatureExpired(deadline);
            if (deadline <= slot.lentUntil) revert SlotSignatureUsed(holder, deadline);
            if (!HolderSignature.isValid(holder, slotDigest(msg.sender, metadataHash, deadline), signature)) {
                revert InvalidSlotSignature(holder);
            }
            slot.lentUntil = deadline;
        }
        slot.freeAt = uint40(block.timestamp + SLOT_TIME);
    }

    function _checkConfig(RoomConfig calldata config) private view {
        Kind kind = config.kind;
        uint16 cap = kind == Kind.TownHall ? 1000 : kind == Kind.Committee ? 25 : 500;
        if (config.capacity == 0 || config.capacity > cap) revert CapacityOutOfRange(config.capacity, cap);
        uint256 minBalance = config.minBalance;
        bool fits = kind == Kind.TownHall
            ? minBalance != 0 && minBalance <= (THRESHOLD_LIMIT - 1) / MAX_TIME
            : minBalance == (kind == Kind.Committee ? 0 : 1);
        if (!fits) revert MinBalanceOutOfRange(kind, config.minBalance);
        if (kind != Kind.Committee) {
            if (config.safe != address(0)) revert GateNotAllowed(kind, config.safe);
            if (config.committee != address(0)) revert GateNotAllowed(kind, config.committee);
        }
    }

    /// Everything but the kind, which is written once.
    function _writeConfig(Room storage room, RoomConfig calldata config) private {
        (room.capacity, room.minBalance) = (config.capacity, config.minBalance);
        (room.safe, room.committee, room.metadataHash) = (config.safe, config.committee, config.metadataHash);
    }

    function _closeSitting(RoomId roomId, Pinned storage sitting) private {
        sitting.closed = true;
        emit SittingClosed(roomId, sitting.id);
    }

    function _openRoom(RoomId roomId) private view returns (Room storage room) {
        room = _rooms[roomId];
        if (room.creator == address(0)) revert UnknownRoom(roomId);
        if (room.closed) revert RoomIsClosed(roomId);
    }

    function _running(Pinned storage sitting) private view returns (bool) {
        return SittingId.unwrap(sitting.id) != 0 && !sitting.closed && block.timestamp < sitting.endsAt;
    }

    /// `amount * (end - time)` of an account's lock; zero for every doubt.
    function _powerTime(address account, uint256 time) private view returns (uint256) {
        (bool ok, uint256 amount, uint256 end) = TotalCall.firstTwoOfThree(
            address(ESCROW), TotalCall.READ_GAS, abi.encodeCall(IVotingEscrow.lockInfo, (account))
        );
        if (!ok || amount > type(uint128).max || end > type(uint40).max || end <= time) return 0;
        return amount * (end - time);
    }

    function _isOfCommittee(RoomId roomId, Room storage room, address account) private view returns (bool) {
        if (account == address(0)) return false;
        if (_members[roomId][account]) return true;
        return _says(room.safe, abi.encodeCall(ISafe.isOwner, (account)))
            || _says(room.committee, abi.encodeCall(ICommittee.isMember, (account)));
    }

    function _says(address gate, bytes memory question) private view returns (bool) {
        return gate.code.length != 0 && TotalCall.returnsOne(gate, TotalCall.READ_GAS, question);
    }
}
