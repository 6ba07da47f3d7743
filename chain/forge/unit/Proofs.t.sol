// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";
import {Trees} from "../kit/Trees.sol";

/// @notice What counts as anchored, and what does not.
contract ProofsTest is House {
    /// @dev Trees of any size; every member of a tree is anchored, nobody else is.
    function test_fuzz_every_candidate_of_a_batch_of_any_size_can_be_staked_on(
        uint256 seed,
        uint256 size
    ) external {
        bytes32[] memory names = _names(seed, 1 + size % 20);
        _openWith(Trees.rootOf(names));
        uint256 step = 1 + names.length / 4;
        for (uint256 i = seed % step; i < names.length; i += step) {
            _stakeOn(names[i], 0, Trees.proofOf(names, names[i]));
        }
        bytes32[] memory proof = Trees.proofOf(names, names[0]);
        _notAnchored(keccak256("a stranger"), 0, proof);
        _notAnchored(names[0], 1, proof);
    }

    function test_a_proof_with_any_bit_changed_proves_nothing() external {
        _openWith(Trees.rootOf(candidates));
        for (uint256 bit = 0; bit < 256; ++bit) {
            bytes32[] memory proof = Trees.proofOf(candidates, candidates[0]);
            proof[0] = bytes32(uint256(proof[0]) ^ (1 << bit));
            _notAnchored(candidates[0], 0, proof);
        }
    }

    function test_a_candidate_of_one_round_is_not_anchored_in_another() external {
        _openWith(Trees.rootOf(candidates));
        vm.prank(OPERATOR);
        curation.openRound(8, _times());
        ICuration.Anchor memory anchored = _anchorOf(candidates[0]);
        vm.expectRevert(abi.encodeWithSelector(ICuration.NotAnchored.selector, candidates[0], 0));
        vm.prank(ADA);
        curation.stake(8, candidates[0], SMALLEST, anchored);
    }

    /// @dev Inner nodes and the 64 bytes below them must not pass for candidates.
    function test_fuzz_invariant_08_no_inner_node_is_a_candidate(uint256 seed) external {
        bytes32[] memory names = _names(seed, 4);
        _openWith(Trees.rootOf(names));
        for (uint256 i = 0; i < 4; ++i) {
            bytes32[] memory proof = Trees.proofOf(names, names[i]);
            bytes32 leaf = Trees.leafOf(names[i]);
            bytes32 inner = Trees.pairOf(leaf, proof[0]);
            bytes32[] memory shorter = new bytes32[](1);
            shorter[0] = proof[1];
            _notAnchored(inner, 0, shorter);
            _notAnchored(leaf, 0, proof);
            _notAnchored(keccak256(abi.encode(names[i])), 0, proof);
        }
        _notAnchored(Trees.rootOf(names), 0, new bytes32[](0));
    }

    /// @dev The attack itself, against a tree that hashes its leaves once: there it succeeds.
    function test_threat_29_a_64_byte_leaf_is_a_second_preimage_of_single_hashing_only() external {
        bytes32 left = keccak256(abi.encode(candidates[0]));
        bytes32 right = keccak256(abi.encode(candidates[1]));
        (left, right) = left < right ? (left, right) : (right, left);
        bytes memory sixtyFour = abi.encode(left, right);
        bytes32 naiveRoot = Trees.pairOf(left, right);
        vm.assertEq(keccak256(sixtyFour), naiveRoot, "single hashing takes the bait");
        bytes32 twice = keccak256(bytes.concat(keccak256(sixtyFour)));
        vm.assertTrue(twice != naiveRoot, "double hashing does not");
        _openWith(naiveRoot);
        _notAnchored(left, 0, _one(right));
        _notAnchored(candidates[0], 0, _one(right));
        _notAnchored(naiveRoot, 0, new bytes32[](0));
    }

    function test_threat_29_a_root_is_set_once_and_twins_in_two_batches_are_one_candidate()
        external
    {
        _openWith(Trees.rootOf(candidates));
        bytes32[] memory twin = new bytes32[](1);
        twin[0] = candidates[2];
        vm.prank(OPERATOR);
        curation.anchor(ROUND, Trees.rootOf(twin), 1, "");
        _stakeOn(candidates[2], 0, Trees.proofOf(candidates, candidates[2]));
        _stakeOn(candidates[2], 1, new bytes32[](0));
        vm.assertEq(curation.stakedBehind(ROUND, candidates[2]), 2 * SMALLEST, "counted as one");
        vm.assertEq(curation.rootsOf(ROUND)[0], Trees.rootOf(candidates), "the first root stays");
        ICuration.Winner[] memory winners = new ICuration.Winner[](2);
        winners[0] =
            ICuration.Winner(candidates[2], 5000, 0, Trees.proofOf(candidates, candidates[2]));
        winners[1] = ICuration.Winner(candidates[2], 5000, 1, new bytes32[](0));
        vm.warp(curation.roundOf(ROUND).times.stakingDeadline);
        vm.expectRevert(ICuration.WinnersRefused.selector);
        vm.prank(OPERATOR);
        curation.proposeResult(ROUND, winners, bytes32(0), "bundle");
    }

    function _openWith(bytes32 root) private {
        vm.startPrank(OPERATOR);
        curation.openRound(ROUND, _times());
        curation.anchor(ROUND, root, 1, "");
        vm.stopPrank();
    }

    function _stakeOn(bytes32 candidate, uint256 batch, bytes32[] memory proof) private {
        vm.prank(ADA);
        curation.stake(ROUND, candidate, SMALLEST, ICuration.Anchor(batch, proof));
    }

    function _notAnchored(bytes32 candidate, uint256 batch, bytes32[] memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(ICuration.NotAnchored.selector, candidate, batch));
        _stakeOn(candidate, batch, proof);
    }

    function _one(bytes32 node) private pure returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = node;
    }

    function _names(uint256 seed, uint256 count) private pure returns (bytes32[] memory names) {
        names = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            names[i] = keccak256(abi.encode(seed, i));
        }
    }
}
