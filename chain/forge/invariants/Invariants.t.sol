// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {vm} from "../kit/Cheats.sol";
import {Campaign} from "./Campaign.sol";

/// @notice The invariants that hold at any time, with Salon's own token.
contract InvariantsTest is Campaign {
    function invariant_01_the_contract_has_what_it_owes() external view {
        _checkSolvency();
    }

    function invariant_02_stakes_by_member_by_candidate_and_in_total_are_the_same() external {
        _checkSums();
    }

    /// forge-config: default.invariant.check_interval = 16
    function invariant_03_12_everybody_can_leave_and_every_pool_ends_somewhere() external {
        _everybodyLeaves(address(0));
        vm.assertEq(crowd.principal(), 0, "somebody is still inside");
        vm.assertLe(crowd.inside(), crowd.mostDust(), "a pool is stuck");
    }

    function invariant_04_no_more_is_paid_than_was_funded() external view {
        for (uint256 i = 0; i < crowd.liveCount(); ++i) {
            uint256 round = crowd.live(i);
            uint256 pool = curation.roundOf(round).pool;
            uint256 spent = crowd.paidBy(round) + crowd.owedBy(round);
            vm.assertLe(spent, pool, "paid and owed is more than funded");
            vm.assertLe(pool - spent, crowd.mostDustOf(round), "more than a wei a claim is cut");
        }
    }

    function invariant_10_no_role_can_move_principal() external {
        address[3] memory roles = [ADMIN, OPERATOR, GUARDIAN];
        (, uint256 pictures) = crowd.sizes();
        for (uint256 i = 0; i < roles.length; ++i) {
            vm.assertEq(token.balanceOf(roles[i]), 0, "a role was paid");
            for (uint256 j = 0; j < crowd.liveCount(); ++j) {
                uint256 round = crowd.live(j);
                bytes32 candidate = crowd.candidateAt(round % pictures);
                vm.prank(roles[i]);
                try curation.withdraw(round, candidate) {
                    revert("a role took something out");
                } catch {}
                vm.prank(roles[i]);
                try curation.refund(round) {
                    revert("a role took a pool");
                } catch {}
            }
        }
    }
}
