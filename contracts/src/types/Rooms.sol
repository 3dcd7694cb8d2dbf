// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SittingId} from "./Ids.sol";

/// @notice The three kinds of room; a room's kind never changes.
enum Kind {
    TownHall,
    Committee,
    OpenForum
}

/// @notice What a creator chooses for a room.
/// @param kind          Kind of the room.
/// @param capacity      Seats, from 1 to 1,000 (Town Hall), 25 (Committee) or 500 (Open Forum).
/// @param minBalance    Voting power a seat needs, in raw units of the token: 0 for a Committee, 1 for an Open Forum,
///                      otherwise `1 <= minBalance * MAX_TIME < 2^168`.
/// @param safe          Committee only: a Safe whose owners may join, or zero.
/// @param committee     Committee only: an `ICommittee` whose members may join, or zero.
/// @param metadataHash  Hash of the metadata object (title, host keys, list of SFUs).
struct RoomConfig {
    Kind kind;
    uint16 capacity;
    uint128 minBalance;
    address safe;
    address committee;
    bytes32 metadataHash;
}

/// @notice One sitting of a room and what it pinned when it was opened.
/// @param id            Number of the sitting in its room, from 1; zero: none is running.
/// @param openedAt      Time of the opening block, in seconds.
/// @param endsAt        Time at which the sitting ends and for which power is proven (`at`), in seconds.
/// @param root          Root of the eligibility tree at the opening.
/// @param threshold     `minBalance * MAX_TIME`; zero for a Committee.
/// @param metadataHash  The room's metadata hash at the opening.
struct Sitting {
    SittingId id;
    uint40 openedAt;
    uint40 endsAt;
    uint256 root;
    uint256 threshold;
    bytes32 metadataHash;
}
