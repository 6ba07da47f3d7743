// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {vm} from "../kit/Cheats.sol";
import {Campaign} from "./Campaign.sol";
import {Hydra} from "./Hydra.sol";

/// @notice The same crowd with a token that re-enters on every transfer, for its own profit, and
/// that pays one of the members nothing.
contract HostileCampaignTest is Campaign {
    Hydra private hydra;

    function setUp() public override {
        _gather(ADA, false);
        hydra.refuse(ADA);
        hydra.join(crowd);
    }

    function _makeToken() internal override returns (IERC20) {
        hydra = new Hydra(address(this), SUPPLY);
        return hydra;
    }

    function _members() internal view override returns (address[] memory members) {
        members = new address[](3);
        (members[0], members[1], members[2]) = (ADA, BOB, address(hydra));
    }

    /// forge-config: soak.invariant.runs = 6400
    function invariant_13_threat_14_a_token_that_re_enters_gains_nothing() external {
        _checkSolvency();
        _checkSums();
    }

    /// forge-config: default.invariant.check_interval = 16
    /// forge-config: soak.invariant.runs = 3200
    /// forge-config: soak.invariant.check_interval = 16
    function invariant_11_one_who_cannot_be_paid_blocks_nobody() external {
        _everybodyLeaves(ADA);
        vm.assertEq(crowd.principal(), crowd.principalOf(ADA), "11: somebody else is still inside");
    }
}
