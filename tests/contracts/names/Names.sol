// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @title As much of ENS's registry as a look-up asks.
contract NameRegistry {
    mapping(bytes32 node => address) public resolver;

    function setResolver(bytes32 node, address to) external {
        resolver[node] = to;
    }
}

/// @title As much of a resolver as a look-up asks; anybody may write.
contract NameResolver {
    mapping(bytes32 node => string) public name;
    mapping(bytes32 node => address) public addr;

    function setName(bytes32 node, string calldata to) external {
        name[node] = to;
    }

    function setAddr(bytes32 node, address to) external {
        addr[node] = to;
    }
}

/// @title A resolver that sends whoever asks to a web server (ERC-3668).
contract OffchainResolver {
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callback, bytes extra);

    string private url;

    constructor(string memory to) {
        url = to;
    }

    fallback() external {
        string[] memory urls = new string[](1);
        urls[0] = url;
        revert OffchainLookup(address(this), urls, msg.data, this.answered.selector, "");
    }

    function answered(bytes calldata answer, bytes calldata) external pure returns (bytes memory) {
        return answer;
    }
}

/// @title A resolver whose every answer is bytes of the deployer's choice.
contract NonsenseResolver {
    bytes private answer;

    constructor(bytes memory with) {
        answer = with;
    }

    fallback() external {
        bytes memory copy = answer;
        assembly {
            return(add(copy, 32), mload(copy))
        }
    }
}

/// @title A resolver that never comes to an end, or comes with a megabyte.
contract TiresomeResolver {
    bool private immutable ENDLESS;

    constructor(bool endless) {
        ENDLESS = endless;
    }

    fallback() external {
        if (ENDLESS) while (true) {}
        assembly {
            return(0, 3000000)
        }
    }
}
