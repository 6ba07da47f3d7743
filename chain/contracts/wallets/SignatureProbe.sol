// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @title Asks a wallet contract whether a signature is its own, in one `eth_call` that deploys nothing.
/// @notice Never sent as a transaction: a node runs this constructor as a call without a receiver and
/// hands back what would have become code, one word: `chainId << 8 | verdict`, verdict 1 for a valid
/// signature and 0 for anything else. The chain id tells the asker which chain has spoken.
/// @dev Whatever wallet or factory do (revert, loop, return nonsense or megabytes), the answer is a
/// verdict: each call has a gas limit, and at most one word of its answer is copied.
contract SignatureProbe {
    /// @dev ERC-1271's selector and, left-aligned in a word, its answer for "valid".
    bytes4 private constant IS_VALID_SIGNATURE = 0x1626ba7e;

    /// @dev What the factory may spend: enough to deploy a wallet of about 9 KB.
    uint256 private constant FACTORY_GAS = 2_500_000;

    /// @dev What the wallet may spend, twice at most: a P-256 check in Solidity takes about 350,000.
    uint256 private constant WALLET_GAS = 900_000;

    /// @param wallet Who is said to have signed.
    /// @param digest The 32 bytes that were signed.
    /// @param signature As the wallet itself takes it, unwrapped from ERC-6492.
    /// @param factory Who can deploy the wallet; zero when the signature was not wrapped.
    /// @param factoryCall What to call the factory with.
    constructor(
        address wallet,
        bytes32 digest,
        bytes memory signature,
        address factory,
        bytes memory factoryCall
    ) {
        bytes memory question = abi.encodeWithSelector(IS_VALID_SIGNATURE, digest, signature);
        bool valid = _accepts(wallet, question);
        // A wallet that is there already speaks for itself: a factory chosen by whoever asks could
        // otherwise show it as it would be after a purchase that nobody pays for.
        if (!valid && factory != address(0) && wallet.code.length == 0) {
            _prepare(factory, factoryCall);
            valid = _accepts(wallet, question);
        }
        uint256 answer = (block.chainid << 8) | (valid ? 1 : 0);
        assembly ("memory-safe") {
            mstore(0, answer)
            return(0, 32)
        }
    }

    /// @dev Whether code at `wallet` answers ERC-1271's word to the question.
    function _accepts(address wallet, bytes memory question) private view returns (bool accepted) {
        if (wallet.code.length == 0) return false;
        bytes4 selector = IS_VALID_SIGNATURE;
        uint256 limit = WALLET_GAS;
        assembly ("memory-safe") {
            mstore(0, 0)
            let done := staticcall(limit, wallet, add(question, 32), mload(question), 0, 32)
            accepted := and(done, and(gt(returndatasize(), 31), eq(mload(0), selector)))
        }
    }

    /// @dev Let the factory do its work; what it answers does not matter, what it deployed does.
    function _prepare(address factory, bytes memory factoryCall) private {
        uint256 limit = FACTORY_GAS;
        assembly ("memory-safe") {
            pop(call(limit, factory, 0, add(factoryCall, 32), mload(factoryCall), 0, 0))
        }
    }
}
