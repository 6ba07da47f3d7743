// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Curation} from "../../contracts/Curation.sol";
import {SalonToken} from "../../contracts/SalonToken.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "./Cheats.sol";
import {Trees} from "./Trees.sol";

/// @notice What every test of the contracts starts from: a token, a curation, people, candidates.
abstract contract House {
    uint48 internal constant SHORTEST = 1 hours;
    uint256 internal constant SMALLEST = 1000;
    uint256 internal constant ROUND = 7;
    uint256 internal constant SUPPLY = 1e27;

    address internal immutable ADMIN = _person("admin");
    address internal immutable OPERATOR = _person("operator");
    address internal immutable GUARDIAN = _person("guardian");
    uint256 internal immutable ADA_KEY = uint256(keccak256("ada's key"));
    address internal immutable ADA = vm.addr(ADA_KEY);
    address internal immutable BOB = _person("bob");
    address internal immutable SPONSOR = _person("sponsor");

    IERC20 internal token;
    Curation internal curation;
    bytes32[] internal candidates;

    function setUp() public virtual {
        token = _makeToken();
        curation = _deploy(token, SHORTEST, SMALLEST);
        for (uint256 i = 0; i < 5; ++i) {
            candidates.push(keccak256(abi.encode("candidate", i)));
        }
        address[3] memory holders = [ADA, BOB, SPONSOR];
        for (uint256 i = 0; i < holders.length; ++i) {
            _equip(holders[i], 1e24);
        }
    }

    /// @dev The code under test: this compilation's, or the one that the environment brings (the
    /// committed artifact, or a mutant of it).
    function _deploy(IERC20 token_, uint256 shortest, uint256 smallest)
        internal
        returns (Curation)
    {
        return Curation(_create(abi.encode(token_, ADMIN, OPERATOR, GUARDIAN, shortest, smallest)));
    }

    function _create(bytes memory arguments) internal returns (address made) {
        bytes memory code = vm.envOr("CURATION_CODE", type(Curation).creationCode);
        bytes memory start = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            made := create(0, add(start, 32), mload(start))
            if iszero(made) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function _makeToken() internal virtual returns (IERC20) {
        return new SalonToken(address(this), SUPPLY);
    }

    /// @dev Tokens in the purse, and the allowance to stake them.
    function _equip(address holder, uint256 amount) internal {
        require(token.transfer(holder, amount), "no tokens");
        vm.prank(holder);
        token.approve(address(curation), type(uint256).max);
    }

    function _person(string memory name) internal pure returns (address) {
        return address(uint160(uint256(keccak256(bytes(name)))));
    }

    function _times() internal view returns (ICuration.Times memory) {
        uint48 now_ = uint48(block.timestamp);
        return ICuration.Times(now_ + 1 days, now_ + 2 days, now_ + 3 days, SHORTEST);
    }

    /// @dev A round with all candidates anchored in one batch.
    function _open(uint256 round) internal returns (ICuration.Times memory times) {
        times = _times();
        vm.startPrank(OPERATOR);
        curation.openRound(round, times);
        curation.anchor(round, Trees.rootOf(candidates), candidates.length, "salon:batch");
        vm.stopPrank();
    }

    function _anchorOf(bytes32 candidate) internal view returns (ICuration.Anchor memory) {
        return ICuration.Anchor(0, Trees.proofOf(candidates, candidate));
    }

    function _stake(address member, uint256 round, bytes32 candidate, uint256 amount) internal {
        ICuration.Anchor memory anchored = _anchorOf(candidate);
        vm.prank(member);
        curation.stake(round, candidate, amount, anchored);
    }

    function _fund(address funder, uint256 round, uint256 amount) internal {
        vm.prank(funder);
        curation.fund(round, amount);
    }

    /// @dev Winners are the first candidates, with these shares.
    function _winners(uint16[] memory sharesBps)
        internal
        view
        returns (ICuration.Winner[] memory winners)
    {
        winners = new ICuration.Winner[](sharesBps.length);
        for (uint256 i = 0; i < winners.length; ++i) {
            bytes32[] memory proof = Trees.proofOf(candidates, candidates[i]);
            winners[i] = ICuration.Winner(candidates[i], sharesBps[i], 0, proof);
        }
    }

    function _shares(uint16 first, uint16 second, uint16 third)
        internal
        pure
        returns (uint16[] memory sharesBps)
    {
        uint256 count = third != 0 ? 3 : second != 0 ? 2 : 1;
        sharesBps = new uint16[](count);
        sharesBps[0] = first;
        if (count > 1) sharesBps[1] = second;
        if (count > 2) sharesBps[2] = third;
    }

    /// @dev At the staking deadline, the first candidates win.
    function _propose(uint256 round, uint16[] memory sharesBps) internal {
        ICuration.Winner[] memory winners = _winners(sharesBps);
        vm.warp(curation.roundOf(round).times.stakingDeadline);
        vm.prank(OPERATOR);
        curation.proposeResult(round, winners, bytes32(0), keccak256("bundle"));
    }

    /// @dev Proposed, unchallenged and settled.
    function _finish(uint256 round, uint16[] memory sharesBps) internal {
        _propose(round, sharesBps);
        vm.warp(curation.roundOf(round).settlesAt);
        curation.settle(round);
    }
}
