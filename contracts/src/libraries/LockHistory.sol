// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Locks as they stood at past blocks
/// @notice One checkpoint per account and block of change, and the time of every block in which a lock changed. The
///         EVM does not know the time of an older block: between two recorded blocks it is interpolated.
library LockHistory {
    struct Checkpoint {
        uint48 blockNumber;
        uint40 end;
        uint128 amount;
    }

    struct Moment {
        uint48 blockNumber;
        uint40 time;
    }

    struct History {
        mapping(address account => Checkpoint[]) checkpoints;
        Moment[] moments;
    }

    /// @notice Records an account's lock as it stands from this block on.
    function record(History storage self, address account, uint128 amount, uint40 end) internal {
        uint48 here = uint48(block.number);
        Checkpoint[] storage list = self.checkpoints[account];
        uint256 length = list.length;
        Checkpoint memory point = Checkpoint({blockNumber: here, end: end, amount: amount});
        if (length != 0 && list[length - 1].blockNumber == here) list[length - 1] = point;
        else list.push(point);

        Moment[] storage moments = self.moments;
        length = moments.length;
        if (length == 0 || moments[length - 1].blockNumber != here) {
            moments.push(Moment({blockNumber: here, time: uint40(block.timestamp)}));
        }
    }

    /// @notice The lock of an account at the end of a block; zeros before its first.
    function lockAt(History storage self, address account, uint256 blockNumber)
        internal
        view
        returns (uint256 amount, uint256 end)
    {
        Checkpoint[] storage list = self.checkpoints[account];
        (uint256 low, uint256 high) = (0, list.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (list[middle].blockNumber <= blockNumber) low = middle + 1;
            else high = middle;
        }
        if (low != 0) (amount, end) = (list[low - 1].amount, list[low - 1].end);
    }

    /// @notice The time of a block that is not before the first recorded one, by interpolation between its neighbours.
    function timeOf(History storage self, uint256 blockNumber) internal view returns (uint256) {
        Moment[] storage moments = self.moments;
        (uint256 low, uint256 high) = (0, moments.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (moments[middle].blockNumber <= blockNumber) low = middle + 1;
            else high = middle;
        }
        Moment memory before = moments[low - 1];
        (uint256 nextBlock, uint256 nextTime) = low < moments.length
            ? (uint256(moments[low].blockNumber), uint256(moments[low].time))
            : (block.number, block.timestamp);
        if (nextBlock == before.blockNumber) return before.time;
        return
            before.time + (nextTime - before.time) * (blockNumber - before.blockNumber)
                / (nextBlock - before.blockNumber);
    }
}
