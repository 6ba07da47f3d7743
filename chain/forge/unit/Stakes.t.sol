// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Staking, staking with a permit, and funding.
contract StakesTest is House {
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    ICuration.Times private times;

    function setUp() public override {
        super.setUp();
        times = _open(ROUND);
    }

    function test_a_stake_is_taken_counted_three_ways_and_told() external {
        uint256 purse = token.balanceOf(ADA);
        vm.expectEmit(address(curation));
        emit ICuration.Staked(ROUND, ADA, candidates[0], 5000);
        _stake(ADA, ROUND, candidates[0], 5000);
        _stake(ADA, ROUND, candidates[0], 2000);
        _stake(BOB, ROUND, candidates[0], 1000);
        vm.assertEq(curation.stakeOf(ROUND, ADA, candidates[0]), 7000, "of the member");
        vm.assertEq(curation.stakedBehind(ROUND, candidates[0]), 8000, "behind the candidate");
        vm.assertEq(token.balanceOf(address(curation)), 8000, "in the contract");
        vm.assertEq(token.balanceOf(ADA), purse - 7000, "out of the purse");
        vm.warp(block.timestamp + 1);
        vm.assertEq(curation.principalAt(ADA, block.timestamp - 1), 7000, "principal");
    }

    function test_the_smallest_stake_is_taken_and_a_smaller_one_is_not() external {
        _stake(ADA, ROUND, candidates[0], SMALLEST);
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.StakeTooSmall.selector, SMALLEST - 1, SMALLEST)
        );
        vm.prank(ADA);
        curation.stake(ROUND, candidates[0], SMALLEST - 1, anchored);
    }

    function test_staking_ends_at_its_deadline_to_the_second() external {
        vm.warp(times.stakingDeadline - 1);
        _stake(ADA, ROUND, candidates[0], SMALLEST);
        vm.warp(times.stakingDeadline);
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        bytes memory late =
            abi.encodeWithSelector(ICuration.DeadlinePassed.selector, times.stakingDeadline);
        vm.startPrank(ADA);
        vm.expectRevert(late);
        curation.stake(ROUND, candidates[0], SMALLEST, anchored);
        vm.expectRevert(late);
        curation.fund(ROUND, 1);
    }

    function test_a_round_that_is_not_open_takes_neither_stakes_nor_funds() external {
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        bytes memory refused = abi.encodeWithSelector(
            ICuration.RoundInState.selector, ROUND, ICuration.State.Refundable
        );
        vm.startPrank(ADA);
        vm.expectRevert(refused);
        curation.stake(ROUND, candidates[0], SMALLEST, anchored);
        vm.expectRevert(refused);
        curation.fund(ROUND, 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICuration.RoundInState.selector, 8, ICuration.State.Unknown)
        );
        curation.fund(8, 1);
    }

    function test_a_stake_without_tokens_or_allowance_changes_nothing() external {
        address poor = _person("poor");
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.expectRevert();
        vm.prank(poor);
        curation.stake(ROUND, candidates[0], SMALLEST, anchored);
        vm.assertEq(curation.stakedBehind(ROUND, candidates[0]), 0, "nothing is behind it");
    }

    function test_funds_are_added_up_by_funder_and_told() external {
        vm.expectEmit(address(curation));
        emit ICuration.Funded(ROUND, SPONSOR, 30);
        _fund(SPONSOR, ROUND, 30);
        _fund(SPONSOR, ROUND, 12);
        _fund(BOB, ROUND, 1);
        vm.assertEq(curation.fundedBy(ROUND, SPONSOR), 42, "of the sponsor");
        vm.assertEq(curation.roundOf(ROUND).pool, 43, "pool");
        vm.assertEq(token.balanceOf(address(curation)), 43, "in the contract");
        vm.expectRevert(ICuration.Empty.selector);
        vm.prank(SPONSOR);
        curation.fund(ROUND, 0);
    }

    function test_a_permit_stands_in_for_an_approval() external {
        _withoutApproval();
        (ICuration.Anchor memory anchored, ICuration.Permit memory permit) = _permit(5000);
        vm.prank(ADA);
        curation.stakeWithPermit(ROUND, candidates[0], 5000, anchored, permit);
        vm.assertEq(curation.stakeOf(ROUND, ADA, candidates[0]), 5000, "staked");
        vm.assertEq(token.allowance(ADA, address(curation)), 0, "nothing is left of the permit");
    }

    function test_a_permit_that_somebody_handed_in_before_does_no_harm() external {
        _withoutApproval();
        (ICuration.Anchor memory anchored, ICuration.Permit memory permit) = _permit(5000);
        vm.prank(BOB);
        IERC20Permit(address(token))
            .permit(ADA, address(curation), 5000, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(ADA);
        curation.stakeWithPermit(ROUND, candidates[0], 5000, anchored, permit);
        vm.assertEq(curation.stakeOf(ROUND, ADA, candidates[0]), 5000, "staked");
    }

    function test_a_bad_permit_without_an_allowance_takes_nothing() external {
        _withoutApproval();
        (ICuration.Anchor memory anchored, ICuration.Permit memory permit) = _permit(5000);
        permit.s = bytes32(uint256(permit.s) ^ 1);
        vm.expectRevert();
        vm.prank(ADA);
        curation.stakeWithPermit(ROUND, candidates[0], 5000, anchored, permit);
        vm.expectRevert();
        vm.prank(BOB);
        curation.stakeWithPermit(ROUND, candidates[0], 2e24, anchored, permit);
        vm.assertEq(token.balanceOf(address(curation)), 0, "nothing was taken");
    }

    function _withoutApproval() private {
        vm.prank(ADA);
        token.approve(address(curation), 0);
    }

    function _permit(uint256 amount)
        private
        view
        returns (ICuration.Anchor memory anchored, ICuration.Permit memory permit)
    {
        anchored = _anchorOf(candidates[0]);
        permit.deadline = block.timestamp + 1 hours;
        IERC20Permit asked = IERC20Permit(address(token));
        bytes32 content = keccak256(
            abi.encode(PERMIT, ADA, address(curation), amount, asked.nonces(ADA), permit.deadline)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", asked.DOMAIN_SEPARATOR(), content));
        (permit.v, permit.r, permit.s) = vm.sign(ADA_KEY, digest);
    }
}
