// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice OpenZeppelin standard Merkle trees over `[bytes32]`, for tests. The tree is an array
/// with the root first and the sorted leaves last, in reverse; the children of node `i` are `2i+1`
/// and `2i+2`.
library Trees {
    /// @notice What stands in the tree for a candidate.
    function leafOf(bytes32 candidate) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(candidate))));
    }

    /// @notice The node above two others, whichever stands left.
    function pairOf(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    /// @notice The root over some candidates.
    function rootOf(bytes32[] memory candidates) internal pure returns (bytes32) {
        return _nodes(candidates)[0];
    }

    /// @notice What leads from one of the candidates to the root.
    function proofOf(bytes32[] memory candidates, bytes32 candidate)
        internal
        pure
        returns (bytes32[] memory proof)
    {
        bytes32[] memory nodes = _nodes(candidates);
        uint256 at = nodes.length;
        for (uint256 i = candidates.length - 1; i < nodes.length; ++i) {
            if (nodes[i] == leafOf(candidate)) at = i;
        }
        require(at != nodes.length, "this candidate is not in the tree");
        uint256 height = 0;
        for (uint256 i = at; i > 0; i = (i - 1) / 2) {
            ++height;
        }
        proof = new bytes32[](height);
        for (uint256 step = 0; step < height; ++step) {
            proof[step] = nodes[at % 2 == 1 ? at + 1 : at - 1];
            at = (at - 1) / 2;
        }
    }

    function _nodes(bytes32[] memory candidates) private pure returns (bytes32[] memory nodes) {
        bytes32[] memory leaves = _sortedLeaves(candidates);
        uint256 count = leaves.length;
        nodes = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) {
            nodes[nodes.length - 1 - i] = leaves[i];
        }
        for (uint256 i = count - 1; i > 0; --i) {
            nodes[i - 1] = pairOf(nodes[2 * i - 1], nodes[2 * i]);
        }
    }

    function _sortedLeaves(bytes32[] memory candidates)
        private
        pure
        returns (bytes32[] memory leaves)
    {
        leaves = new bytes32[](candidates.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes32 leaf = leafOf(candidates[i]);
            uint256 at = i;
            for (; at > 0 && leaves[at - 1] > leaf; --at) {
                leaves[at] = leaves[at - 1];
            }
            leaves[at] = leaf;
        }
    }
}
