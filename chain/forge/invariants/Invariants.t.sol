// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {vm} from "../kit/Cheats.sol";
import {Campaign} from "./Campaign.sol";

/// @notice The invariants that hold at any time, with Salon's own token.
contract InvariantsTest is Campaign {
    function invariant_01_02_04_10_the_books_balance_and_no_role_is_paid() external {
        _checkSolvency();
        _checkSums();
        _checkPools();
        _checkRoles();
    }

    /// forge-config: default.invariant.check_interval = 16
    /// forge-config: soak.invariant.check_interval = 16
    function invariant_03_12_everybody_can_leave_and_every_pool_ends_somewhere() external {
        _everybodyLeaves(address(0));
        vm.assertEq(crowd.principal(), 0, "03: somebody is still inside");
        vm.assertLe(crowd.inside(), crowd.mostDust(), "12: a pool is stuck");
    }
}
