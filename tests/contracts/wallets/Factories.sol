// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {OwnedWallet, SleepingWallet} from "./Wallets.sol";

/// @title Deploys wallets where everybody can foresee them.
contract WalletFactory {
    function deploy(address owner, bytes32 salt) external returns (address) {
        return address(new OwnedWallet{salt: salt}(owner));
    }

    /// @notice Any creation code: how large a wallet may be, or something else than was promised.
    function deployCode(bytes calldata code, bytes32 salt) external returns (address made) {
        bytes memory copy = code;
        assembly ("memory-safe") {
            made := create2(0, add(copy, 32), mload(copy), salt)
        }
    }

    function wake(SleepingWallet wallet) external {
        wallet.wake();
    }

    function foresee(bytes32 codeHash, bytes32 salt) external view returns (address) {
        bytes32 word = keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, codeHash));
        return address(uint160(uint256(word)));
    }
}

/// @title A factory that does everything but its work.
contract UselessFactory {
    function refuse() external pure {
        revert("closed");
    }

    function loop() external pure {
        while (true) {}
    }

    function bomb() external pure {
        assembly {
            return(0, 1000000)
        }
    }

    function pretend() external pure returns (bytes32) {
        return bytes32(uint256(1));
    }
}
