// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {ICuration} from "./interfaces/ICuration.sol";

/// @title Curation
/// @notice See {ICuration}. Not upgradeable; the token and the bounds below are fixed for good.
/// @dev The token must deliver exactly what is asked; tokens that rebase are unsupported. Tokens
/// sent here without a call belong to nobody and change nothing.
contract Curation is ICuration, AccessControl, Pausable, ReentrancyGuard {
    using SafeERC20 for IERC20;
    using Checkpoints for Checkpoints.Trace208;

    struct Round {
        State state;
        uint8 winnersCount;
        uint48 settlesAt;
        Times times;
        uint256 pool;
        uint256 returned; // part of the pool that goes back to its funders, known when settled
        bytes32 ballotsRoot;
        bytes32 bundleHash;
    }

    struct Share {
        bytes32 candidate;
        uint16 shareBps;
    }

    /// @notice Opens rounds, anchors, proposes results.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    /// @notice Pauses, vetoes, cancels.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice The longest time from opening to the result deadline.
    uint256 public constant LONGEST_ROUND = 90 days;
    /// @notice The longest challenge time.
    uint256 public constant LONGEST_CHALLENGE = 14 days;
    /// @notice The most batches of candidates a round may have.
    uint256 public constant MOST_BATCHES = 1024;
    uint256 private constant ALL_BPS = 10_000;
    uint256 private constant MOST_WINNERS = 3;

    /// @notice What is staked and paid.
    IERC20 public immutable token;
    /// @notice The shortest challenge time a round may have.
    uint256 public immutable shortestChallenge;
    /// @notice The smallest stake; keeps dust out.
    uint256 public immutable smallestStake;

    mapping(uint256 round => Round) private _rounds;
    mapping(uint256 round => Share[MOST_WINNERS]) private _winners;
    mapping(uint256 round => bytes32[]) private _roots;
    mapping(address account => Checkpoints.Trace208) private _principal;

    /// @notice What a member has locked behind a candidate.
    mapping(uint256 round => mapping(address member => mapping(bytes32 candidate => uint256)))
        public stakeOf;
    /// @notice What everybody locked behind a candidate up to the staking deadline.
    mapping(uint256 round => mapping(bytes32 candidate => uint256)) public stakedBehind;
    /// @notice What somebody put into a round's pool and has not taken back.
    mapping(uint256 round => mapping(address funder => uint256)) public fundedBy;

    /// @param token_ an ERC-20 that delivers exactly what is asked
    /// @param admin gives and takes the other roles; touches nothing else
    /// @param shortestChallenge_ in seconds
    /// @param smallestStake_ in the token's smallest unit, above zero
    constructor(
        IERC20 token_, address admin, address operator, address guardian,
        uint256 shortestChallenge_, uint256 smallestStake_
    ) {
        if (address(token_).code.length == 0 || admin == address(0) || smallestStake_ == 0) {
            revert Empty();
        }
        if (shortestChallenge_ == 0 || shortestChallenge_ > LONGEST_CHALLENGE) revert TimesRefused();
        token = token_;
        shortestChallenge = shortestChallenge_;
        smallestStake = smallestStake_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(OPERATOR_ROLE, operator);
        _grantRole(GUARDIAN_ROLE, guardian);
    }

    /// @notice Stop new rounds, stakes and funds. What is inside can be taken out all the same.
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
    }

    /// @notice Go on.
    function unpause() external onlyRole(GUARDIAN_ROLE) {
        _unpause();
    }

    /// @inheritdoc ICuration
    function openRound(uint256 round, Times calldata times)
        external
        onlyRole(OPERATOR_ROLE)
        whenNotPaused
    {
        Round storage opened = _rounds[round];
        if (opened.state != State.Unknown) revert RoundExists(round);
        bool ordered = block.timestamp < times.anchorDeadline
            && times.anchorDeadline <= times.stakingDeadline
            && times.stakingDeadline < times.resultDeadline
            && times.resultDeadline <= block.timestamp + LONGEST_ROUND;
        bool bounded = times.challengeTime >= shortestChallenge
            && times.challengeTime <= LONGEST_CHALLENGE;
        if (!ordered || !bounded) revert TimesRefused();
        opened.state = State.Open;
        opened.times = times;
        emit RoundOpened(round, times);
    }

    /// @inheritdoc ICuration
    function anchor(uint256 round, bytes32 root, uint256 count, string calldata uri)
        external
        onlyRole(OPERATOR_ROLE)
    {
        Round storage found = _inState(round, State.Open);
        _before(found.times.anchorDeadline);
        if (root == 0 || count == 0) revert Empty();
        uint256 batch = _roots[round].length;
        if (batch == MOST_BATCHES) revert TooManyBatches();
        _roots[round].push(root);
        emit CandidatesAnchored(round, batch, root, count, uri);
    }

    /// @inheritdoc ICuration
    function anchorBallots(uint256 round, bytes32 root) external onlyRole(OPERATOR_ROLE) {
        if (root == 0) revert Empty();
        _inState(round, State.Open).ballotsRoot = root;
        emit BallotsAnchored(round, root);
    }

    /// @inheritdoc ICuration
    function fund(uint256 round, uint256 amount) external nonReentrant whenNotPaused {
        Round storage found = _inState(round, State.Open);
        _before(found.times.stakingDeadline);
        if (amount == 0) revert Empty();
        found.pool += amount;
        fundedBy[round][msg.sender] += amount;
        emit Funded(round, msg.sender, amount);
        _take(amount);
    }

    /// @inheritdoc ICuration
    function stake(uint256 round, bytes32 candidate, uint256 amount, Anchor calldata anchored)
        external
        nonReentrant
    {
        _stake(round, candidate, amount, anchored);
    }

    /// @inheritdoc ICuration
    function stakeWithPermit(
        uint256 round,
        bytes32 candidate,
        uint256 amount,
        Anchor calldata anchored,
        Permit calldata permit
    ) external nonReentrant {
        // Anyone can hand in a permit that was seen on its way here; then the allowance is there.
        try IERC20Permit(address(token)).permit(
            msg.sender, address(this), amount, permit.deadline, permit.v, permit.r, permit.s
        ) {} catch {}
        _stake(round, candidate, amount, anchored);
    }

    /// @inheritdoc ICuration
    function proposeResult(
        uint256 round,
        Winner[] calldata winners,
        bytes32 ballotsRoot,
        bytes32 bundleHash
    ) external onlyRole(OPERATOR_ROLE) {
        Round storage found = _inState(round, State.Open);
        _from(found.times.stakingDeadline);
        if (found.ballotsRoot != ballotsRoot) {
            revert BallotsRootMismatch(found.ballotsRoot, ballotsRoot);
        }
        (bytes32[] memory candidates, uint16[] memory sharesBps) = _setWinners(round, winners);
        uint48 settlesAt = uint48(block.timestamp) + found.times.challengeTime;
        found.winnersCount = uint8(winners.length);
        found.settlesAt = settlesAt;
        found.bundleHash = bundleHash;
        found.state = State.Proposed;
        emit ResultProposed(round, candidates, sharesBps, ballotsRoot, bundleHash, settlesAt);
    }

    /// @inheritdoc ICuration
    function veto(uint256 round) external onlyRole(GUARDIAN_ROLE) {
        Round storage found = _inState(round, State.Proposed);
        _before(found.settlesAt);
        found.state = State.Refundable;
        emit ResultVetoed(round, msg.sender);
    }

    /// @inheritdoc ICuration
    function cancelRound(uint256 round) external onlyRole(GUARDIAN_ROLE) {
        _inState(round, State.Open).state = State.Refundable;
        emit RoundCancelled(round, msg.sender);
    }

    /// @inheritdoc ICuration
    function settle(uint256 round) external {
        _from(_inState(round, State.Proposed).settlesAt);
        _settle(round);
    }

    /// @inheritdoc ICuration
    function withdraw(uint256 round, bytes32 candidate)
        external
        nonReentrant
        returns (uint256 principal, uint256 reward)
    {
        State state = _finalState(round);
        principal = stakeOf[round][msg.sender][candidate];
        if (principal == 0) revert NothingToTake();
        if (state == State.Settled) reward = _rewardFor(round, candidate, principal);
        stakeOf[round][msg.sender][candidate] = 0;
        _movePrincipal(msg.sender, _lockedNow(msg.sender) - principal);
        emit Withdrawn(round, msg.sender, candidate, principal, reward);
        token.safeTransfer(msg.sender, principal + reward);
    }

    /// @inheritdoc ICuration
    function refund(uint256 round) external nonReentrant returns (uint256 amount) {
        State state = _finalState(round);
        Round storage found = _rounds[round];
        uint256 funded = fundedBy[round][msg.sender];
        if (state == State.Refundable) amount = funded;
        else if (funded != 0) amount = Math.mulDiv(funded, found.returned, found.pool);
        if (amount == 0) revert NothingToTake();
        fundedBy[round][msg.sender] = 0;
        emit Refunded(round, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ICuration
    function stateOf(uint256 round) public view returns (State) {
        Round storage found = _rounds[round];
        bool missed = found.state == State.Open && block.timestamp >= found.times.resultDeadline;
        return missed ? State.Refundable : found.state;
    }

    /// @inheritdoc ICuration
    function principalAt(address account, uint256 time) external view returns (uint256) {
        if (time >= block.timestamp) revert NotInThePast(time);
        return _principal[account].upperLookupRecent(SafeCast.toUint48(time));
    }

    /// @notice A round's times, pool, result and state.
    function roundOf(uint256 round) external view returns (Round memory found) {
        found = _rounds[round];
        found.state = stateOf(round);
    }

    /// @notice A round's winners and their shares; empty before a result was proposed.
    function winnersOf(uint256 round) external view returns (Share[] memory winners) {
        winners = new Share[](_rounds[round].winnersCount);
        for (uint256 i = 0; i < winners.length; ++i) winners[i] = _winners[round][i];
    }

    /// @notice The Merkle roots of a round's batches.
    function rootsOf(uint256 round) external view returns (bytes32[] memory) {
        return _roots[round];
    }

    function _stake(uint256 round, bytes32 candidate, uint256 amount, Anchor calldata anchored)
        private
        whenNotPaused
    {
        Round storage found = _inState(round, State.Open);
        _before(found.times.stakingDeadline);
        if (amount < smallestStake) revert StakeTooSmall(amount, smallestStake);
        _requireAnchored(round, candidate, anchored.batch, anchored.proof);
        stakeOf[round][msg.sender][candidate] += amount;
        stakedBehind[round][candidate] += amount;
        _movePrincipal(msg.sender, _lockedNow(msg.sender) + amount);
        emit Staked(round, msg.sender, candidate, amount);
        _take(amount);
    }

    function _setWinners(uint256 round, Winner[] calldata winners)
        private
        returns (bytes32[] memory candidates, uint16[] memory sharesBps)
    {
        uint256 count = winners.length;
        if (count == 0 || count > MOST_WINNERS) revert WinnersRefused();
        candidates = new bytes32[](count);
        sharesBps = new uint16[](count);
        uint256 total = 0;
        for (uint256 i = 0; i < count; ++i) {
            Winner calldata winner = winners[i];
            _requireAnchored(round, winner.candidate, winner.batch, winner.proof);
            for (uint256 j = 0; j < i; ++j) {
                if (candidates[j] == winner.candidate) revert WinnersRefused();
            }
            if (winner.shareBps == 0) revert WinnersRefused();
            total += winner.shareBps;
            candidates[i] = winner.candidate;
            sharesBps[i] = winner.shareBps;
            _winners[round][i] = Share(winner.candidate, winner.shareBps);
        }
        if (total != ALL_BPS) revert WinnersRefused();
    }

    /// @dev At most three winners, so its cost does not depend on how many staked or funded.
    function _settle(uint256 round) private {
        Round storage found = _rounds[round];
        uint256 earned = 0;
        for (uint256 i = 0; i < found.winnersCount; ++i) {
            Share memory winner = _winners[round][i];
            if (stakedBehind[round][winner.candidate] != 0) {
                earned += Math.mulDiv(found.pool, winner.shareBps, ALL_BPS);
            }
        }
        found.returned = found.pool - earned;
        found.state = State.Settled;
        emit RoundSettled(round, found.pool, found.returned);
    }

    /// @dev Settled or refundable, or it reverts; settles a round whose time has come.
    function _finalState(uint256 round) private returns (State state) {
        state = stateOf(round);
        if (state == State.Proposed && block.timestamp >= _rounds[round].settlesAt) {
            _settle(round);
            return State.Settled;
        }
        if (state != State.Settled && state != State.Refundable) revert RoundInState(round, state);
    }

    function _rewardFor(uint256 round, bytes32 candidate, uint256 principal)
        private
        view
        returns (uint256)
    {
        Round storage found = _rounds[round];
        for (uint256 i = 0; i < found.winnersCount; ++i) {
            Share memory winner = _winners[round][i];
            if (winner.candidate == candidate) {
                uint256 share = Math.mulDiv(found.pool, winner.shareBps, ALL_BPS);
                return Math.mulDiv(share, principal, stakedBehind[round][candidate]);
            }
        }
        return 0;
    }

    function _take(uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 delivered = token.balanceOf(address(this)) - before;
        if (delivered != amount) revert AmountMismatch(amount, delivered);
    }

    function _movePrincipal(address account, uint256 to) private {
        _principal[account].push(uint48(block.timestamp), SafeCast.toUint208(to));
    }

    function _lockedNow(address account) private view returns (uint256) {
        return _principal[account].latest();
    }

    function _requireAnchored(
        uint256 round,
        bytes32 candidate,
        uint256 batch,
        bytes32[] calldata proof
    ) private view {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(candidate))));
        bool known = batch < _roots[round].length;
        if (!known || !MerkleProof.verifyCalldata(proof, _roots[round][batch], leaf)) {
            revert NotAnchored(candidate, batch);
        }
    }

    function _inState(uint256 round, State wanted) private view returns (Round storage found) {
        State state = stateOf(round);
        if (state != wanted) revert RoundInState(round, state);
        found = _rounds[round];
    }

    function _before(uint256 deadline) private view {
        if (block.timestamp >= deadline) revert DeadlinePassed(deadline);
    }

    function _from(uint256 time) private view {
        if (block.timestamp < time) revert TooEarly(time);
    }
}
