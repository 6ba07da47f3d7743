// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Faucet
/// @notice Gives everybody who asks the same amount, once in a while. For the embedded chain.
contract Faucet {
    using SafeERC20 for IERC20;

    /// @notice Ask again at this time.
    error TooSoon(uint256 from);

    /// @notice Somebody was given tokens.
    event Given(address indexed to, uint256 amount);

    /// @notice What is given.
    IERC20 public immutable token;
    /// @notice How much at a time.
    uint256 public immutable portion;
    /// @notice Seconds between two portions for one account.
    uint256 public immutable pause;
    /// @notice When an account may ask next.
    mapping(address account => uint256) public nextAt;

    constructor(IERC20 token_, uint256 portion_, uint256 pause_) {
        token = token_;
        portion = portion_;
        pause = pause_;
    }

    /// @notice Get a portion.
    function give() external {
        uint256 from = nextAt[msg.sender];
        if (block.timestamp < from) revert TooSoon(from);
        nextAt[msg.sender] = block.timestamp + pause;
        emit Given(msg.sender, portion);
        token.safeTransfer(msg.sender, portion);
    }
}
