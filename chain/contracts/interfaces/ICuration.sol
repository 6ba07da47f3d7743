// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Rounds, stakes and rewards of Salon
/// @notice Members lock tokens behind candidates of a round. When the round is over an operator
/// proposes up to three winners; a guardian may veto within the challenge time; after it anyone
/// settles. Everyone pulls what is theirs. Principal is out of every role's reach.
/// @dev A candidate is the SHA-256 of its published file. All times are in seconds since 1970.
interface ICuration {
    /// @notice Where a round stands. States only advance, in this order.
    /// @dev `Refundable` is reached by veto, by cancellation, or by time: no result was proposed
    /// before the result deadline.
    enum State {
        Unknown,
        Open,
        Proposed,
        Settled,
        Refundable
    }

    /// @notice The times a round was opened with.
    struct Times {
        uint48 anchorDeadline;
        uint48 stakingDeadline;
        uint48 resultDeadline;
        uint48 challengeTime;
    }

    /// @notice A winner and its share of the pool, with the proof that it was anchored.
    struct Winner {
        bytes32 candidate;
        uint16 shareBps;
        uint256 batch;
        bytes32[] proof;
    }

    /// @notice Where a candidate stands in the tree of an anchored batch.
    struct Anchor {
        uint256 batch;
        bytes32[] proof;
    }

    /// @notice An ERC-2612 permit.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A round with this number exists already.
    error RoundExists(uint256 round);
    /// @notice The round is in a state in which this cannot be done.
    error RoundInState(uint256 round, State state);
    /// @notice The times are not in order, or lock tokens for longer than members agreed to.
    error TimesRefused();
    /// @notice It is too late for this.
    error DeadlinePassed(uint256 deadline);
    /// @notice It is too early for this.
    error TooEarly(uint256 from);
    /// @notice A root, a count or an address is empty.
    error Empty();
    /// @notice The round has as many batches as it may have.
    error TooManyBatches();
    /// @notice The proof does not lead from this candidate to the root of this batch.
    error NotAnchored(bytes32 candidate, uint256 batch);
    /// @notice The stake is smaller than the smallest allowed.
    error StakeTooSmall(uint256 amount, uint256 smallest);
    /// @notice The token delivered another amount than was asked for.
    error AmountMismatch(uint256 asked, uint256 delivered);
    /// @notice There are no winners, more than three, one twice, or shares that are not 100%.
    error WinnersRefused();
    /// @notice The ballots root is not the last one anchored for the round.
    error BallotsRootMismatch(bytes32 anchored, bytes32 proposed);
    /// @notice There is nothing to take out.
    error NothingToTake();
    /// @notice Principal is known of past moments only.
    error NotInThePast(uint256 time);

    /// @notice A round was opened.
    event RoundOpened(uint256 indexed round, Times times);
    /// @notice A batch of candidates was anchored by its Merkle root.
    event CandidatesAnchored(
        uint256 indexed round, uint256 indexed batch, bytes32 root, uint256 count, string uri
    );
    /// @notice The root of the ballots accepted so far was anchored.
    event BallotsAnchored(uint256 indexed round, bytes32 root);
    /// @notice Somebody added to a round's pool.
    event Funded(uint256 indexed round, address indexed funder, uint256 amount);
    /// @notice A member locked tokens behind a candidate.
    event Staked(
        uint256 indexed round, address indexed member, bytes32 indexed candidate, uint256 amount
    );
    /// @notice A result was proposed; the challenge time runs.
    event ResultProposed(
        uint256 indexed round,
        bytes32[] candidates,
        uint16[] sharesBps,
        bytes32 ballotsRoot,
        bytes32 bundleHash,
        uint256 settlesAt
    );
    /// @notice A proposed result was vetoed; everything of the round is refundable.
    event ResultVetoed(uint256 indexed round, address indexed guardian);
    /// @notice A round was cancelled; everything of it is refundable.
    event RoundCancelled(uint256 indexed round, address indexed guardian);
    /// @notice A round was settled.
    event RoundSettled(uint256 indexed round, uint256 pool, uint256 returnedToFunders);
    /// @notice A member took out what was behind a candidate, and its reward.
    event Withdrawn(
        uint256 indexed round,
        address indexed member,
        bytes32 indexed candidate,
        uint256 principal,
        uint256 reward
    );
    /// @notice A funder took back what nobody earned.
    event Refunded(uint256 indexed round, address indexed funder, uint256 amount);

    /// @notice Open a round. Operator only.
    /// @param round a number never used before
    /// @param times in order, none in the past; see the contract for their bounds
    function openRound(uint256 round, Times calldata times) external;

    /// @notice Anchor a batch of candidates, before the anchor deadline. Operator only.
    /// @param root of an OpenZeppelin standard Merkle tree with leaves `[bytes32 candidate]`
    /// @param count how many candidates it holds
    /// @param uri where their list can be read
    function anchor(uint256 round, bytes32 root, uint256 count, string calldata uri) external;

    /// @notice Anchor the ballots accepted so far, until a result is proposed. Operator only.
    function anchorBallots(uint256 round, bytes32 root) external;

    /// @notice Add to a round's pool, until the staking deadline.
    function fund(uint256 round, uint256 amount) external;

    /// @notice Lock tokens behind an anchored candidate, until the staking deadline.
    function stake(uint256 round, bytes32 candidate, uint256 amount, Anchor calldata anchored)
        external;

    /// @notice The same with a permit instead of an approval before.
    /// @dev A permit that was used already, by whomever, does no harm if the allowance is there.
    function stakeWithPermit(
        uint256 round,
        bytes32 candidate,
        uint256 amount,
        Anchor calldata anchored,
        Permit calldata permit
    ) external;

    /// @notice Propose a result, after the staking and before the result deadline. Operator only.
    /// @param winners one to three, different ones, with shares that sum to 10,000
    /// @param ballotsRoot the last one anchored; zero when none was
    /// @param bundleHash SHA-256 of the published bundle from which anyone can recompute it
    function proposeResult(
        uint256 round,
        Winner[] calldata winners,
        bytes32 ballotsRoot,
        bytes32 bundleHash
    ) external;

    /// @notice Strike a proposed result down within its challenge time, for good. Guardian only.
    function veto(uint256 round) external;

    /// @notice Cancel an open round, for good. Guardian only.
    function cancelRound(uint256 round) external;

    /// @notice Make a proposed result final after its challenge time. Anyone.
    function settle(uint256 round) external;

    /// @notice Take out the principal behind a candidate and its reward; settles first when due.
    /// @return principal what had been staked
    /// @return reward what it earned
    function withdraw(uint256 round, bytes32 candidate)
        external
        returns (uint256 principal, uint256 reward);

    /// @notice Take back what one funded and nobody earned.
    function refund(uint256 round) external returns (uint256 amount);

    /// @notice Where a round stands now.
    function stateOf(uint256 round) external view returns (State);

    /// @notice All that an account had locked, over all rounds, at a past moment. Never changes.
    function principalAt(address account, uint256 time) external view returns (uint256);
}
