// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {Trees} from "../kit/Trees.sol";
import {Watch} from "./Watch.sol";

/// @notice Members, funders, an operator, a guardian and a donor who do anything at any time. What
/// cannot be done now is not done, and forge counts it as discarded; what is done must succeed, or
/// the campaign fails.
contract Crowd is Watch {
    uint256 private constant MOST_LIVE = 4;

    address private immutable operator;
    address private immutable guardian;
    bytes32 private immutable root;
    uint256 private opened;
    mapping(bytes32 candidate => ICuration.Anchor) private anchors;

    constructor(
        Curation curation_,
        address[] memory members_,
        bytes32[] memory candidates_,
        address[4] memory others,
        bool watching
    ) Watch(watching) {
        curation = curation_;
        token = curation_.token();
        members = members_;
        candidates = candidates_;
        (operator, guardian, donor, unpayable) = (others[0], others[1], others[2], others[3]);
        donorsPurse = token.balanceOf(donor);
        root = Trees.rootOf(candidates_);
        for (uint256 i = 0; i < candidates_.length; ++i) {
            anchors[candidates_[i]].proof = Trees.proofOf(candidates_, candidates_[i]);
        }
    }

    /// @notice The call by which somebody stakes the smallest amount.
    function smallestStake(uint256 round, bytes32 candidate) external view returns (bytes memory) {
        return abi.encodeCall(ICuration.stake, (round, candidate, 1000, anchors[candidate]));
    }

    function open(uint32 seed) external watched {
        vm.assume(!curation.paused());
        _openRound(seed);
    }

    function stake(uint256 who, uint256 which, uint256 what, uint256 amount) external watched {
        uint256 round = _stakingRound(which);
        bytes32 candidate = candidates[what % candidates.length];
        vm.prank(_someone(who, round));
        curation.stake(round, candidate, 1000 + _any(amount), anchors[candidate]);
    }

    function stakeWithUsedPermit(uint256 who, uint256 which, uint256 what, uint256 amount)
        external
        watched
    {
        uint256 round = _stakingRound(which);
        bytes32 candidate = candidates[what % candidates.length];
        ICuration.Permit memory used;
        vm.prank(_someone(who, round));
        curation.stakeWithPermit(round, candidate, 1000 + _any(amount), anchors[candidate], used);
    }

    function fund(uint256 who, uint256 which, uint256 amount) external watched {
        uint256 round = _stakingRound(which);
        vm.prank(_someone(who, round));
        curation.fund(round, 1 + _any(amount));
    }

    function anchorBallots(uint256 which, bytes32 ballots) external watched {
        vm.assume(uint256(ballots) % 4 == 1);
        uint256 round = _pick(which, _isOpen);
        vm.prank(operator);
        curation.anchorBallots(round, ballots);
    }

    function propose(uint256 which, uint256 first, uint256 count, uint16 bps) external watched {
        uint256 round = _pick(which, _isOpen);
        if (block.timestamp < stakingDeadline[round]) {
            vm.assume(bps % 3 == 0); // hurrying takes the time to stake from the other rounds
            vm.warp(stakingDeadline[round]);
        }
        ICuration.Winner[] memory winners = new ICuration.Winner[](1 + count % 3);
        uint16 rest = 10_000;
        for (uint256 i = 0; i < winners.length; ++i) {
            bytes32 candidate = candidates[(first % candidates.length + i) % candidates.length];
            uint16 share = i + 1 == winners.length ? rest : 1 + bps % 4999;
            rest -= share;
            winners[i] = ICuration.Winner(candidate, share, 0, anchors[candidate].proof);
        }
        bytes32 ballots = curation.roundOf(round).ballotsRoot;
        vm.prank(operator);
        curation.proposeResult(round, winners, ballots, keccak256(abi.encode(bps)));
    }

    function veto(uint256 which, uint8 mood) external watched {
        vm.assume(mood % 3 == 0); // a guardian has mostly nothing to object to
        uint256 round = _pick(which, _isChallenged);
        vm.prank(guardian);
        curation.veto(round);
    }

    function cancel(uint256 which, uint8 mood) external watched {
        vm.assume(mood % 6 == 0);
        uint256 round = _pick(which, _isOpen);
        vm.prank(guardian);
        curation.cancelRound(round);
    }

    function settle(uint256 which) external watched {
        uint256 round = _pick(which, _isProposed);
        uint256 settlesAt = curation.roundOf(round).settlesAt;
        if (block.timestamp < settlesAt) {
            vm.assume(which % 3 == 0);
            vm.warp(settlesAt);
        }
        curation.settle(round);
    }

    function missTheResult(uint256 which, uint8 mood) external watched {
        vm.assume(mood % 6 == 0);
        vm.warp(curation.roundOf(_pick(which, _isOpen)).times.resultDeadline);
    }

    function withdraw(uint256 who, uint256 which, uint256 what) external watched {
        (uint256 round, address member, bytes32 candidate) = _stakerIn(which, who, what);
        _withdraw(round, member, candidate);
        vm.expectRevert(ICuration.NothingToTake.selector);
        vm.prank(member);
        curation.withdraw(round, candidate);
    }

    function refund(uint256 who, uint256 which) external watched {
        (uint256 round, address funder) = _funderIn(which, who);
        _refund(round, funder);
        vm.expectRevert(ICuration.NothingToTake.selector);
        vm.prank(funder);
        curation.refund(round);
    }

    /// @dev Everybody who can be paid takes all they have out of a round, so that it makes room.
    function withdrawAll(uint256 which) external watched {
        (uint256 round,,) = _stakerIn(which, which, which);
        for (uint256 m = 0; m < members.length; ++m) {
            if (members[m] == unpayable) continue;
            for (uint256 c = 0; c < candidates.length; ++c) {
                if (curation.stakeOf(round, members[m], candidates[c]) == 0) continue;
                _withdraw(round, members[m], candidates[c]);
            }
        }
    }

    function refundAll(uint256 which) external watched {
        (uint256 round,) = _funderIn(which, which);
        for (uint256 m = 0; m < members.length; ++m) {
            if (members[m] == unpayable || backTo(members[m], round) == 0) continue;
            _refund(round, members[m]);
        }
    }

    function donate(uint256 amount, uint8 mood) external {
        vm.assume(mood % 4 == 0);
        vm.prank(donor);
        require(token.transfer(address(curation), _any(amount)), "no gift");
    }

    function pauseOrGoOn(uint8 mood) external {
        bool paused = curation.paused();
        vm.assume(paused || mood % 12 == 0);
        vm.prank(guardian);
        if (paused) curation.unpause();
        else curation.pause();
    }

    function wait(uint32 time) external watched {
        vm.warp(block.timestamp + 1 + time % 6 hours);
    }

    function readThePast(uint256 who, uint8 mood) external {
        vm.assume(mood % 3 == 0);
        _read(members[who % members.length]);
    }

    function _withdraw(uint256 round, address member, bytes32 candidate) private {
        uint256 locked = curation.stakeOf(round, member, candidate);
        uint256 purse = token.balanceOf(member);
        vm.prank(member);
        (uint256 principal_, uint256 reward) = curation.withdraw(round, candidate);
        uint256 paid = token.balanceOf(member) - purse;
        require(principal_ == locked, "a claim is not what was staked");
        require(paid == locked + reward, "a claim paid otherwise");
        paidBy[round] += paid - locked;
    }

    function _refund(uint256 round, address funder) private {
        uint256 purse = token.balanceOf(funder);
        vm.prank(funder);
        uint256 amount = curation.refund(round);
        uint256 paid = token.balanceOf(funder) - purse;
        require(paid == amount, "a refund paid otherwise");
        paidBy[round] += paid;
    }

    /// @dev A round that takes stakes; a new one when there is none.
    function _stakingRound(uint256 seed) private returns (uint256 round) {
        vm.assume(!curation.paused());
        for (uint256 i = 0; i < live.length; ++i) {
            round = live[(seed % live.length + i) % live.length];
            if (_takesStakes(round)) return round;
        }
        return _openRound(uint32(seed));
    }

    function _openRound(uint32 seed) private returns (uint256 round) {
        if (live.length == MOST_LIVE) _forgetOne();
        round = opened++;
        live.push(round);
        uint48 anchorBy = uint48(block.timestamp) + 1 + seed % 1 hours;
        uint48 stakeBy = anchorBy + (seed % 7) * 12 hours;
        uint48 resultBy = stakeBy + 1 + (seed % 11) * 12 hours;
        uint48 challenge = 1 hours + seed % 2 days;
        stakingDeadline[round] = stakeBy;
        vm.startPrank(operator);
        curation.openRound(round, ICuration.Times(anchorBy, stakeBy, resultBy, challenge));
        curation.anchor(round, root, candidates.length, "");
        vm.stopPrank();
    }

    /// @dev A round that is over and empty makes room for a new one.
    function _forgetOne() private {
        for (uint256 i = 0; i < live.length; ++i) {
            uint256 round = live[i];
            if (!_isFinal(round) || principalIn(round) + owedBy(round) != 0) continue;
            oldDust += mostDustOf(round);
            live[i] = live[live.length - 1];
            live.pop();
            return;
        }
        vm.assume(false);
    }
}
