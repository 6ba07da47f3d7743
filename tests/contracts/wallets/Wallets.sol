// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title A wallet of one owner, as ERC-1271 has it.
contract OwnedWallet is IERC1271 {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError error,) = ECDSA.tryRecover(digest, signature);
        bool valid = error == ECDSA.RecoverError.NoError && signer == OWNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @title A wallet of a passkey, checked in Solidity: the most gas an honest wallet takes.
contract PasskeyWallet is IERC1271 {
    bytes32 private immutable QX;
    bytes32 private immutable QY;

    constructor(bytes32 qx, bytes32 qy) {
        QX = qx;
        QY = qy;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return P256.verifySolidity(digest, r, s, QX, QY) ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @title A wallet that accepts only after its factory has prepared it.
contract SleepingWallet is IERC1271 {
    bool public awake;

    function wake() external {
        awake = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return awake ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @title A wallet that believes anybody who asks from the zero address, as if it were a simulation.
contract GullibleWallet is IERC1271 {
    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return tx.origin == address(0) ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
