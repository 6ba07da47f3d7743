// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {Curation} from "../../contracts/Curation.sol";
import {ICuration} from "../../contracts/interfaces/ICuration.sol";
import {vm} from "../kit/Cheats.sol";
import {House} from "../kit/House.sol";
import {Trees} from "../kit/Trees.sol";

/// @notice What transactions cost. All that comes before one is done in `setUp`, which the snapshot
/// does not count, so that it finds storage as cold as on a chain.
abstract contract Gas is House {
    /// @notice What a transaction costs: 21,000, its calldata, the call, less what is given back.
    event Costs(string what, uint256 gas);

    function setUp() public virtual override {
        super.setUp();
        _fill(10);
    }

    /// @dev An open and funded round with this many stakers and one more, who is Bob.
    function _fill(uint256 stakers) internal {
        _open(ROUND);
        _fund(SPONSOR, ROUND, 1e21);
        for (uint256 i = 0; i < stakers; ++i) {
            address staker = address(uint160(0x10000 + i));
            _equip(staker, 1e18);
            _stake(staker, ROUND, candidates[i % 3], 1e18);
        }
        _stake(BOB, ROUND, candidates[0], 1e18);
    }

    /// @dev The same figures as in forge's isolated mode, which takes minutes with 10,000 stakers.
    function _cost(address who, bytes memory callData) internal returns (uint256 gas) {
        vm.prank(who);
        (bool done,) = address(curation).call(callData);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        int64 back = vm.lastCallGas().gasRefunded;
        require(done, "the call failed");
        gas = 21_000 + used;
        for (uint256 i = 0; i < callData.length; ++i) {
            gas += callData[i] == 0 ? 4 : 16;
        }
        uint256 most = gas / 5;
        if (back > 0) gas -= uint256(uint64(back)) < most ? uint256(uint64(back)) : most;
    }
}

/// @notice Going in: ten are there already.
contract GasGoingInTest is Gas {
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    bytes private stakeCall;
    bytes private permitCall;

    function setUp() public override {
        super.setUp();
        ICuration.Anchor memory anchored = _anchorDeep(candidates[0]);
        stakeCall = abi.encodeCall(ICuration.stake, (ROUND, candidates[0], 1e18, anchored));
        IERC20Permit asked = IERC20Permit(address(token));
        ICuration.Permit memory permit;
        permit.deadline = block.timestamp + 1 hours;
        bytes32 content =
            keccak256(abi.encode(PERMIT, ADA, address(curation), 1e18, 0, permit.deadline));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", asked.DOMAIN_SEPARATOR(), content));
        (permit.v, permit.r, permit.s) = vm.sign(ADA_KEY, digest);
        permitCall = abi.encodeCall(
            ICuration.stakeWithPermit, (ROUND, candidates[0], 1e18, anchored, permit)
        );
    }

    /// @dev Anchored once more, as one of a full batch of 2,048, which is eleven hashes deep.
    function _anchorDeep(bytes32 candidate) private returns (ICuration.Anchor memory anchored) {
        anchored = ICuration.Anchor(1, new bytes32[](11));
        bytes32 root = Trees.leafOf(candidate);
        for (uint256 i = 0; i < 11; ++i) {
            anchored.proof[i] = keccak256(abi.encode("sibling", i));
            root = Trees.pairOf(root, anchored.proof[i]);
        }
        vm.prank(OPERATOR);
        curation.anchor(ROUND, root, 2048, "");
    }

    function test_gas_of_a_first_stake() external {
        emit Costs("stake", _cost(ADA, stakeCall));
    }

    function test_gas_of_a_first_stake_with_a_permit() external {
        emit Costs("stakeWithPermit", _cost(ADA, permitCall));
        vm.assertEq(IERC20Permit(address(token)).nonces(ADA), 1, "the permit was not used");
    }

    function test_gas_of_funding() external {
        emit Costs("fund", _cost(ADA, abi.encodeCall(ICuration.fund, (ROUND, 1e18))));
    }

    function test_gas_of_anchoring_a_batch_of_10000() external {
        string memory uri = "ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        bytes memory callData =
            abi.encodeCall(ICuration.anchor, (ROUND, keccak256("root"), 10_000, uri));
        emit Costs("anchor", _cost(OPERATOR, callData));
    }
}

/// @notice Settling, with ten stakers and with ten thousand.
contract GasOfSettlingTest is Gas {
    Curation private small;

    function setUp() public override {
        super.setUp();
        _propose(ROUND, _shares(5000, 3000, 2000));
        small = curation;
        curation = _deploy(token, SHORTEST, SMALLEST);
        address[2] memory again = [BOB, SPONSOR];
        for (uint256 i = 0; i < again.length; ++i) {
            _equip(again[i], 1e24);
        }
        _fill(10_000);
        _propose(ROUND, _shares(5000, 3000, 2000));
        vm.warp(curation.roundOf(ROUND).settlesAt);
    }

    function test_gas_of_settling_at_10000() external {
        emit Costs("settle at 10,000", _settle());
    }

    function test_gas_of_settling_at_10() external {
        curation = small;
        emit Costs("settle at 10", _settle());
    }

    function test_invariant_06_threat_13_settling_costs_the_same_for_10_and_10000() external {
        uint256 many = _settle();
        curation = small;
        uint256 few = _settle();
        vm.assertLe(many > few ? many - few : few - many, few / 100, "more than one per cent");
    }

    function _settle() private returns (uint256) {
        return _cost(ADA, abi.encodeCall(ICuration.settle, (ROUND)));
    }
}

/// @notice Going out of a settled round.
contract GasGoingOutTest is Gas {
    function setUp() public override {
        super.setUp();
        _stake(ADA, ROUND, candidates[1], 1e18);
        _finish(ROUND, _shares(5000, 3000, 2000));
    }

    function test_gas_of_a_withdrawal_with_a_reward() external {
        bytes memory callData = abi.encodeCall(ICuration.withdraw, (ROUND, candidates[0]));
        emit Costs("withdraw", _cost(BOB, callData));
    }
}
