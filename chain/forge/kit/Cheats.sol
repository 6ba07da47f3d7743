// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What forge's test machine can do beyond the EVM, as far as these tests ask for it.
interface Cheats {
    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function warp(uint256 time) external;
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function assume(bool wanted) external pure;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8, bytes32, bytes32);
    function expectRevert(bytes calldata answer) external;
    function expectRevert(bytes4 selector) external;
    function expectRevert() external;
    function expectEmit(address emitter) external;
    function lastCallGas() external view returns (Gas memory);
    function envOr(string calldata name, bytes calldata otherwise)
        external
        view
        returns (bytes memory);
    function assertEq(uint256 left, uint256 right, string calldata what) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata what) external pure;
    function assertEq(address left, address right, string calldata what) external pure;
    function assertLe(uint256 left, uint256 right, string calldata what) external pure;
    function assertGe(uint256 left, uint256 right, string calldata what) external pure;
    function assertTrue(bool holds, string calldata what) external pure;
}

/// @dev The test machine answers at this address.
Cheats constant vm = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
