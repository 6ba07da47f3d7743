// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Wallets that misbehave, one way each.
contract MisbehavingWallet {
    enum Way {
        Revert,
        RevertWithMegabyte,
        Loop,
        Nothing,
        OneByte,
        ShortMagic,
        WrongMagic,
        DirtyMagic,
        Megabyte,
        True,
        Invalid
    }

    Way private immutable WAY;

    constructor(Way way) {
        WAY = way;
    }

    fallback() external {
        Way way = WAY;
        bytes4 magic = IERC1271.isValidSignature.selector;
        if (way == Way.Revert) revert("no");
        if (way == Way.Loop) while (true) {}
        if (way == Way.Invalid) {
            assembly {
                invalid()
            }
        }
        assembly {
            mstore(0, magic)
            if eq(way, 1) { revert(0, 800000) }
            if eq(way, 3) { return(0, 0) }
            if eq(way, 4) { return(0, 1) }
            if eq(way, 5) { return(0, 31) }
            if eq(way, 6) {
                mstore(0, not(magic))
                return(0, 32)
            }
            if eq(way, 7) {
                mstore(0, or(magic, 1))
                return(0, 32)
            }
            if eq(way, 8) {
                mstore(0, 0)
                return(0, 1000000)
            }
            if eq(way, 9) {
                mstore(0, 1)
                return(0, 32)
            }
        }
    }
}
