// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {vm} from "../kit/Cheats.sol";
import {Campaign} from "./Campaign.sol";

/// @notice The invariants that compare a moment with the moments before it.
contract OverTimeTest is Campaign {
    function setUp() public override {
        _gather(true);
    }

    /// forge-config: default.invariant.check_interval = 16
    function invariant_05_the_past_never_changes() external view {
        vm.assertTrue(crowd.pastIsTheSame(), "the past changed");
    }

    function invariant_07_09_states_only_advance_and_a_result_is_set_once() external view {
        vm.assertEq(crowd.wentBack(), 0, "this round went back");
        vm.assertEq(crowd.changedItsMind(), 0, "this round's result changed");
    }
}
