// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IServiceNodeRegistry} from "./interfaces/IServiceNodeRegistry.sol";
import {HolderSignature} from "./libraries/HolderSignature.sol";
import {NodeId} from "./types/Ids.sol";

/// @title Service nodes
contract ServiceNodeRegistry is IServiceNodeRegistry, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Seconds of an epoch.
    uint256 public constant EPOCH = 1 days;
    /// @notice Nodes drawn to attest a missed challenge.
    uint256 public constant PANEL = 7;
    /// @notice Members of the panel that must attest.
    uint256 public constant ATTESTATIONS = 5;
    /// @notice Epochs looked back at.
    uint256 public constant WINDOW = 7;
    /// @notice Missed epochs in the window that put a node out.
    uint256 public constant MISSES = 3;

    bytes32 private constant MISSED_TYPEHASH = keccak256("Missed(bytes32 nodeId,uint32 epoch)");

    /// @notice The token staked.
    IERC20 public immutable TOKEN;
    /// @notice Least stake, in raw units.
    uint128 public immutable MIN_STAKE;
    /// @notice Seconds from leaving to the stake.
    uint40 public immutable UNBONDING_TIME;

    struct Node {
        address owner;
        /// zero: active or gone
        uint40 unbondingUntil;
        /// place in the list of active nodes; zero: not active
        uint32 activePlusOne;
        uint128 stake;
        /// newest epoch reported, and bit i for a miss i epochs before it
        uint32 missedEpoch;
        uint8 missedBits;
    }

    mapping(NodeId nodeId => Node) private _nodes;
    NodeId[] private _active;
    /// @inheritdoc IServiceNodeRegistry
    mapping(uint32 epoch => bytes32) public beacon;
    bytes32 private _lastBeacon;

    constructor(IERC20 token, uint128 minStake, uint40 unbondingTime) EIP712("ParsServiceNodeRegistry", "1") {
        (TOKEN, MIN_STAKE, UNBONDING_TIME) = (token, minStake, unbondingTime);
    }

    modifier onlyOwner(NodeId nodeId) {
        if (_known(nodeId).owner != msg.sender) revert NotOwner(nodeId, msg.sender);
        _;
    }

    /// @inheritdoc IServiceNodeRegistry
    function register(bytes32 operator, bytes32 identityHash, bytes32 transportKey, uint128 stake)
        external
        nonReentrant
        returns (NodeId nodeId)
    {
        if (operator == 0 || identityHash == 0 || transportKey == 0) revert ZeroKey();
        if (stake < MIN_STAKE) revert StakeTooSmall(stake, MIN_STAKE);
        nodeId = NodeId.wrap(keccak256(abi.encode(msg.sender, identityHash)));
        Node storage node = _nodes[nodeId];
        if (node.owner != address(0)) revert AlreadyRegistered(nodeId);
        _active.push(nodeId);
        (node.owner, node.stake, node.activePlusOne) = (msg.sender, stake, uint32(_active.length));
        emit NodeRegistered(nodeId, msg.sender, operator, identityHash, transportKey, stake);
        TOKEN.safeTransferFrom(msg.sender, address(this), stake);
    }

    /// @inheritdoc IServiceNodeRegistry
    function update(NodeId nodeId, bytes32 identityHash, bytes32 transportKey, bytes32 directoryHash)
        external
        onlyOwner(nodeId)
    {
        if (identityHash == 0 || transportKey == 0) revert ZeroKey();
        if (_nodes[nodeId].activePlusOne == 0) revert NotActive(nodeId);
        emit NodeUpdated(nodeId, identityHash, transportKey, directoryHash);
    }

    /// @inheritdoc IServiceNodeRegistry
    function addStake(NodeId nodeId, uint128 amount) external nonReentrant onlyOwner(nodeId) {
        Node storage node = _nodes[nodeId];
        if (node.activePlusOne == 0) revert NotActive(nodeId);
        node.stake += amount;
        emit StakeAdded(nodeId, node.stake);
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IServiceNodeRegistry
    function unbond(NodeId nodeId) external onlyOwner(nodeId) {
        Node storage node = _nodes[nodeId];
        if (node.activePlusOne == 0) revert NotActive(nodeId);
        _startUnbonding(nodeId, node);
    }

    /// @inheritdoc IServiceNodeRegistry
    function withdraw(NodeId nodeId) external nonReentrant onlyOwner(nodeId) {
        Node storage node = _nodes[nodeId];
        uint40 until = node.unbondingUntil;
        if (until == 0 || block.timestamp < until) revert NotUnbonded(nodeId, until);
        uint128 stake = node.stake;
        (node.stake, node.unbondingUntil) = (0, 0);
        emit NodeWithdrawn(nodeId);
        TOKEN.safeTransfer(msg.sender, stake);
    }

    /// @inheritdoc IServiceNodeRegistry
    function reportMissed(NodeId nodeId, uint32 epoch, NodeId[] calldata panel, bytes[] calldata signatures) external {
        Node storage node = _known(nodeId);
        if (node.activePlusOne == 0) revert NotActive(nodeId);
        uint256 today = block.timestamp / EPOCH;
        if (epoch > today || epoch + WINDOW <= today || beacon[epoch] == 0) revert EpochOutOfRange(epoch);
        if (panel.length < ATTESTATIONS || panel.length != signatures.length) {
            revert NotEnoughAttestations(panel.length, signatures.length);
        }
        _checkAttestations(nodeId, epoch, panel, signatures);
        _recordMiss(nodeId, node, epoch);
        emit ChallengeMissed(nodeId, epoch);
        if (_misses(node, today) >= MISSES) {
            emit NodeDecommissioned(nodeId);
            _startUnbonding(nodeId, node);
        }
    }

    /// @inheritdoc IServiceNodeRegistry
    function rollEpoch() external {
        uint32 epoch = uint32(block.timestamp / EPOCH);
        if (beacon[epoch] != 0) revert EpochAlreadyRolled(epoch);
        bytes32 value = keccak256(abi.encode(block.prevrandao, _lastBeacon, epoch));
        (beacon[epoch], _lastBeacon) = (value, value);
        emit EpochRolled(epoch, value);
    }

    /// @inheritdoc IServiceNodeRegistry
    function nodeCount() external view returns (uint256) {
        return _active.length;
    }

    /// @notice A node's owner, stake and state.
    function nodeOf(NodeId nodeId)
        external
        view
        returns (address owner, uint128 stake, bool active, uint40 unbondingUntil)
    {
        Node storage node = _nodes[nodeId];
        return (node.owner, node.stake, node.activePlusOne != 0, node.unbondingUntil);
    }

    /// @notice The seven nodes that may attest a node's missed challenge of an epoch, in the order drawn.
    function panelOf(NodeId nodeId, uint32 epoch) public view returns (NodeId[] memory panel) {
        uint256 count = _active.length;
        if (count <= PANEL) revert NotEnoughNodes(count);
        bytes32 seed = keccak256(abi.encode(beacon[epoch], nodeId));
        panel = new NodeId[](PANEL);
        uint256 found = 0;
        // Eight nodes are the worst case: about 21 draws on average.
        for (uint256 draw = 0; found < PANEL; ++draw) {
            NodeId candidate = _active[uint256(keccak256(abi.encode(seed, draw))) % count];
            if (!_same(candidate, nodeId) && !_holds(panel, found, candidate)) panel[found++] = candidate;
        }
    }

    /// @notice The digest that a panel node's owner signs.
    function missedDigest(NodeId nodeId, uint32 epoch) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(MISSED_TYPEHASH, nodeId, epoch)));
    }

    function _checkAttestations(NodeId nodeId, uint32 epoch, NodeId[] calldata panel, bytes[] calldata signatures)
        private
        view
    {
        NodeId[] memory drawn = panelOf(nodeId, epoch);
        bytes32 digest = missedDigest(nodeId, epoch);
        bytes32 last = 0;
        for (uint256 i = 0; i < panel.length; ++i) {
            if (NodeId.unwrap(panel[i]) <= last || !_holds(drawn, PANEL, panel[i])) revert NotInPanel(panel[i]);
            last = NodeId.unwrap(panel[i]);
            if (!HolderSignature.isEcdsa(_nodes[panel[i]].owner, digest, signatures[i])) {
                revert InvalidAttestation(panel[i]);
            }
        }
    }

    function _recordMiss(NodeId nodeId, Node storage node, uint32 epoch) private {
        (uint256 newest, uint256 bits) = (node.missedEpoch, node.missedBits);
        if (bits == 0 || epoch > newest) {
            uint256 shift = bits == 0 ? 0 : epoch - newest;
            bits = (shift < WINDOW ? bits << shift : 0) | 1;
            newest = epoch;
        } else {
            uint256 bit = 1 << (newest - epoch);
            if (bits & bit != 0) revert AlreadyReported(nodeId, epoch);
            bits |= bit;
        }
        (node.missedEpoch, node.missedBits) = (uint32(newest), uint8(bits & ((1 << WINDOW) - 1)));
    }

    /// Misses among the last seven epochs.
    function _misses(Node storage node, uint256 today) private view returns (uint256 count) {
        uint256 bits = (uint256(node.missedBits) << (today - node.missedEpoch)) & ((1 << WINDOW) - 1);
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    function _startUnbonding(NodeId nodeId, Node storage node) private {
        uint256 place = node.activePlusOne - 1;
        NodeId moved = _active[_active.length - 1];
        _active[place] = moved;
        _nodes[moved].activePlusOne = uint32(place + 1);
        _active.pop();
        uint40 until = uint40(block.timestamp) + UNBONDING_TIME;
        (node.activePlusOne, node.unbondingUntil) = (0, until);
        emit NodeUnbonding(nodeId, until);
    }

    function _known(NodeId nodeId) private view returns (Node storage node) {
        node = _nodes[nodeId];
        if (node.owner == address(0)) revert UnknownNode(nodeId);
    }

    function _holds(NodeId[] memory list, uint256 length, NodeId nodeId) private pure returns (bool) {
        for (uint256 i = 0; i < length; ++i) {
            if (_same(list[i], nodeId)) return true;
        }
        return false;
    }

    function _same(NodeId a, NodeId b) private pure returns (bool) {
        return NodeId.unwrap(a) == NodeId.unwrap(b);
    }
}
