// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";
import {Trees} from "../kit/Trees.sol";

/// @notice Making a curation, opening rounds, anchoring candidates and ballots.
contract RoundsTest is House {
    function test_the_constructor_keeps_what_it_was_given() external view {
        vm.assertEq(address(curation.token()), address(token), "token");
        vm.assertEq(curation.shortestChallenge(), SHORTEST, "shortest challenge");
        vm.assertEq(curation.smallestStake(), SMALLEST, "smallest stake");
        vm.assertTrue(curation.hasRole(bytes32(0), ADMIN), "admin");
        vm.assertTrue(curation.hasRole(curation.OPERATOR_ROLE(), OPERATOR), "operator");
        vm.assertTrue(curation.hasRole(curation.GUARDIAN_ROLE(), GUARDIAN), "guardian");
        vm.assertTrue(!curation.hasRole(bytes32(0), address(this)), "the deployer has no role");
    }

    function test_the_constructor_refuses_what_is_empty_or_too_long() external {
        _refused(address(token), address(0), SHORTEST, 1, ICuration.Empty.selector);
        _refused(BOB, ADMIN, SHORTEST, 1, ICuration.Empty.selector);
        _refused(address(token), ADMIN, SHORTEST, 0, ICuration.Empty.selector);
        _refused(address(token), ADMIN, 0, 1, ICuration.TimesRefused.selector);
        _refused(address(token), ADMIN, 14 days + 1, 1, ICuration.TimesRefused.selector);
        _make(address(token), ADMIN, 14 days, 1);
    }

    function test_a_round_opens_once_and_says_so() external {
        ICuration.Times memory times = _times();
        vm.expectEmit(address(curation));
        emit ICuration.RoundOpened(ROUND, times);
        vm.prank(OPERATOR);
        curation.openRound(ROUND, times);
        Curation.Round memory found = curation.roundOf(ROUND);
        vm.assertTrue(found.state == ICuration.State.Open, "open");
        vm.assertEq(keccak256(abi.encode(found.times)), keccak256(abi.encode(times)), "times");
        vm.assertEq(found.pool, 0, "pool");
        vm.expectRevert(abi.encodeWithSelector(ICuration.RoundExists.selector, ROUND));
        vm.prank(OPERATOR);
        curation.openRound(ROUND, times);
    }

    function test_times_must_be_in_order_and_within_bounds_to_the_second() external {
        uint48 now_ = uint48(block.timestamp);
        uint48 last = now_ + 90 days;
        _accepted(ICuration.Times(now_ + 1, now_ + 1, now_ + 2, SHORTEST));
        _accepted(ICuration.Times(now_ + 1, now_ + 2, last, 14 days));
        _timesRefused(ICuration.Times(now_, now_ + 1, now_ + 2, SHORTEST));
        _timesRefused(ICuration.Times(now_ + 2, now_ + 1, now_ + 3, SHORTEST));
        _timesRefused(ICuration.Times(now_ + 1, now_ + 2, now_ + 2, SHORTEST));
        _timesRefused(ICuration.Times(now_ + 1, now_ + 2, last + 1, SHORTEST));
        _timesRefused(ICuration.Times(now_ + 1, now_ + 2, now_ + 3, SHORTEST - 1));
        _timesRefused(ICuration.Times(now_ + 1, now_ + 2, now_ + 3, 14 days + 1));
    }

    function test_batches_are_added_until_the_anchor_deadline_to_the_second() external {
        ICuration.Times memory times = _open(ROUND);
        vm.warp(times.anchorDeadline - 1);
        vm.expectEmit(address(curation));
        emit ICuration.CandidatesAnchored(ROUND, 1, "root", 10_000, "salon:second");
        vm.prank(OPERATOR);
        curation.anchor(ROUND, "root", 10_000, "salon:second");
        bytes32[] memory roots = curation.rootsOf(ROUND);
        vm.assertEq(roots.length, 2, "batches");
        vm.assertEq(roots[0], Trees.rootOf(candidates), "the first root stays");
        vm.assertEq(roots[1], "root", "the second root");
        vm.warp(times.anchorDeadline);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.DeadlinePassed.selector, times.anchorDeadline)
        );
        vm.prank(OPERATOR);
        curation.anchor(ROUND, "late", 1, "salon:late");
    }

    function test_an_empty_batch_and_a_batch_of_no_round_are_refused() external {
        _open(ROUND);
        vm.startPrank(OPERATOR);
        vm.expectRevert(ICuration.Empty.selector);
        curation.anchor(ROUND, bytes32(0), 1, "");
        vm.expectRevert(ICuration.Empty.selector);
        curation.anchor(ROUND, "root", 0, "");
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.RoundInState.selector, 8, ICuration.State.Unknown)
        );
        curation.anchor(8, "root", 1, "");
    }

    function test_a_round_has_at_most_1024_batches() external {
        _open(ROUND);
        vm.startPrank(OPERATOR);
        for (uint256 i = 1; i < 1024; ++i) {
            curation.anchor(ROUND, bytes32(i), 1, "");
        }
        vm.expectRevert(ICuration.TooManyBatches.selector);
        curation.anchor(ROUND, "one more", 1, "");
    }

    function test_the_last_ballots_root_counts_and_none_is_taken_when_a_result_is_there() external {
        _open(ROUND);
        vm.startPrank(OPERATOR);
        vm.expectRevert(ICuration.Empty.selector);
        curation.anchorBallots(ROUND, bytes32(0));
        curation.anchorBallots(ROUND, "first");
        vm.expectEmit(address(curation));
        emit ICuration.BallotsAnchored(ROUND, "second");
        curation.anchorBallots(ROUND, "second");
        vm.assertEq(curation.roundOf(ROUND).ballotsRoot, "second", "ballots root");
        vm.warp(curation.roundOf(ROUND).times.stakingDeadline);
        curation.proposeResult(ROUND, _winners(_shares(10_000, 0, 0)), "second", "bundle");
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.RoundInState.selector, ROUND, ICuration.State.Proposed)
        );
        curation.anchorBallots(ROUND, "third");
    }

    function _accepted(ICuration.Times memory times) private {
        uint256 round = uint256(keccak256(abi.encode(times)));
        vm.prank(OPERATOR);
        curation.openRound(round, times);
    }

    function _timesRefused(ICuration.Times memory times) private {
        vm.expectRevert(ICuration.TimesRefused.selector);
        _accepted(times);
    }

    function _make(address token_, address admin, uint256 shortest, uint256 smallest) private {
        _create(abi.encode(token_, admin, OPERATOR, GUARDIAN, shortest, smallest));
    }

    function makeOutside(address token_, address admin, uint256 shortest, uint256 smallest)
        external
    {
        _make(token_, admin, shortest, smallest);
    }

    function _refused(
        address token_,
        address admin,
        uint256 shortest,
        uint256 smallest,
        bytes4 answer
    ) private {
        try this.makeOutside(token_, admin, shortest, smallest) {
            revert("made all the same");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(answer), "refused for another reason");
        }
    }
}
