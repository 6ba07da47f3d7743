// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Taking out principal, rewards and what is left of a pool.
contract ExitsTest is House {
    ICuration.Times private times;

    function setUp() public override {
        super.setUp();
        times = _open(ROUND);
        _fund(SPONSOR, ROUND, 900);
        _fund(BOB, ROUND, 100);
        _stake(ADA, ROUND, candidates[0], 3000);
        _stake(BOB, ROUND, candidates[0], 1000);
        _stake(BOB, ROUND, candidates[4], 7000);
    }

    function test_winners_get_principal_and_their_part_of_the_pool() external {
        _finish(ROUND, _shares(8000, 2000, 0)); // nobody staked on the second
        vm.expectEmit(address(curation));
        emit ICuration.Withdrawn(ROUND, ADA, candidates[0], 3000, 600);
        _withdraw(ADA, candidates[0], 3000, 600);
        _withdraw(BOB, candidates[0], 1000, 200);
        _withdraw(BOB, candidates[4], 7000, 0);
        vm.expectEmit(address(curation));
        emit ICuration.Refunded(ROUND, SPONSOR, 180);
        _refund(SPONSOR, 180);
        _refund(BOB, 20);
        vm.assertEq(token.balanceOf(address(curation)), 0, "nothing is left");
    }

    function test_the_first_exit_after_the_challenge_time_settles_the_round() external {
        _propose(ROUND, _shares(8000, 2000, 0));
        uint256 settlesAt = curation.roundOf(ROUND).settlesAt;
        vm.warp(settlesAt - 1);
        _expectState(ICuration.State.Proposed);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        _expectState(ICuration.State.Proposed);
        vm.prank(SPONSOR);
        curation.refund(ROUND);
        vm.warp(settlesAt);
        vm.expectEmit(address(curation));
        emit ICuration.RoundSettled(ROUND, 1000, 200);
        _refund(SPONSOR, 180);
        vm.assertTrue(curation.stateOf(ROUND) == ICuration.State.Settled, "settled");
        _withdraw(ADA, candidates[0], 3000, 600);
    }

    function test_before_the_end_nothing_can_be_taken_out() external {
        vm.startPrank(BOB);
        vm.warp(times.resultDeadline - 1);
        _expectState(ICuration.State.Open);
        curation.withdraw(ROUND, candidates[0]);
        _expectState(ICuration.State.Open);
        curation.refund(ROUND);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.RoundInState.selector, 8, ICuration.State.Unknown)
        );
        curation.withdraw(8, candidates[0]);
    }

    function test_all_is_refundable_after_a_veto() external {
        _propose(ROUND, _shares(10_000, 0, 0));
        vm.prank(GUARDIAN);
        curation.veto(ROUND);
        _allComesBack();
    }

    function test_all_is_refundable_after_cancelling() external {
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        _allComesBack();
    }

    function test_threat_15_all_is_refundable_from_the_missed_result_deadline_on() external {
        vm.warp(times.resultDeadline - 1);
        vm.assertTrue(curation.stateOf(ROUND) == ICuration.State.Open, "a second before");
        vm.warp(times.resultDeadline);
        vm.assertTrue(curation.stateOf(ROUND) == ICuration.State.Refundable, "at the deadline");
        _allComesBack();
    }

    function test_invariant_03_pausing_never_keeps_anybody_inside() external {
        _propose(ROUND, _shares(8000, 2000, 0));
        vm.prank(GUARDIAN);
        curation.pause();
        vm.warp(curation.roundOf(ROUND).settlesAt);
        curation.settle(ROUND);
        _withdraw(ADA, candidates[0], 3000, 600);
        _withdraw(BOB, candidates[4], 7000, 0);
        _refund(SPONSOR, 180);
    }

    function test_invariant_07_a_claim_pays_once() external {
        _finish(ROUND, _shares(8000, 2000, 0));
        _withdraw(ADA, candidates[0], 3000, 600);
        _refund(SPONSOR, 180);
        vm.expectRevert(ICuration.NothingToTake.selector);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.expectRevert(ICuration.NothingToTake.selector);
        vm.prank(SPONSOR);
        curation.refund(ROUND);
    }

    function test_nobody_takes_what_is_not_theirs() external {
        _finish(ROUND, _shares(10_000, 0, 0)); // all of the pool is earned
        vm.startPrank(ADA);
        vm.expectRevert(ICuration.NothingToTake.selector);
        curation.withdraw(ROUND, candidates[4]);
        vm.expectRevert(ICuration.NothingToTake.selector);
        curation.refund(ROUND);
        vm.stopPrank();
        vm.expectRevert(ICuration.NothingToTake.selector);
        vm.prank(SPONSOR);
        curation.refund(ROUND);
    }

    function _allComesBack() private {
        _withdraw(ADA, candidates[0], 3000, 0);
        _withdraw(BOB, candidates[0], 1000, 0);
        _withdraw(BOB, candidates[4], 7000, 0);
        _refund(SPONSOR, 900);
        _refund(BOB, 100);
        vm.assertEq(token.balanceOf(address(curation)), 0, "nothing is left");
    }

    function _withdraw(address member, bytes32 candidate, uint256 principal, uint256 reward)
        private
    {
        uint256 purse = token.balanceOf(member);
        vm.prank(member);
        (uint256 principal_, uint256 reward_) = curation.withdraw(ROUND, candidate);
        vm.assertEq(principal_, principal, "principal");
        vm.assertEq(reward_, reward, "reward");
        vm.assertEq(token.balanceOf(member), purse + principal + reward, "purse");
    }

    function _refund(address funder, uint256 amount) private {
        uint256 purse = token.balanceOf(funder);
        vm.prank(funder);
        vm.assertEq(curation.refund(ROUND), amount, "refund");
        vm.assertEq(token.balanceOf(funder), purse + amount, "purse");
    }

    function _expectState(ICuration.State state) private {
        vm.expectRevert(abi.encodeWithSelector(ICuration.RoundInState.selector, ROUND, state));
    }
}
