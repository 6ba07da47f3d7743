// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {Sums} from "./Sums.sol";

/// @notice Looks at every round after every call, keeps what was once said about the past, and
/// finds rounds and people to whom a call can happen.
abstract contract Watch is Sums {
    struct Reading {
        address account;
        uint256 time;
        uint256 principal;
    }

    uint256 private constant MOST_READINGS = 16;

    Reading[] private readings;
    /// @dev As the round was opened with; it never changes.
    mapping(uint256 round => uint48) internal stakingDeadline;
    bool private immutable watching;
    mapping(uint256 round => ICuration.State) private seen;
    mapping(uint256 round => bytes32) private result;

    /// @notice What left the contract for a round's winners and funders, by their purses.
    mapping(uint256 round => uint256) public paidBy;
    /// @notice The first round that was seen going back, plus one.
    uint256 public wentBack;
    /// @notice The first round whose result was seen changing, plus one.
    uint256 public changedItsMind;

    modifier watched() {
        _;
        if (!watching) return;
        for (uint256 i = 0; i < live.length; ++i) {
            _look(live[i]);
        }
    }

    /// @param watching_ whether to look; it takes time, so only those do who ask what was seen
    constructor(bool watching_) {
        watching = watching_;
    }

    /// @notice Whether all that was ever said about the past is still said.
    function pastIsTheSame() external view returns (bool) {
        for (uint256 i = 0; i < readings.length; ++i) {
            Reading storage once = readings[i];
            if (curation.principalAt(once.account, once.time) != once.principal) return false;
        }
        return true;
    }

    function _read(address account) internal {
        vm.assume(readings.length < MOST_READINGS);
        uint256 time = block.timestamp - 1;
        readings.push(Reading(account, time, curation.principalAt(account, time)));
    }

    /// @dev Of any size, from a wei to 10^22, small ones as often as large ones.
    function _any(uint256 seed) internal pure returns (uint256) {
        return seed % 10 ** (1 + (seed >> 200) % 22);
    }

    /// @dev Who cannot be paid stays in, so they go into the first two rounds only.
    function _someone(uint256 who, uint256 round) internal view returns (address member) {
        member = members[who % members.length];
        if (member == unpayable && round > 1) {
            return members[(who % members.length + 1) % members.length];
        }
    }

    function _look(uint256 round) private {
        Curation.Round memory found = curation.roundOf(round);
        ICuration.State before = seen[round];
        if (found.state != before) {
            if (!_follows(before, found.state) && wentBack == 0) wentBack = round + 1;
            seen[round] = found.state;
        }
        if (found.settlesAt == 0) return;
        bytes32 said = keccak256(
            abi.encode(
                found.settlesAt, found.ballotsRoot, found.bundleHash, curation.winnersOf(round)
            )
        );
        if (result[round] == 0) result[round] = said;
        else if (result[round] != said && changedItsMind == 0) changedItsMind = round + 1;
    }

    function _follows(ICuration.State before, ICuration.State after_) private pure returns (bool) {
        if (after_ == ICuration.State.Open) return before == ICuration.State.Unknown;
        if (after_ == ICuration.State.Proposed) return before == ICuration.State.Open;
        if (after_ == ICuration.State.Settled) return before == ICuration.State.Proposed;
        return before == ICuration.State.Open || before == ICuration.State.Proposed;
    }

    function _pick(uint256 seed, function(uint256) view returns (bool) wanted)
        internal
        view
        returns (uint256 round)
    {
        for (uint256 i = 0; i < live.length; ++i) {
            round = live[(seed % live.length + i) % live.length];
            if (wanted(round)) return round;
        }
        vm.assume(false);
    }

    function _isOpen(uint256 round) internal view returns (bool) {
        return curation.stateOf(round) == ICuration.State.Open;
    }

    function _isProposed(uint256 round) internal view returns (bool) {
        return curation.stateOf(round) == ICuration.State.Proposed;
    }

    function _isFinal(uint256 round) internal view returns (bool) {
        return curation.stateOf(round) >= ICuration.State.Settled;
    }

    /// @dev Final, or final as soon as somebody leaves.
    function _letsGo(uint256 round) private view returns (bool) {
        ICuration.State state = curation.stateOf(round);
        if (state >= ICuration.State.Settled) return true;
        if (state != ICuration.State.Proposed) return false;
        return block.timestamp >= curation.roundOf(round).settlesAt;
    }

    function _isChallenged(uint256 round) internal view returns (bool) {
        return _isProposed(round) && block.timestamp < curation.roundOf(round).settlesAt;
    }

    function _takesStakes(uint256 round) internal view returns (bool) {
        return block.timestamp < stakingDeadline[round] && _isOpen(round);
    }

    /// @dev Somebody who can take principal out of a round that is over, or over when they do.
    function _stakerIn(uint256 which, uint256 who, uint256 what)
        internal
        view
        returns (uint256 round, address member, bytes32 candidate)
    {
        uint256 pictures = candidates.length;
        for (uint256 i = 0; i < live.length; ++i) {
            round = live[(which % live.length + i) % live.length];
            if (!_letsGo(round)) continue;
            for (uint256 j = 0; j < members.length * pictures; ++j) {
                member = members[(who % members.length + j / pictures) % members.length];
                candidate = candidates[(what % pictures + j) % pictures];
                if (member == unpayable) continue;
                if (curation.stakeOf(round, member, candidate) != 0) {
                    return (round, member, candidate);
                }
            }
        }
        vm.assume(false);
    }

    /// @dev Somebody who gets at least a wei back from a settled or refundable round.
    function _funderIn(uint256 which, uint256 who)
        internal
        view
        returns (uint256 round, address funder)
    {
        for (uint256 i = 0; i < live.length; ++i) {
            round = live[(which % live.length + i) % live.length];
            if (!_isFinal(round)) continue;
            for (uint256 j = 0; j < members.length; ++j) {
                funder = members[(who % members.length + j) % members.length];
                if (funder != unpayable && backTo(funder, round) != 0) return (round, funder);
            }
        }
        vm.assume(false);
    }
}
