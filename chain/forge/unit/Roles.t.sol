// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Who may do what, and that no role reaches anybody's principal.
contract RolesTest is House {
    bytes32 private operatorRole;
    bytes32 private guardianRole;

    function setUp() public override {
        super.setUp();
        operatorRole = curation.OPERATOR_ROLE();
        guardianRole = curation.GUARDIAN_ROLE();
        _open(ROUND);
        _fund(SPONSOR, ROUND, 1000);
        _stake(ADA, ROUND, candidates[0], 5000);
    }

    function test_each_door_opens_to_one_role_only() external {
        ICuration.Winner[] memory winners = _winners(_shares(10_000, 0, 0));
        bytes[4] memory operators = [
            abi.encodeCall(ICuration.openRound, (8, _times())),
            abi.encodeCall(ICuration.anchor, (ROUND, "root", 1, "")),
            abi.encodeCall(ICuration.anchorBallots, (ROUND, "root")),
            abi.encodeCall(ICuration.proposeResult, (ROUND, winners, bytes32(0), "bundle"))
        ];
        for (uint256 i = 0; i < operators.length; ++i) {
            _closedToAllBut(OPERATOR, operatorRole, operators[i]);
        }
        bytes[4] memory guardians = [
            abi.encodeCall(ICuration.veto, (ROUND)),
            abi.encodeCall(ICuration.cancelRound, (ROUND)),
            abi.encodeCall(curation.pause, ()),
            abi.encodeCall(curation.unpause, ())
        ];
        for (uint256 i = 0; i < guardians.length; ++i) {
            _closedToAllBut(GUARDIAN, guardianRole, guardians[i]);
        }
    }

    function test_only_the_admin_gives_and_takes_roles() external {
        bytes memory give =
            abi.encodeCall(IAccessControl.grantRole, (operatorRole, _person("new operator")));
        _closedToAllBut(ADMIN, bytes32(0), give);
        bytes memory take = abi.encodeCall(IAccessControl.revokeRole, (operatorRole, OPERATOR));
        _closedToAllBut(ADMIN, bytes32(0), take);
    }

    function test_pausing_stops_new_rounds_stakes_and_funds_and_nothing_else() external {
        _open(9);
        _stake(BOB, 9, candidates[0], 5000);
        vm.prank(GUARDIAN);
        curation.pause();
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        ICuration.Permit memory permit;
        ICuration.Times memory times = _times();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vm.prank(OPERATOR);
        curation.openRound(8, times);
        vm.startPrank(ADA);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        curation.stake(ROUND, candidates[0], 5000, anchored);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        curation.stakeWithPermit(ROUND, candidates[0], 5000, anchored, permit);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        curation.fund(ROUND, 5000);
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        curation.anchor(ROUND, "root", 1, "");
        curation.anchorBallots(9, "root");
        vm.stopPrank();
        vm.prank(GUARDIAN);
        curation.cancelRound(9);
        vm.prank(BOB);
        curation.withdraw(9, candidates[0]);
        _finish(ROUND, _shares(10_000, 0, 0));
        vm.prank(ADA);
        curation.withdraw(ROUND, candidates[0]);
        vm.prank(GUARDIAN);
        curation.unpause();
        _open(8);
    }

    function test_invariant_10_no_role_can_move_principal() external {
        _finish(ROUND, _shares(10_000, 0, 0));
        address[3] memory roles = [ADMIN, OPERATOR, GUARDIAN];
        for (uint256 i = 0; i < roles.length; ++i) {
            vm.startPrank(roles[i]);
            vm.expectRevert(ICuration.NothingToTake.selector);
            curation.withdraw(ROUND, candidates[0]);
            vm.expectRevert(ICuration.NothingToTake.selector);
            curation.refund(ROUND);
            vm.stopPrank();
            vm.assertEq(token.balanceOf(roles[i]), 0, "a role was paid");
        }
        vm.prank(ADA);
        (uint256 principal, uint256 reward) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal, 5000, "principal");
        vm.assertEq(reward, 1000, "reward");
    }

    function test_threat_28_a_stolen_operator_key_gets_no_further_than_a_veto() external {
        vm.startPrank(OPERATOR); // the thief anchors a picture of its own and lets it win
        bytes32 forged = keccak256("forged");
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(forged))));
        curation.anchor(ROUND, leaf, 1, "");
        vm.warp(curation.roundOf(ROUND).times.stakingDeadline);
        ICuration.Winner[] memory winners = new ICuration.Winner[](1);
        winners[0] = ICuration.Winner(forged, 10_000, 1, new bytes32[](0));
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
        vm.stopPrank();
        vm.warp(curation.roundOf(ROUND).settlesAt - 1);
        vm.prank(GUARDIAN);
        curation.veto(ROUND);
        vm.prank(ADMIN);
        curation.revokeRole(operatorRole, OPERATOR);
        _closed(OPERATOR, operatorRole, abi.encodeCall(ICuration.openRound, (8, _times())));
        vm.prank(ADA);
        (uint256 principal,) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal, 5000, "principal comes back");
        vm.prank(SPONSOR);
        vm.assertEq(curation.refund(ROUND), 1000, "the pool comes back");
    }

    function test_a_stolen_guardian_key_can_only_send_everything_home() external {
        vm.startPrank(GUARDIAN);
        curation.pause();
        curation.cancelRound(ROUND);
        vm.stopPrank();
        vm.prank(ADA);
        (uint256 principal,) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(principal, 5000, "principal comes back");
        vm.prank(SPONSOR);
        vm.assertEq(curation.refund(ROUND), 1000, "the pool comes back");
    }

    function _closedToAllBut(address holder, bytes32 role, bytes memory callData) private {
        address[5] memory people = [ADMIN, OPERATOR, GUARDIAN, ADA, address(this)];
        for (uint256 i = 0; i < people.length; ++i) {
            if (people[i] != holder) _closed(people[i], role, callData);
        }
    }

    function _closed(address who, bytes32 role, bytes memory callData) private {
        vm.prank(who);
        (bool done, bytes memory answer) = address(curation).call(callData);
        vm.assertTrue(!done, "the door was open");
        bytes memory expected = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, who, role
        );
        vm.assertEq(keccak256(answer), keccak256(expected), "closed for another reason");
    }
}
