// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that misbehaves in the way it is told to. It is a member itself, so that what it
/// calls back in the middle of a transfer is done in its own name, where it has something to win.
contract HostileToken is ERC20 {
    enum Trick {
        None,
        KeepsAFee,
        DeliversMore,
        SaysFalse,
        SaysTrueAndDoesNothing
    }

    Trick public trick;
    address public blocked;
    address internal target;
    bytes[] private calls;
    bool private inside;

    /// @notice How many calls back were tried, and how many of them went through.
    uint256 public tried;
    uint256 public wentThrough;

    constructor(address treasury, uint256 supply) ERC20("Hostile", "HOSTILE") {
        _mint(treasury, supply);
    }

    function play(Trick trick_) external {
        trick = trick_;
    }

    function refuse(address receiver) external {
        blocked = receiver;
    }

    /// @notice From now on every transfer calls the target back with each of these.
    function callBack(address target_, bytes[] memory calls_) external {
        target = target_;
        calls = calls_;
    }

    /// @notice Act as a member.
    function act(address target_, bytes memory callData) external returns (bytes memory answer) {
        bool done;
        (done, answer) = target_.call(callData);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    function allow(address spender) external {
        _approve(address(this), spender, type(uint256).max);
    }

    /// @notice Takes no permits, but uses the occasion.
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        require(_temptations().length != 0, "no permits");
        _callAll();
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _misbehave(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        return _misbehave(from, to, amount);
    }

    function _misbehave(address from, address to, uint256 amount) private returns (bool) {
        require(to != blocked, "not to you");
        _callAll();
        if (trick == Trick.SaysFalse) return false;
        if (trick == Trick.SaysTrueAndDoesNothing) return true;
        _transfer(from, to, amount);
        if (trick == Trick.KeepsAFee) _burn(to, amount / 100);
        if (trick == Trick.DeliversMore) _mint(to, 1);
        _callAll();
        return true;
    }

    /// @dev What to try in the middle of a transfer.
    function _temptations() internal view virtual returns (bytes[] memory) {
        return calls;
    }

    function _callAll() private {
        if (inside) return;
        inside = true;
        bytes[] memory now_ = _temptations();
        for (uint256 i = 0; i < now_.length; ++i) {
            ++tried;
            (bool done,) = target.call(now_[i]);
            if (done) ++wentThrough;
        }
        inside = false;
    }
}
