// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";

/// @notice Nothing is lost or made when a pool is cut into parts.
contract RoundingTest is House {
    struct Amounts {
        uint96 pool;
        uint96 more;
        uint96 ada;
        uint96 bob;
        uint16 firstBps;
        bool secondIsStaked;
    }

    function setUp() public override {
        super.setUp();
        address[3] memory people = [ADA, BOB, SPONSOR];
        for (uint256 i = 0; i < people.length; ++i) {
            _equip(people[i], 2e26);
        }
    }

    /// @dev A claim is the exact part of its share, cut to a whole wei.
    function test_fuzz_invariant_04_a_claim_is_never_over_nor_a_wei_short(Amounts memory amounts)
        external
    {
        (uint256 pool, uint16 firstBps) = _play(amounts);
        uint256 share = pool * firstBps / 10_000;
        uint256 staked = curation.stakedBehind(ROUND, candidates[0]);
        address[2] memory people = [ADA, BOB];
        uint256 paid = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            uint256 stake = curation.stakeOf(ROUND, people[i], candidates[0]);
            vm.prank(people[i]);
            (uint256 principal, uint256 reward) = curation.withdraw(ROUND, candidates[0]);
            vm.assertEq(principal, stake, "principal");
            vm.assertLe(reward * staked, share * stake, "over the exact part");
            vm.assertTrue((reward + 1) * staked > share * stake, "a wei or more below it");
            paid += reward;
        }
        vm.assertLe(paid, share, "paid more than the share");
    }

    function test_fuzz_invariant_12_every_pool_ends_at_winners_or_funders(Amounts memory amounts)
        external
    {
        (uint256 pool,) = _play(amounts);
        uint256 locked = curation.stakeOf(ROUND, ADA, candidates[0])
            + curation.stakeOf(ROUND, BOB, candidates[0])
            + curation.stakeOf(ROUND, BOB, candidates[1]);
        vm.assertEq(token.balanceOf(address(curation)), pool + locked, "all is inside");
        uint256 claims = _claim(ADA, candidates[0]) + _claim(BOB, candidates[0])
            + _claim(BOB, candidates[1]) + _claimBack(SPONSOR) + _claimBack(BOB);
        vm.assertLe(token.balanceOf(address(curation)), claims, "more than a wei a claim is left");
    }

    function test_threat_15_a_pool_of_one_wei_is_not_lost_in_rounding() external {
        _open(ROUND);
        _fund(SPONSOR, ROUND, 1);
        for (uint256 i = 0; i < 3; ++i) {
            _stake(ADA, ROUND, candidates[i], 1e20);
        }
        _finish(ROUND, _shares(3334, 3333, 3333));
        vm.prank(ADA);
        (, uint256 reward) = curation.withdraw(ROUND, candidates[0]);
        vm.assertEq(reward, 0, "no share is a whole wei");
        vm.prank(SPONSOR);
        vm.assertEq(curation.refund(ROUND), 1, "so its funder takes it back");
    }

    function test_threat_15_a_pool_without_any_stake_behind_a_winner_goes_back() external {
        _open(ROUND);
        _fund(SPONSOR, ROUND, 999);
        _fund(BOB, ROUND, 1);
        _stake(ADA, ROUND, candidates[4], 5000);
        _finish(ROUND, _shares(5000, 3000, 2000));
        vm.prank(SPONSOR);
        vm.assertEq(curation.refund(ROUND), 999, "sponsor");
        vm.prank(BOB);
        vm.assertEq(curation.refund(ROUND), 1, "bob");
        vm.prank(ADA);
        (uint256 principal, uint256 reward) = curation.withdraw(ROUND, candidates[4]);
        vm.assertEq(principal, 5000, "principal");
        vm.assertEq(reward, 0, "nothing was earned");
    }

    function test_donations_change_nothing() external {
        Amounts memory amounts = Amounts(1_000_000, 0, 5000, 7000, 6000, true);
        vm.prank(SPONSOR);
        token.transfer(address(curation), 123_456);
        _play(amounts);
        vm.prank(SPONSOR);
        token.transfer(address(curation), 654_321);
        Curation.Round memory found = curation.roundOf(ROUND);
        uint256 inside = token.balanceOf(address(curation));
        uint256 claims = _claim(ADA, candidates[0]) + _claim(BOB, candidates[0])
            + _claim(BOB, candidates[1]) + _claimBack(SPONSOR) + _claimBack(BOB);
        vm.assertGe(inside, found.pool, "the pool is inside");
        uint256 left = token.balanceOf(address(curation));
        vm.assertGe(left, 777_777, "a donation was paid out");
        vm.assertLe(left, 777_777 + claims, "a donation kept something back");
    }

    /// @dev Two funders, one or two winners with stakes, settled.
    function _play(Amounts memory amounts) private returns (uint256 pool, uint16 firstBps) {
        _open(ROUND);
        _fund(SPONSOR, ROUND, 1 + uint256(amounts.pool) % 1e26);
        _fund(BOB, ROUND, 1 + uint256(amounts.more) % 1e26);
        _stake(ADA, ROUND, candidates[0], SMALLEST + uint256(amounts.ada) % 1e26);
        _stake(BOB, ROUND, candidates[0], SMALLEST + uint256(amounts.bob) % 1e24);
        if (amounts.secondIsStaked) _stake(BOB, ROUND, candidates[1], 12_345);
        firstBps = 1 + amounts.firstBps % 9999;
        _finish(ROUND, _shares(firstBps, 10_000 - firstBps, 0));
        pool = curation.roundOf(ROUND).pool;
    }

    function _claim(address who, bytes32 candidate) private returns (uint256 claims) {
        if (curation.stakeOf(ROUND, who, candidate) == 0) return 0;
        vm.prank(who);
        curation.withdraw(ROUND, candidate);
        return 1;
    }

    function _claimBack(address who) private returns (uint256 claims) {
        vm.prank(who);
        try curation.refund(ROUND) {
            return 1;
        } catch (bytes memory reason) {
            vm.assertEq(
                bytes32(bytes4(reason)), bytes32(ICuration.NothingToTake.selector), "refused"
            );
            return 1; // a part below one wei counts as a claim that was cut to nothing
        }
    }
}
