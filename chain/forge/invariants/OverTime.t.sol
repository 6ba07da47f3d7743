// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {vm} from "../kit/Cheats.sol";
import {Campaign} from "./Campaign.sol";

/// @notice The invariants that compare a moment with the moments before it.
contract OverTimeTest is Campaign {
    function setUp() public override {
        _gather(address(0), true);
    }

    function invariant_05_07_09_the_past_stays_results_stay_and_states_only_advance()
        external
        view
    {
        vm.assertTrue(crowd.pastIsTheSame(), "05: what was said about the past changed");
        vm.assertEq(crowd.changedItsMind(), 0, "07: this round's result changed");
        vm.assertEq(crowd.wentBack(), 0, "09: this round went back");
    }
}
