// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IEligibilityRegistry} from "../src/interfaces/IEligibilityRegistry.sol";
import {IVotingEscrow} from "../src/interfaces/IVotingEscrow.sol";
import {Stack} from "./support/Stack.sol";

contract VotingEscrowTest is Stack {
    address private constant ANA = address(0xA1);

    /// Every amount and threshold of the project is in raw units of this many decimals.
    function test_the_token_has_nine_decimals() public view {
        same(pars.decimals(), 9, "decimals");
    }

    function testFuzz_power_decays_linearly_to_zero_at_the_end(uint128 amount, uint256 duration, uint256 wait) public {
        amount = uint128(bound(amount, 1, 1_000_000_000 * TOKEN));
        duration = bound(duration, 7 days, MAX_TIME);
        lock(ANA, amount, duration);
        (uint256 held, uint256 end, uint256 maxEnd) = escrow.lockInfo(ANA);
        same(held, amount, "amount");
        same(end, (START + duration) / WEEK * WEEK, "end is rounded down to a week");
        same(maxEnd, (START + MAX_TIME) / WEEK * WEEK, "latest end");
        uint256 time = bound(wait, START, end + WEEK);
        vm.warp(time);
        uint256 wanted = time < end ? uint256(amount) * (end - time) / MAX_TIME : 0;
        same(escrow.votingPower(ANA), wanted, "power");
        same(escrow.balanceOf(ANA), wanted, "balance is power");
    }

    function test_a_lock_must_have_an_amount_and_a_possible_duration() public {
        fund(ANA, TOKEN);
        vm.startPrank(ANA);
        vm.expectRevert(IVotingEscrow.ZeroAmount.selector);
        escrow.createLock(0, 7 days);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.DurationOutOfRange.selector, 7 days - 1));
        escrow.createLock(TOKEN, 7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.DurationOutOfRange.selector, MAX_TIME + 1));
        escrow.createLock(TOKEN, MAX_TIME + 1);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.AmountOutOfRange.selector, uint256(1) << 128));
        escrow.createLock(1 << 128, 7 days);
    }

    function test_an_account_has_one_lock() public {
        lock(ANA, TOKEN, 30 days);
        (, uint256 end,) = escrow.lockInfo(ANA);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.AlreadyLocked.selector, ANA, end));
        vm.prank(ANA);
        escrow.createLock(1, 30 days);
    }

    function test_a_lock_grows_and_its_leaf_follows() public {
        lockAndRegister(ANA, TOKEN, 60 days, 11);
        fund(ANA, TOKEN);
        vm.prank(ANA);
        escrow.increaseAmount(TOKEN);
        (,, uint128 weight, uint40 end) = registry.leafOf(ANA);
        same(weight, 2 * TOKEN, "leaf follows the amount");
        vm.prank(ANA);
        escrow.extendLock(8 weeks);
        (,,, uint40 later) = registry.leafOf(ANA);
        same(later, uint256(end) + 8 weeks, "leaf follows the end");
    }

    function test_a_lock_is_not_extended_backwards_or_beyond_four_years() public {
        lock(ANA, TOKEN, 60 days);
        (, uint256 end, uint256 maxEnd) = escrow.lockInfo(ANA);
        vm.startPrank(ANA);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.EndOutOfRange.selector, end));
        escrow.extendLock(6 days);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.EndOutOfRange.selector, maxEnd + WEEK));
        escrow.extendLock(maxEnd + WEEK - end);
        escrow.extendLock(maxEnd - end);
    }

    function test_tokens_come_back_after_the_end_and_the_leaf_goes_to_zero() public {
        lockAndRegister(ANA, TOKEN, 30 days, 11);
        (, uint256 end,) = escrow.lockInfo(ANA);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.LockNotEnded.selector, end));
        vm.prank(ANA);
        escrow.withdraw();
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.LockEnded.selector, end));
        vm.prank(ANA);
        escrow.increaseAmount(1);
        vm.prank(ANA);
        escrow.withdraw();
        same(pars.balanceOf(ANA), TOKEN, "tokens");
        (, uint256 commitment, uint128 weight, uint40 leafEnd) = registry.leafOf(ANA);
        same(commitment, 11, "the commitment stays");
        same(uint256(weight) + leafEnd, 0, "weight and end are zero");
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.NoLock.selector, ANA));
        vm.prank(ANA);
        escrow.withdraw();
    }

    function test_a_zeroed_leaf_comes_back_by_registration_only() public {
        lockAndRegister(ANA, TOKEN, 30 days, 11);
        (, uint256 end,) = escrow.lockInfo(ANA);
        vm.warp(end);
        vm.startPrank(ANA);
        escrow.withdraw();
        pars.approve(address(escrow), type(uint256).max);
        escrow.createLock(TOKEN / 2, 30 days);
        escrow.increaseAmount(1);
        (,, uint128 weight,) = registry.leafOf(ANA);
        same(weight, 0, "still zero");
        registry.register(12);
        (uint32 index, uint256 commitment, uint128 raised,) = registry.leafOf(ANA);
        same(index, 0, "same leaf");
        same(commitment, 12, "new commitment");
        same(raised, TOKEN / 2 + 1, "new weight");
    }

    function test_prior_votes_are_those_of_the_block() public {
        lock(ANA, 1000 * TOKEN, 365 days);
        (, uint256 end,) = escrow.lockInfo(ANA);
        vm.roll(1100);
        vm.warp(START + 1000);
        fund(ANA, 1000 * TOKEN);
        vm.prank(ANA);
        escrow.increaseAmount(1000 * TOKEN);
        vm.roll(1200);
        vm.warp(START + 3000);
        same(escrow.getPriorVotes(ANA, 999), 0, "before the lock");
        same(escrow.getPriorVotes(ANA, 1000), 1000 * TOKEN * (end - START) / MAX_TIME, "at the lock");
        same(escrow.getPriorVotes(ANA, 1050), 1000 * TOKEN * (end - START - 500) / MAX_TIME, "between");
        same(escrow.getPriorVotes(ANA, 1100), 2000 * TOKEN * (end - START - 1000) / MAX_TIME, "after the increase");
        same(escrow.getPriorVotes(ANA, 1150), 2000 * TOKEN * (end - START - 2000) / MAX_TIME, "towards now");
        vm.expectRevert(abi.encodeWithSelector(IVotingEscrow.BlockNotPast.selector, 1200));
        escrow.getPriorVotes(ANA, 1200);
    }

    function test_a_wrong_commitment_undoes_the_lock() public {
        fund(ANA, TOKEN);
        vm.expectRevert(abi.encodeWithSelector(IEligibilityRegistry.CommitmentOutOfRange.selector, 0));
        vm.prank(ANA);
        escrow.createLock(TOKEN, 30 days, 0);
        (uint256 amount,,) = escrow.lockInfo(ANA);
        same(amount, 0, "no lock");
    }
}
