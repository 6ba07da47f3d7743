// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {HostileToken} from "../hostile/HostileToken.sol";
import {Crowd} from "./Crowd.sol";

/// @notice A token that is a member of a crowd, and in the middle of each of its transfers tries to
/// do, in one of the live rounds, everything that a member can do.
contract Hydra is HostileToken {
    Crowd private crowd;

    constructor(address treasury, uint256 supply) HostileToken(treasury, supply) {}

    /// @notice From now on, tempted by these rounds.
    function join(Crowd crowd_) external {
        crowd = crowd_;
        target = address(crowd_.curation());
    }

    function _temptations() internal view override returns (bytes[] memory calls) {
        if (address(crowd) == address(0) || crowd.liveCount() == 0) return calls;
        uint256 round = crowd.live(tried % crowd.liveCount());
        (, uint256 pictures) = crowd.sizes();
        calls = new bytes[](pictures + 4);
        for (uint256 c = 0; c < pictures; ++c) {
            calls[c] = abi.encodeCall(ICuration.withdraw, (round, crowd.candidateAt(c)));
        }
        calls[pictures] = abi.encodeCall(ICuration.refund, (round));
        calls[pictures + 1] = abi.encodeCall(ICuration.settle, (round));
        calls[pictures + 2] = abi.encodeCall(ICuration.fund, (round, 1));
        calls[pictures + 3] = crowd.smallestStake(round, crowd.candidateAt(0));
    }
}
