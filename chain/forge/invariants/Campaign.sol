// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";
import {Crowd} from "./Crowd.sol";

/// @notice A crowd, and what must hold whatever it does. What of it is checked in a campaign of its
/// own, and with which token, is said by the contracts that inherit this.
abstract contract Campaign is House {
    Crowd internal crowd;

    function setUp() public virtual override {
        _gather(address(0), false);
    }

    function _gather(address unpayable, bool watching) internal {
        House.setUp();
        address[] memory members = _members();
        for (uint256 i = 0; i < members.length; ++i) {
            _equip(members[i], 1e26);
        }
        address donor = _person("donor");
        _equip(donor, 1e26);
        while (candidates.length > 3) candidates.pop();
        address[4] memory others = [OPERATOR, GUARDIAN, donor, unpayable];
        crowd = new Crowd(curation, members, candidates, others, watching);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    function _members() internal view virtual returns (address[] memory members) {
        members = new address[](3);
        (members[0], members[1], members[2]) = (ADA, BOB, SPONSOR);
    }

    function _checkSolvency() internal view {
        uint256 due = crowd.principal() + crowd.owed();
        vm.assertGe(crowd.inside(), due, "01: the contract owes more than it has");
        vm.assertLe(crowd.inside() - due, crowd.mostDust(), "01: tokens belong to nobody");
    }

    function _checkSums() internal {
        uint256 now_ = block.timestamp;
        vm.warp(now_ + 1);
        (uint256 people, uint256 pictures) = crowd.sizes();
        for (uint256 m = 0; m < people; ++m) {
            address member = crowd.memberAt(m);
            vm.assertEq(
                crowd.principalOf(member), curation.principalAt(member, now_), "02: a member's sum"
            );
        }
        for (uint256 i = 0; i < crowd.liveCount(); ++i) {
            uint256 round = crowd.live(i);
            ICuration.State state = curation.stateOf(round);
            if (state != ICuration.State.Open && state != ICuration.State.Proposed) continue;
            uint256 behind = 0;
            for (uint256 c = 0; c < pictures; ++c) {
                behind += curation.stakedBehind(round, crowd.candidateAt(c));
            }
            vm.assertEq(crowd.principalIn(round), behind, "02: a round's sum by candidate");
            vm.assertEq(crowd.fundedIn(round), curation.roundOf(round).pool, "02: a round's pool");
        }
        vm.warp(now_);
    }

    function _checkPools() internal view {
        for (uint256 i = 0; i < crowd.liveCount(); ++i) {
            uint256 round = crowd.live(i);
            uint256 pool = curation.roundOf(round).pool;
            uint256 spent = crowd.paidBy(round) + crowd.owedBy(round);
            vm.assertLe(spent, pool, "04: paid and owed is more than funded");
            vm.assertLe(pool - spent, crowd.mostDustOf(round), "04: more than a wei a claim");
        }
    }

    function _checkRoles() internal {
        address[3] memory roles = [ADMIN, OPERATOR, GUARDIAN];
        (, uint256 pictures) = crowd.sizes();
        for (uint256 i = 0; i < roles.length; ++i) {
            vm.assertEq(token.balanceOf(roles[i]), 0, "10: a role was paid");
            for (uint256 j = 0; j < crowd.liveCount(); ++j) {
                uint256 round = crowd.live(j);
                bytes32 candidate = crowd.candidateAt(round % pictures);
                vm.prank(roles[i]);
                try curation.withdraw(round, candidate) {
                    revert("10: a role took something out");
                } catch {}
                vm.prank(roles[i]);
                try curation.refund(round) {
                    revert("10: a role took a pool");
                } catch {}
            }
        }
    }

    /// @dev Nobody settles, the contract is paused, and all leave, in a time in which they can.
    function _everybodyLeaves(address but) internal {
        if (!curation.paused()) {
            vm.prank(GUARDIAN);
            curation.pause();
        }
        vm.warp(block.timestamp + 104 days); // the longest round and the longest challenge
        (uint256 people,) = crowd.sizes();
        for (uint256 i = 0; i < crowd.liveCount(); ++i) {
            uint256 round = crowd.live(i);
            for (uint256 m = 0; m < people; ++m) {
                address member = crowd.memberAt(m);
                if (member != but) _leave(round, member);
            }
        }
    }

    function _leave(uint256 round, address member) private {
        (, uint256 pictures) = crowd.sizes();
        for (uint256 c = 0; c < pictures; ++c) {
            bytes32 candidate = crowd.candidateAt(c);
            uint256 locked = curation.stakeOf(round, member, candidate);
            if (locked == 0) continue;
            uint256 purse = token.balanceOf(member);
            vm.prank(member);
            curation.withdraw(round, candidate);
            vm.assertGe(token.balanceOf(member), purse + locked, "03: principal is kept back");
        }
        if (curation.fundedBy(round, member) == 0) return;
        if (curation.stateOf(round) == ICuration.State.Proposed) curation.settle(round);
        uint256 part = crowd.backTo(member, round);
        if (part == 0) return;
        vm.prank(member);
        vm.assertEq(curation.refund(round), part, "12: a funder's part is kept back");
    }
}
