// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EligibilityRegistry} from "../../src/EligibilityRegistry.sol";
import {ParsToken} from "../../src/ParsToken.sol";
import {TownHall} from "../../src/TownHall.sol";
import {VotingEscrow} from "../../src/VotingEscrow.sol";
import {IEligibilityRegistry} from "../../src/interfaces/IEligibilityRegistry.sol";
import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {IVotingEscrow} from "../../src/interfaces/IVotingEscrow.sol";
import {RoomId} from "../../src/types/Ids.sol";
import {Kind, RoomConfig} from "../../src/types/Rooms.sol";
import {Test} from "./Test.sol";

/// Accepts exactly the inputs it was told, whatever the points.
contract ToldVerifier is IGroth16Verifier {
    bytes32 private _accepted;

    function accept(uint256[6] calldata inputs) external {
        _accepted = keccak256(abi.encode(inputs));
    }

    function verify(uint256[8] calldata, uint256[6] calldata inputs) external view returns (bool) {
        return keccak256(abi.encode(inputs)) == _accepted;
    }
}

/// Token, escrow, registry and Town Hall as the deployment wires them, with a verifier that tests steer.
abstract contract Stack is Test {
    uint256 internal constant MAX_TIME = 4 * 365 days;
    uint256 internal constant WEEK = 7 days;
    uint256 internal constant TOKEN = 1e9;
    uint256 internal constant START = 1_800_000_000;

    ParsToken internal pars;
    VotingEscrow internal escrow;
    EligibilityRegistry internal registry;
    TownHall internal hall;
    ToldVerifier internal verifier;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        pars = new ParsToken(address(this), 1_000_000_000 * TOKEN);
        verifier = new ToldVerifier();
        address escrowAt = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        registry = new EligibilityRegistry(IVotingEscrow(escrowAt), verifier);
        escrow = new VotingEscrow(pars, registry);
        same(address(escrow), escrowAt, "escrow's place");
        hall = new TownHall(escrow, registry, MAX_TIME);
    }

    function fund(address account, uint256 amount) internal {
        require(pars.transfer(account, amount));
        vm.prank(account);
        pars.approve(address(escrow), type(uint256).max);
    }

    function lock(address account, uint256 amount, uint256 duration) internal {
        fund(account, amount);
        vm.prank(account);
        escrow.createLock(amount, duration);
    }

    function lockAndRegister(address account, uint256 amount, uint256 duration, uint256 commitment) internal {
        fund(account, amount);
        vm.prank(account);
        escrow.createLock(amount, duration, commitment);
    }

    function townHall(uint128 minBalance) internal pure returns (RoomConfig memory) {
        return RoomConfig(Kind.TownHall, 100, minBalance, address(0), address(0), bytes32(uint256(7)));
    }

    function openForum() internal pure returns (RoomConfig memory) {
        return RoomConfig(Kind.OpenForum, 500, 1, address(0), address(0), bytes32(uint256(8)));
    }

    function committee(address safe, address members) internal pure returns (RoomConfig memory) {
        return RoomConfig(Kind.Committee, 25, 0, safe, members, bytes32(uint256(9)));
    }

    /// A room created by an account with its own slot.
    function create(address creator, RoomConfig memory config) internal returns (RoomId roomId) {
        vm.prank(creator);
        return hall.createRoom(config, creator, 0, "");
    }

    function open(address caller, RoomId roomId, uint256 endsAt) internal {
        vm.prank(caller);
        hall.openSitting(roomId, uint40(endsAt));
    }

    function joins(RoomId roomId, address account) internal view returns (bool) {
        return hall.canJoin(RoomId.unwrap(roomId), account);
    }
}
