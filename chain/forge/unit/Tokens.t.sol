// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Faucet} from "../../contracts/Faucet.sol";
import {SalonToken} from "../../contracts/SalonToken.sol";
import {vm} from "../kit/Cheats.sol";

/// @notice The token and its faucet.
contract TokensTest {
    address private constant ADA = address(0xADA);
    address private constant BOB = address(0xB0B);

    SalonToken private salon;
    Faucet private faucet;

    function setUp() external {
        salon = new SalonToken(address(this), 1000);
        faucet = new Faucet(IERC20(address(salon)), 10, 1 days);
        salon.transfer(address(faucet), 15);
    }

    function test_the_supply_is_minted_once_and_nobody_can_mint_more() external {
        vm.assertEq(salon.totalSupply(), 1000, "supply");
        vm.assertEq(salon.balanceOf(address(this)), 985, "treasury");
        (bool minted,) =
            address(salon).call(abi.encodeWithSignature("mint(address,uint256)", ADA, 1));
        vm.assertTrue(!minted, "minted more");
        vm.assertEq(bytes32(bytes(salon.symbol())), bytes32("SALON"), "symbol");
        vm.assertEq(salon.decimals(), 18, "decimals");
    }

    function test_votes_follow_delegation_by_timestamp() external {
        vm.assertEq(salon.clock(), block.timestamp, "clock");
        bytes32 mode = keccak256(bytes(salon.CLOCK_MODE()));
        vm.assertEq(mode, keccak256("mode=timestamp"), "clock mode");
        salon.transfer(ADA, 300);
        vm.assertEq(salon.getVotes(ADA), 0, "no votes before delegating");
        vm.prank(ADA);
        salon.delegate(BOB);
        vm.assertEq(salon.getVotes(BOB), 300, "delegated votes");
        vm.warp(block.timestamp + 1);
        vm.prank(ADA);
        salon.transfer(address(this), 300);
        vm.assertEq(salon.getVotes(BOB), 0, "votes leave with the tokens");
        vm.assertEq(salon.getPastVotes(BOB, block.timestamp - 1), 300, "the past stays");
    }

    function test_a_permit_is_good_once_and_for_its_owner_only() external {
        uint256 key = 0xA11;
        address owner = vm.addr(key);
        uint256 deadline = block.timestamp + 1;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _permit(owner, 7, 0, deadline));
        salon.permit(owner, BOB, 7, deadline, v, r, s);
        vm.assertEq(salon.allowance(owner, BOB), 7, "allowance");
        vm.assertEq(salon.nonces(owner), 1, "nonce");
        address stranger = ecrecover(_permit(owner, 7, 1, deadline), v, r, s);
        vm.expectRevert(
            abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, stranger, owner)
        );
        salon.permit(owner, BOB, 7, deadline, v, r, s);
        (v, r, s) = vm.sign(key, _permit(owner, 7, 1, deadline));
        vm.warp(deadline + 1);
        vm.expectRevert(
            abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline)
        );
        salon.permit(owner, BOB, 7, deadline, v, r, s);
    }

    function test_the_faucet_gives_a_portion_and_then_waits_to_the_second() external {
        vm.expectEmit(address(faucet));
        emit Faucet.Given(ADA, 10);
        vm.prank(ADA);
        faucet.give();
        vm.assertEq(salon.balanceOf(ADA), 10, "portion");
        uint256 next = block.timestamp + 1 days;
        vm.assertEq(faucet.nextAt(ADA), next, "next time");
        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(Faucet.TooSoon.selector, next));
        vm.prank(ADA);
        faucet.give();
        salon.transfer(address(faucet), 5);
        vm.warp(next);
        vm.prank(ADA);
        faucet.give();
        vm.assertEq(salon.balanceOf(ADA), 20, "two portions");
    }

    function test_an_empty_faucet_gives_nothing_and_keeps_no_note_of_it() external {
        vm.prank(ADA);
        faucet.give();
        vm.expectRevert();
        vm.prank(BOB);
        faucet.give();
        vm.assertEq(faucet.nextAt(BOB), 0, "may ask again at once");
    }

    function _permit(address owner, uint256 amount, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 kind = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 content = keccak256(abi.encode(kind, owner, BOB, amount, nonce, deadline));
        return keccak256(abi.encodePacked(hex"1901", salon.DOMAIN_SEPARATOR(), content));
    }
}
