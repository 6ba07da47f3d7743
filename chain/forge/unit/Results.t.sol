// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Proposing, vetoing, cancelling and settling.
contract ResultsTest is House {
    ICuration.Times private times;

    function setUp() public override {
        super.setUp();
        times = _open(ROUND);
    }

    function test_a_result_is_kept_and_told() external {
        _fund(SPONSOR, ROUND, 1000);
        uint48 settlesAt = times.stakingDeadline + SHORTEST;
        bytes32[] memory names = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            names[i] = candidates[i];
        }
        uint16[] memory sharesBps = _shares(6000, 3999, 1);
        vm.expectEmit(address(curation));
        emit ICuration.ResultProposed(
            ROUND, names, sharesBps, bytes32(0), keccak256("bundle"), settlesAt
        );
        _propose(ROUND, sharesBps);
        Curation.Round memory found = curation.roundOf(ROUND);
        vm.assertTrue(found.state == ICuration.State.Proposed, "proposed");
        vm.assertEq(found.settlesAt, settlesAt, "settles at");
        vm.assertEq(found.bundleHash, keccak256("bundle"), "bundle");
        Curation.Share[] memory kept = curation.winnersOf(ROUND);
        vm.assertEq(kept.length, 3, "winners");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(kept[i].candidate, names[i], "candidate");
            vm.assertEq(kept[i].shareBps, sharesBps[i], "share");
        }
    }

    function test_a_result_is_taken_from_the_staking_deadline_to_the_result_deadline() external {
        ICuration.Winner[] memory winners = _winners(_shares(10_000, 0, 0));
        vm.startPrank(OPERATOR);
        vm.warp(times.stakingDeadline - 1);
        vm.expectRevert(abi.encodeWithSelector(ICuration.TooEarly.selector, times.stakingDeadline));
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
        vm.warp(times.resultDeadline);
        _expectState(ICuration.State.Refundable);
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
        vm.warp(times.resultDeadline - 1);
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
    }

    function test_shares_must_be_all_there_and_winners_different_and_at_most_three() external {
        vm.warp(times.stakingDeadline);
        _refused(new uint16[](0));
        _refused(_shares(9999, 0, 0));
        _refused(_shares(10_001, 0, 0));
        _refused(_shares(5000, 5001, 0));
        uint16[] memory four = new uint16[](4);
        for (uint256 i = 0; i < 4; ++i) {
            four[i] = 2500;
        }
        _refused(four);
        uint16[] memory nothing = new uint16[](2);
        nothing[0] = 10_000;
        _refused(nothing);
        ICuration.Winner[] memory twice = _winners(_shares(5000, 5000, 0));
        twice[1] = twice[0];
        vm.expectRevert(ICuration.WinnersRefused.selector);
        vm.prank(OPERATOR);
        curation.proposeResult(ROUND, twice, bytes32(0), "bundle");
        vm.assertEq(curation.winnersOf(ROUND).length, 0, "no winner was kept");
    }

    function test_a_winner_must_have_been_anchored() external {
        ICuration.Winner[] memory winners = _winners(_shares(10_000, 0, 0));
        winners[0].candidate = "a stranger";
        vm.warp(times.stakingDeadline);
        vm.startPrank(OPERATOR);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.NotAnchored.selector, bytes32("a stranger"), 0)
        );
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
    }

    function test_the_ballots_root_must_be_the_one_anchored_last() external {
        ICuration.Winner[] memory winners = _winners(_shares(10_000, 0, 0));
        vm.startPrank(OPERATOR);
        curation.anchorBallots(ROUND, "ballots");
        vm.warp(times.stakingDeadline);
        bytes32[2] memory others = [bytes32(0), "edited"];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICuration.BallotsRootMismatch.selector, bytes32("ballots"), others[i]
                )
            );
            curation.proposeResult(ROUND, winners, others[i], "bundle");
        }
        curation.proposeResult(ROUND, winners, "ballots", "bundle");
    }

    function test_a_veto_is_possible_until_settling_is_and_no_later() external {
        _propose(ROUND, _shares(10_000, 0, 0));
        uint256 settlesAt = curation.roundOf(ROUND).settlesAt;
        vm.warp(settlesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ICuration.TooEarly.selector, settlesAt));
        curation.settle(ROUND);
        vm.warp(settlesAt);
        vm.expectRevert(abi.encodeWithSelector(ICuration.DeadlinePassed.selector, settlesAt));
        vm.prank(GUARDIAN);
        curation.veto(ROUND);
        vm.warp(settlesAt - 1);
        vm.expectEmit(address(curation));
        emit ICuration.ResultVetoed(ROUND, GUARDIAN);
        vm.prank(GUARDIAN);
        curation.veto(ROUND);
        vm.assertTrue(curation.stateOf(ROUND) == ICuration.State.Refundable, "refundable");
        vm.warp(settlesAt);
        _expectState(ICuration.State.Refundable);
        curation.settle(ROUND);
    }

    function test_only_an_open_round_can_be_cancelled() external {
        vm.expectEmit(address(curation));
        emit ICuration.RoundCancelled(ROUND, GUARDIAN);
        vm.startPrank(GUARDIAN);
        curation.cancelRound(ROUND);
        _expectState(ICuration.State.Refundable);
        curation.cancelRound(ROUND);
        _expectState(ICuration.State.Refundable);
        curation.veto(ROUND);
    }

    function test_anyone_settles_and_what_nobody_staked_on_goes_back() external {
        _fund(SPONSOR, ROUND, 1001);
        _stake(ADA, ROUND, candidates[0], SMALLEST);
        _propose(ROUND, _shares(5000, 3000, 2000));
        vm.warp(curation.roundOf(ROUND).settlesAt);
        vm.expectEmit(address(curation));
        emit ICuration.RoundSettled(ROUND, 1001, 501);
        vm.prank(_person("anyone"));
        curation.settle(ROUND);
        vm.assertTrue(curation.stateOf(ROUND) == ICuration.State.Settled, "settled");
        vm.assertEq(curation.roundOf(ROUND).returned, 501, "returned");
        _expectState(ICuration.State.Settled);
        curation.settle(ROUND);
    }

    function test_invariant_07_a_result_is_set_once() external {
        _propose(ROUND, _shares(10_000, 0, 0));
        ICuration.Winner[] memory others = _winners(_shares(5000, 5000, 0));
        _expectState(ICuration.State.Proposed);
        vm.prank(OPERATOR);
        curation.proposeResult(ROUND, others, bytes32(0), "another bundle");
        vm.prank(GUARDIAN);
        curation.veto(ROUND);
        _expectState(ICuration.State.Refundable);
        vm.prank(OPERATOR);
        curation.proposeResult(ROUND, others, bytes32(0), "another bundle");
        vm.assertEq(curation.roundOf(ROUND).bundleHash, keccak256("bundle"), "the first stays");
    }

    function _refused(uint16[] memory sharesBps) private {
        ICuration.Winner[] memory winners = _winners(sharesBps);
        vm.expectRevert(ICuration.WinnersRefused.selector);
        vm.prank(OPERATOR);
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
    }

    function _expectState(ICuration.State state) private {
        vm.expectRevert(abi.encodeWithSelector(ICuration.RoundInState.selector, ROUND, state));
    }
}
