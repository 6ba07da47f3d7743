// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice What the chain says about locked tokens at a moment, from which ballot weights are made.
contract PrincipalTest is House {
    function test_only_past_moments_are_known() external {
        uint256 now_ = block.timestamp;
        vm.expectRevert(abi.encodeWithSelector(ICuration.NotInThePast.selector, now_));
        curation.principalAt(ADA, now_);
        vm.expectRevert(abi.encodeWithSelector(ICuration.NotInThePast.selector, now_ + 1));
        curation.principalAt(ADA, now_ + 1);
        vm.assertEq(curation.principalAt(ADA, now_ - 1), 0, "nothing before the first stake");
    }

    function test_principal_is_summed_over_rounds_and_falls_when_it_is_taken_out() external {
        uint256 start = block.timestamp;
        _open(ROUND);
        _open(8);
        _stake(ADA, ROUND, candidates[0], 3000);
        vm.warp(start + 10);
        _stake(ADA, 8, candidates[1], 4000);
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        vm.warp(start + 20);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.warp(start + 30);
        vm.assertEq(curation.principalAt(ADA, start), 3000, "at the first stake");
        vm.assertEq(curation.principalAt(ADA, start + 9), 3000, "until the second");
        vm.assertEq(curation.principalAt(ADA, start + 10), 7000, "both");
        vm.assertEq(curation.principalAt(ADA, start + 20), 4000, "one was taken out");
        vm.assertEq(curation.principalAt(BOB, start + 20), 0, "of nobody else");
    }

    /// @dev Weights are read at the opening round's last finalised block, before its opening.
    function test_threat_08_a_stake_in_the_opening_block_or_later_weighs_nothing() external {
        _open(ROUND);
        uint256 before = block.timestamp;
        vm.warp(before + 12);
        uint256 opening = block.timestamp;
        _open(8);
        _stake(ADA, 8, candidates[0], 1e20);
        vm.warp(opening + 12);
        _stake(ADA, 8, candidates[0], 1e20);
        vm.assertEq(curation.principalAt(ADA, before), 0, "before the opening");
        vm.assertEq(curation.principalAt(ADA, opening - 1), 0, "a second before the opening");
    }

    /// @dev In and out within one second, as with a flash loan, leaves no trace at that second.
    function test_threat_08_what_is_taken_out_in_the_same_second_weighs_nothing() external {
        _open(ROUND);
        uint256 second = block.timestamp;
        _stake(ADA, ROUND, candidates[0], 1e20);
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.warp(second + 1);
        vm.assertEq(curation.principalAt(ADA, second), 0, "at that second");
    }

    /// @dev A weight is held by tokens that cannot leave before the round is over.
    function test_threat_09_no_stake_leaves_between_voting_and_the_end() external {
        ICuration.Times memory times = _open(ROUND);
        _stake(ADA, ROUND, candidates[0], 1e20);
        uint48[4] memory moments = [
            uint48(block.timestamp),
            times.anchorDeadline,
            times.stakingDeadline,
            times.resultDeadline - 1
        ];
        for (uint256 i = 0; i < moments.length; ++i) {
            vm.warp(moments[i]);
            vm.expectRevert(
                abi.encodeWithSelector(ICuration.RoundInState.selector, ROUND, ICuration.State.Open)
            );
            vm.prank(ADA);
            curation.withdraw(ROUND, candidates[0]);
        }
    }

    /// @dev Whatever comes after a moment, what was said about it stays said.
    function test_fuzz_invariant_05_the_past_never_changes(uint256[12] calldata amounts) external {
        uint256[] memory moments = new uint256[](amounts.length);
        uint256[] memory said = new uint256[](amounts.length);
        uint256 locked = 0;
        for (uint256 i = 0; i < amounts.length; ++i) {
            _open(i);
            uint256 amount = SMALLEST + amounts[i] % 1e20;
            _stake(ADA, i, candidates[i % 5], amount);
            locked += amount;
            if (amount % 3 == 0) {
                vm.prank(GUARDIAN);
                curation.cancelRound(i);
                vm.prank(ADA);
                curation.withdraw(i, candidates[i % 5]);
                locked -= amount;
            }
            moments[i] = block.timestamp;
            said[i] = locked;
            vm.warp(block.timestamp + 1 + amounts[i] % 7);
            for (uint256 j = 0; j <= i; ++j) {
                vm.assertEq(curation.principalAt(ADA, moments[j]), said[j], "the past changed");
            }
        }
    }
}
