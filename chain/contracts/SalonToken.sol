// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title Salon's token
/// @notice A fixed supply with permits. It keeps votes by timestamp for a governance to come;
/// they never weigh a ballot.
contract SalonToken is ERC20, ERC20Permit, ERC20Votes {
    /// @notice Mint the whole supply, once.
    /// @param treasury who gets it
    /// @param supply in the smallest unit, 10^18 a token
    constructor(address treasury, uint256 supply) ERC20("Salon", "SALON") ERC20Permit("Salon") {
        _mint(treasury, supply);
    }

    /// @notice ERC-6372: votes are counted by timestamp.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice ERC-6372: how to read {clock}.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
