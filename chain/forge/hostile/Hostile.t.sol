// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";
import {HostileToken} from "./HostileToken.sol";

/// @notice Tokens and receivers that mean harm.
contract HostileTest is House {
    HostileToken private hostile;

    function setUp() public override {
        super.setUp();
        hostile.allow(address(curation));
        require(hostile.transfer(address(hostile), 1e24), "no tokens");
        _open(ROUND);
        _fund(SPONSOR, ROUND, 1000);
        _stake(ADA, ROUND, candidates[0], 5000);
        _stake(BOB, ROUND, candidates[0], 3000);
    }

    function _makeToken() internal override returns (IERC20) {
        hostile = new HostileToken(address(this), SUPPLY);
        return hostile;
    }

    function test_a_token_that_delivers_another_amount_than_asked_is_refused() external {
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        HostileToken.Trick[3] memory tricks = [
            HostileToken.Trick.KeepsAFee,
            HostileToken.Trick.DeliversMore,
            HostileToken.Trick.SaysTrueAndDoesNothing
        ];
        uint256[3] memory delivered = [uint256(4950), 5001, 0];
        for (uint256 i = 0; i < tricks.length; ++i) {
            hostile.play(tricks[i]);
            bytes memory refused =
                abi.encodeWithSelector(ICuration.AmountMismatch.selector, 5000, delivered[i]);
            vm.startPrank(ADA);
            vm.expectRevert(refused);
            curation.stake(ROUND, candidates[0], 5000, anchored);
            vm.expectRevert(refused);
            curation.fund(ROUND, 5000);
            vm.stopPrank();
        }
    }

    function test_a_token_that_says_false_is_refused() external {
        hostile.play(HostileToken.Trick.SaysFalse);
        bytes memory refused =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        vm.expectRevert(refused);
        vm.prank(ADA);
        curation.fund(ROUND, 5000);
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        vm.expectRevert(refused);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(curation.stakeOf(ROUND, ADA, candidates[0]), 5000, "the claim is kept");
    }

    function test_a_token_without_permits_can_still_be_staked_with_an_allowance() external {
        ICuration.Permit memory permit;
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.prank(ADA);
        curation.stakeWithPermit(ROUND, candidates[0], 5000, anchored, permit);
        vm.assertEq(curation.stakeOf(ROUND, ADA, candidates[0]), 10_000, "staked");
    }

    /// @dev The token stakes and funds while its own transfers call every function back.
    function test_invariant_13_re_entering_while_going_in_gains_nothing() external {
        hostile.callBack(address(curation), _everyCall());
        hostile.act(address(curation), _stakeCall(6000));
        hostile.act(address(curation), _everyCall()[1]); // with a permit, of the smallest amount
        hostile.act(address(curation), abi.encodeCall(ICuration.fund, (ROUND, 500)));
        vm.assertGe(hostile.tried(), 40, "it tried");
        vm.assertEq(hostile.wentThrough(), 0, "nothing went through");
        vm.assertEq(curation.stakeOf(ROUND, address(hostile), candidates[0]), 7000, "staked twice");
        vm.assertEq(curation.roundOf(ROUND).pool, 1500, "funded once");
        vm.assertEq(token.balanceOf(address(curation)), 16_500, "paid for all of it");
    }

    function test_threat_14_re_entering_while_going_out_pays_once() external {
        hostile.act(address(curation), _stakeCall(8000));
        hostile.act(address(curation), abi.encodeCall(ICuration.fund, (ROUND, 1000)));
        _propose(ROUND, _shares(5000, 5000, 0)); // the second has no stake: half goes back
        vm.warp(curation.roundOf(ROUND).settlesAt);
        hostile.callBack(address(curation), _everyCall());
        uint256 purse = token.balanceOf(address(hostile));
        hostile.act(address(curation), abi.encodeCall(ICuration.withdraw, (ROUND, candidates[0])));
        vm.assertEq(token.balanceOf(address(hostile)), purse + 8500, "half of the half, once");
        hostile.act(address(curation), abi.encodeCall(ICuration.refund, (ROUND)));
        vm.assertEq(token.balanceOf(address(hostile)), purse + 9000, "its part back, once");
        vm.assertGe(hostile.tried(), 20, "it tried");
        vm.assertEq(hostile.wentThrough(), 0, "nothing went through");
        vm.prank(ADA);
        (uint256 principal, uint256 reward) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal + reward, 5312, "what is hers is there");
    }

    function test_invariant_11_a_receiver_that_cannot_be_paid_blocks_nobody() external {
        hostile.refuse(ADA);
        _finish(ROUND, _shares(5000, 5000, 0));
        vm.expectRevert("not to you");
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.prank(BOB);
        (uint256 principal, uint256 reward) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal + reward, 3187, "bob is paid");
        vm.prank(SPONSOR);
        vm.assertEq(curation.refund(ROUND), 500, "the sponsor is paid");
        hostile.refuse(address(0));
        vm.prank(ADA);
        (principal, reward) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal + reward, 5312, "and she is, once she can be");
    }

    /// @dev A fee that is switched on later is borne by whoever is paid, and locks nobody in.
    function test_a_fee_that_comes_later_locks_nobody_in() external {
        hostile.play(HostileToken.Trick.KeepsAFee);
        vm.prank(GUARDIAN);
        curation.cancelRound(ROUND);
        uint256 purse = token.balanceOf(ADA);
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(token.balanceOf(ADA), purse + 4950, "less the fee");
        vm.assertEq(token.balanceOf(address(curation)), 4000, "the others' is untouched");
    }

    function _stakeCall(uint256 amount) private view returns (bytes memory) {
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        return abi.encodeCall(ICuration.stake, (ROUND, candidates[0], amount, anchored));
    }

    function _everyCall() private view returns (bytes[] memory calls) {
        ICuration.Permit memory permit;
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        calls = new bytes[](6);
        calls[0] = _stakeCall(SMALLEST);
        calls[1] = abi.encodeCall(
            ICuration.stakeWithPermit, (ROUND, candidates[0], SMALLEST, anchored, permit)
        );
        calls[2] = abi.encodeCall(ICuration.fund, (ROUND, 1));
        calls[3] = abi.encodeCall(ICuration.withdraw, (ROUND, candidates[0]));
        calls[4] = abi.encodeCall(ICuration.refund, (ROUND));
        calls[5] = abi.encodeCall(ICuration.settle, (ROUND));
    }
}
