// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Who is paid what, for any amounts and any order of calls.
contract PayoutsTest is House {
    struct Call {
        uint8 who;
        uint8 what; // 0..4 a candidate to stake on, otherwise the pool
        uint96 amount;
    }

    address[3] private people;

    function setUp() public override {
        super.setUp();
        people = [ADA, BOB, SPONSOR];
        for (uint256 i = 0; i < people.length; ++i) {
            _equip(people[i], 1e26);
        }
    }

    function test_fuzz_invariant_14_the_order_of_stakes_and_funds_changes_no_payout(
        Call[9] memory calls,
        uint256 order
    ) external {
        _openTwo();
        for (uint256 i = 0; i < calls.length; ++i) {
            _do(0, calls[i]);
        }
        for (uint256 left = calls.length; left > 0; --left) {
            uint256 at = uint256(keccak256(abi.encode(order, left))) % left;
            _do(1, calls[at]);
            calls[at] = calls[left - 1];
        }
        _finishTwo(_shares(5003, 3001, 1996));
        uint256 straight = _payouts(0, 0, false);
        vm.assertEq(straight, _payouts(1, 0, false), "another order, another payout");
    }

    function test_fuzz_threat_12_the_order_of_settling_and_claiming_changes_no_payout(
        Call[9] memory calls,
        uint256 order,
        bool claimFirst
    ) external {
        _openTwo();
        for (uint256 i = 0; i < calls.length; ++i) {
            _do(0, calls[i]);
            _do(1, calls[i]);
        }
        _proposeTwo(_shares(5003, 3001, 1996));
        vm.warp(curation.roundOf(1).settlesAt);
        vm.prank(_person("whoever was first"));
        curation.settle(0);
        if (!claimFirst) curation.settle(1);
        uint256 straight = _payouts(0, 0, false);
        vm.assertEq(straight, _payouts(1, order, true), "another order, another payout");
    }

    function test_threat_12_a_stake_at_the_last_second_earns_its_part_and_nothing_after() external {
        ICuration.Times memory times = _open(ROUND);
        _fund(SPONSOR, ROUND, 1000);
        _stake(ADA, ROUND, candidates[0], 3000);
        vm.warp(times.stakingDeadline - 1);
        _stake(BOB, ROUND, candidates[0], 1000);
        vm.warp(times.stakingDeadline);
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.DeadlinePassed.selector, times.stakingDeadline)
        );
        vm.prank(BOB);
        curation.stake(ROUND, candidates[0], 1000, anchored);
        _finish(ROUND, _shares(10_000, 0, 0));
        vm.assertEq(_withdrawn(ADA, ROUND, candidates[0]), 3750, "three quarters");
        vm.assertEq(_withdrawn(BOB, ROUND, candidates[0]), 1250, "one quarter");
    }

    /// @dev Two accounts with parts of a stake earn what one would have, to the wei that is cut.
    function test_fuzz_rewards_are_linear_in_stake(uint96 stake, uint96 part, uint96 pool)
        external
    {
        uint256 whole = 2 * SMALLEST + uint256(stake) % 1e24;
        uint256 first = SMALLEST + uint256(part) % (whole - 2 * SMALLEST + 1);
        for (uint256 round = 0; round < 2; ++round) {
            _open(round);
            _fund(SPONSOR, round, 1 + uint256(pool) % 1e24);
            _stake(SPONSOR, round, candidates[0], 777_777);
        }
        _stake(ADA, 0, candidates[0], whole);
        _stake(ADA, 1, candidates[0], first);
        _stake(BOB, 1, candidates[0], whole - first);
        _finishTwo(_shares(10_000, 0, 0));
        uint256 alone = _withdrawn(ADA, 0, candidates[0]);
        uint256 split = _withdrawn(ADA, 1, candidates[0]) + _withdrawn(BOB, 1, candidates[0]);
        vm.assertLe(split, alone, "splitting gains");
        vm.assertLe(alone - split, 1, "splitting costs more than what is cut");
    }

    function _openTwo() private {
        _open(0);
        _open(1);
    }

    function _do(uint256 round, Call memory call) private {
        address who = people[call.who % people.length];
        uint256 amount = SMALLEST + call.amount % 1e24;
        if (call.what % 8 < 5) _stake(who, round, candidates[call.what % 8], amount);
        else _fund(who, round, amount);
    }

    function _proposeTwo(uint16[] memory sharesBps) private {
        _propose(0, sharesBps);
        _propose(1, sharesBps);
    }

    function _finishTwo(uint16[] memory sharesBps) private {
        _proposeTwo(sharesBps);
        vm.warp(curation.roundOf(1).settlesAt);
        curation.settle(0);
        curation.settle(1);
    }

    /// @dev What everybody gets for each claim, digested without regard to the order of claiming.
    function _payouts(uint256 round, uint256 turn, bool backwards) private returns (uint256 sum) {
        uint256 claims = people.length * 6;
        for (uint256 i = 0; i < claims; ++i) {
            uint256 at = ((backwards ? claims - 1 - i : i) + turn % claims) % claims;
            address who = people[at / 6];
            uint256 paid =
                at % 6 == 5 ? _refunded(who, round) : _withdrawn(who, round, candidates[at % 6]);
            unchecked {
                sum += uint256(keccak256(abi.encode(at, paid)));
            }
        }
    }

    function _withdrawn(address who, uint256 round, bytes32 candidate) private returns (uint256) {
        if (curation.stakeOf(round, who, candidate) == 0) return 0;
        uint256 purse = token.balanceOf(who);
        vm.prank(who);
        curation.withdraw(round, candidate);
        return token.balanceOf(who) - purse;
    }

    function _refunded(address who, uint256 round) private returns (uint256) {
        uint256 purse = token.balanceOf(who);
        vm.prank(who);
        try curation.refund(round) {} catch {}
        return token.balanceOf(who) - purse;
    }
}
