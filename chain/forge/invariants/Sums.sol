// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";

/// @notice Sums over everybody and every round, read from the contracts each time they are asked
/// for; nothing here is kept beside them.
abstract contract Sums {
    Curation public curation;
    IERC20 public token;
    address public donor;
    uint256 public donorsPurse; // what the donor had before anything happened
    uint256[] public live; // rounds in which something can still happen
    uint256 public oldDust; // what rounds that were emptied can have left behind, in wei
    address public unpayable; // a member to whom the token gives nothing; nobody by default
    address[] internal members;
    bytes32[] internal candidates;

    /// @notice What members have inside one round.
    function principalIn(uint256 round) public view returns (uint256 sum) {
        for (uint256 m = 0; m < members.length; ++m) {
            for (uint256 c = 0; c < candidates.length; ++c) {
                sum += curation.stakeOf(round, members[m], candidates[c]);
            }
        }
    }

    /// @notice What one member has inside, over all rounds.
    function principalOf(address member) public view returns (uint256 sum) {
        for (uint256 i = 0; i < live.length; ++i) {
            for (uint256 c = 0; c < candidates.length; ++c) {
                sum += curation.stakeOf(live[i], member, candidates[c]);
            }
        }
    }

    /// @notice What members have inside, over all rounds.
    function principal() public view returns (uint256 sum) {
        for (uint256 i = 0; i < live.length; ++i) {
            sum += principalIn(live[i]);
        }
    }

    /// @notice What funders put in and have not taken back.
    function fundedIn(uint256 round) public view returns (uint256 sum) {
        for (uint256 m = 0; m < members.length; ++m) {
            sum += curation.fundedBy(round, members[m]);
        }
    }

    /// @notice What a funder can take back of a round that is settled or refundable.
    function backTo(address funder, uint256 round) public view returns (uint256 part) {
        part = curation.fundedBy(round, funder);
        if (part == 0 || curation.stateOf(round) == ICuration.State.Refundable) return part;
        Curation.Round memory found = curation.roundOf(round);
        return part * found.returned / found.pool;
    }

    /// @notice What a round's pool still owes to winners and funders.
    function owedBy(uint256 round) public view returns (uint256 sum) {
        Curation.Round memory found = curation.roundOf(round);
        if (found.state == ICuration.State.Refundable) return fundedIn(round);
        if (found.state != ICuration.State.Settled || found.pool == 0) return found.pool;
        sum = _unclaimedIn(round, found.pool);
        for (uint256 m = 0; m < members.length; ++m) {
            uint256 funded = curation.fundedBy(round, members[m]);
            if (funded != 0) sum += funded * found.returned / found.pool;
        }
    }

    /// @notice What all pools still owe.
    function owed() public view returns (uint256 sum) {
        for (uint256 i = 0; i < live.length; ++i) {
            sum += owedBy(live[i]);
        }
    }

    /// @notice What is inside, but for what was given away.
    function inside() public view returns (uint256) {
        uint256 given = donorsPurse - token.balanceOf(donor);
        return token.balanceOf(address(curation)) - given;
    }

    /// @notice The most wei that cutting can have left behind in a round: one a claim.
    function mostDustOf(uint256 round) public view returns (uint256) {
        if (curation.stateOf(round) != ICuration.State.Settled) return 0;
        return members.length * (curation.winnersOf(round).length + 1);
    }

    /// @notice The same of all rounds there ever were.
    function mostDust() public view returns (uint256 dust) {
        dust = oldDust;
        for (uint256 i = 0; i < live.length; ++i) {
            dust += mostDustOf(live[i]);
        }
    }

    /// @notice How many rounds are live.
    function liveCount() external view returns (uint256) {
        return live.length;
    }

    /// @notice The numbers of people and candidates, for loops.
    function sizes() external view returns (uint256 people, uint256 pictures) {
        return (members.length, candidates.length);
    }

    /// @notice A member by number.
    function memberAt(uint256 at) external view returns (address) {
        return members[at];
    }

    /// @notice A candidate by number.
    function candidateAt(uint256 at) external view returns (bytes32) {
        return candidates[at];
    }

    function _unclaimedIn(uint256 round, uint256 pool) private view returns (uint256 sum) {
        Curation.Share[] memory winners = curation.winnersOf(round);
        for (uint256 w = 0; w < winners.length; ++w) {
            bytes32 candidate = winners[w].candidate;
            uint256 staked = curation.stakedBehind(round, candidate);
            if (staked == 0) continue;
            uint256 share = pool * winners[w].shareBps / 10_000;
            for (uint256 m = 0; m < members.length; ++m) {
                sum += share * curation.stakeOf(round, members[m], candidate) / staked;
            }
        }
    }
}
