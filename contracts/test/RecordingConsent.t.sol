// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MldsaErc7913} from "../src/MldsaErc7913.sol";
import {RecordingConsent} from "../src/RecordingConsent.sol";
import {IRecordingConsent} from "../src/interfaces/IRecordingConsent.sol";
import {Recording} from "../src/types/Consent.sol";
import {RecordingId} from "../src/types/Ids.sol";
import {MockMldsa} from "./support/MockMldsa.sol";

contract RecordingConsentTest is MockMldsa {
    uint256 private constant START = 1_800_000_000;
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// A one-time key: an ECDSA private key, or the toy's seed if `pq`.
    struct Key {
        bytes signer;
        uint256 secret;
        bool pq;
    }

    RecordingConsent private consent;
    MldsaErc7913 private verifier;
    bytes private refusal;

    function setUp() public {
        vm.warp(START);
        verifier = new MldsaErc7913(newAdapter());
        consent = new RecordingConsent(verifier);
    }

    // ---- the roster, as clients build it ----

    /// Fresh keys by rising keccak256(signer); the first `pq` of them before sorting are ML-DSA keys.
    function roster(uint256 count, uint256 pq, uint256 seed) private view returns (Key[] memory keys) {
        keys = new Key[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 secret = (uint256(keccak256(abi.encode(seed, i))) >> 8) + 1;
            bytes memory signer =
                i < pq ? abi.encodePacked(address(verifier), toyKey(secret)) : abi.encodePacked(vm.addr(secret));
            Key memory key = Key(signer, secret, i < pq);
            uint256 j = i;
            for (; j > 0 && keccak256(keys[j - 1].signer) > keccak256(signer); --j) {
                keys[j] = keys[j - 1];
            }
            keys[j] = key;
        }
    }

    function leaf(Key memory key) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(key.signer)));
    }

    function pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function heap(Key[] memory keys) private pure returns (bytes32[] memory nodes) {
        uint256 n = keys.length;
        nodes = new bytes32[](2 * n - 1);
        for (uint256 i = 0; i < n; ++i) {
            nodes[2 * n - 2 - i] = leaf(keys[i]);
        }
        for (uint256 p = n - 1; p > 0; --p) {
            nodes[p - 1] = pair(nodes[2 * p - 1], nodes[2 * p]);
        }
    }

    function single(bytes32[] memory nodes, uint256 index) private pure returns (bytes32[] memory proof) {
        uint256 depth = 0;
        uint256 place = nodes.length - 1 - index;
        for (uint256 p = place; p > 0; p = (p - 1) / 2) {
            ++depth;
        }
        proof = new bytes32[](depth);
        for (uint256 level = 0; level < depth; ++level) {
            proof[level] = nodes[place % 2 == 1 ? place + 1 : place - 1];
            place = (place - 1) / 2;
        }
    }

    /// Multi-proof of the keys from `from` to before `to`.
    function multi(bytes32[] memory nodes, uint256 from, uint256 to)
        private
        pure
        returns (bytes32[] memory proof, bool[] memory flags)
    {
        uint256[] memory queue = new uint256[](2 * nodes.length);
        (uint256 head, uint256 tail) = (0, 0);
        for (uint256 i = from; i < to; ++i) {
            queue[tail++] = nodes.length - 1 - i;
        }
        bytes32[] memory siblings = new bytes32[](nodes.length);
        bool[] memory marks = new bool[](nodes.length);
        (uint256 given, uint256 steps) = (0, 0);
        while (head < tail && queue[head] > 0) {
            uint256 place = queue[head++];
            uint256 sibling = place % 2 == 1 ? place + 1 : place - 1;
            if (head < tail && queue[head] == sibling) (marks[steps++], head) = (true, head + 1);
            else (siblings[given++], steps) = (nodes[sibling], steps + 1);
            queue[tail++] = (place - 1) / 2;
        }
        proof = new bytes32[](given);
        for (uint256 i = 0; i < given; ++i) {
            proof[i] = siblings[i];
        }
        flags = new bool[](steps);
        for (uint256 i = 0; i < steps; ++i) {
            flags[i] = marks[i];
        }
    }

    // ---- recordings and signatures ----

    /// The next submission, withdrawal or anchor is refused with this error.
    function refuses(bytes memory error_) private {
        refusal = error_;
    }

    function arm() private {
        if (refusal.length != 0) vm.expectRevert(refusal);
        delete refusal;
    }

    function recordingOf(Key[] memory keys) private pure returns (Recording memory) {
        return Recording({
            recordingId: keccak256("recording"),
            roster: heap(keys)[0],
            participants: uint16(keys.length),
            policy: keccak256("policy"),
            recorder: keccak256(keys[0].signer),
            validUntil: uint40(START + 1 hours)
        });
    }

    function sign(Key memory key, bytes32 digest) private pure returns (bytes memory) {
        if (key.pq) return toySign(toyKey(key.secret), abi.encodePacked("pars-erc7913/1", uint8(0), digest));
        return signature(key.secret, digest);
    }

    function digestOf(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", consent.domainSeparator(), structHash));
    }

    function submit(Recording memory r, Key[] memory keys, uint256 from, uint256 to) private {
        bytes32 digest = consent.consentDigest(consent.recordingIdOf(r));
        bytes[] memory signers = new bytes[](to - from);
        bytes[] memory signatures = new bytes[](to - from);
        for (uint256 i = from; i < to; ++i) {
            (signers[i - from], signatures[i - from]) = (keys[i].signer, sign(keys[i], digest));
        }
        (bytes32[] memory proof, bool[] memory flags) = multi(heap(keys), from, to);
        arm();
        consent.submit(r, signers, signatures, proof, flags);
    }

    function withdrawBy(Recording memory r, Key[] memory keys, uint256 index) private {
        bytes32 id = RecordingId.unwrap(consent.recordingIdOf(r));
        bytes32 digest = digestOf(keccak256(abi.encode(keccak256("Withdraw(bytes32 recording)"), id)));
        (bytes32[] memory proof, bytes memory signed) = (single(heap(keys), index), sign(keys[index], digest));
        arm();
        consent.withdraw(r, keys[index].signer, proof, signed);
    }

    function anchorBy(Recording memory r, Key memory key, bytes memory cid, bytes32 wraps) private {
        bytes32 id = RecordingId.unwrap(consent.recordingIdOf(r));
        bytes32 typehash = keccak256("Anchor(bytes32 recording,bytes cid,bytes32 wraps)");
        bytes32 digest = digestOf(keccak256(abi.encode(typehash, id, keccak256(cid), wraps)));
        bytes memory signed = sign(key, digest);
        arm();
        consent.anchor(r, key.signer, cid, wraps, signed);
    }

    // ---- behaviour ----

    function test_the_domain_is_the_one_of_the_design() public view {
        bytes32 wanted = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH, keccak256("ParsRecordingConsent"), keccak256("1"), block.chainid, address(consent)
            )
        );
        same(consent.domainSeparator(), wanted, "domain");
    }

    function testFuzz_all_keys_in_any_chunks_authorise(uint256 seed, uint256 count, uint256 chunk) public {
        count = bound(count, 1, 12);
        chunk = bound(chunk, 1, count);
        Key[] memory keys = roster(count, seed % 2, seed);
        Recording memory r = recordingOf(keys);
        RecordingId id = consent.recordingIdOf(r);
        for (uint256 from = 0; from < count; from += chunk) {
            same(consent.authorisedUntil(id), 0, "pending");
            submit(r, keys, from, from + chunk < count ? from + chunk : count);
        }
        same(consent.authorisedUntil(id), r.validUntil, "authorised");
        refuses(abi.encodeWithSelector(IRecordingConsent.AlreadyAuthorised.selector, id));
        submit(r, keys, 0, 1);
    }

    function test_a_key_counts_once() public {
        Key[] memory keys = roster(4, 0, 1);
        Recording memory r = recordingOf(keys);
        submit(r, keys, 0, 2);
        refuses(
            abi.encodeWithSelector(
                IRecordingConsent.SignersNotRising.selector, keccak256(keys[1].signer), keccak256(keys[1].signer)
            )
        );
        submit(r, keys, 1, 2);
        submit(r, keys, 2, 4);
        same(consent.authorisedUntil(consent.recordingIdOf(r)), r.validUntil, "authorised");
    }

    function test_a_signature_for_another_recording_chain_or_contract_is_refused() public {
        Key[] memory keys = roster(1, 0, 2);
        Recording memory r = recordingOf(keys);
        bytes[] memory signers = new bytes[](1);
        bytes[] memory signatures = new bytes[](1);
        signers[0] = keys[0].signer;
        signatures[0] = sign(keys[0], consent.consentDigest(consent.recordingIdOf(r)));
        bytes memory wrong = abi.encodeWithSelector(IRecordingConsent.InvalidSignature.selector, signers[0]);
        Recording memory other = recordingOf(keys);
        other.recordingId = keccak256("another");
        vm.expectRevert(wrong);
        consent.submit(other, signers, signatures, new bytes32[](0), new bool[](0));
        RecordingConsent elsewhere = new RecordingConsent(verifier);
        vm.expectRevert(wrong);
        elsewhere.submit(r, signers, signatures, new bytes32[](0), new bool[](0));
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.expectRevert(wrong);
        consent.submit(r, signers, signatures, new bytes32[](0), new bool[](0));
        vm.chainId(chain);
        consent.submit(r, signers, signatures, new bytes32[](0), new bool[](0));
    }

    function test_a_key_outside_the_roster_or_of_another_form_is_refused() public {
        Key[] memory keys = roster(3, 0, 3);
        Recording memory r = recordingOf(keys);
        Key[] memory strangers = roster(3, 0, 4);
        refuses(abi.encodeWithSelector(IRecordingConsent.NotInRoster.selector, r.roster));
        submit(r, strangers, 0, 1);
        bytes memory foreign = abi.encodePacked(address(this), toyKey(1));
        keys[0] = Key(foreign, 1, true);
        r.roster = heap(keys)[0];
        refuses(abi.encodeWithSelector(IRecordingConsent.InvalidSignature.selector, foreign));
        submit(r, keys, 0, 1);
        keys[0].signer = "";
        r.roster = heap(keys)[0];
        refuses(abi.encodeWithSelector(IRecordingConsent.InvalidSignature.selector, bytes("")));
        submit(r, keys, 0, 1);
    }

    /// Says yes to everything, as a contract at a roster address might.
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }

    function test_a_contract_of_twenty_bytes_is_not_asked() public {
        Key[] memory keys = roster(1, 0, 5);
        keys[0].signer = abi.encodePacked(address(this));
        Recording memory r = recordingOf(keys);
        refuses(abi.encodeWithSelector(IRecordingConsent.InvalidSignature.selector, keys[0].signer));
        submit(r, keys, 0, 1);
    }

    function test_the_consent_reaches_a_day_ahead_at_most() public {
        Key[] memory keys = roster(1, 0, 6);
        Recording memory r = recordingOf(keys);
        r.validUntil = uint40(START + 24 hours + 1);
        refuses(abi.encodeWithSelector(IRecordingConsent.ValidUntilOutOfRange.selector, r.validUntil));
        submit(r, keys, 0, 1);
        r.validUntil = uint40(START);
        refuses(abi.encodeWithSelector(IRecordingConsent.ValidUntilOutOfRange.selector, r.validUntil));
        submit(r, keys, 0, 1);
    }

    function test_lists_must_fit() public {
        Key[] memory keys = roster(2, 0, 7);
        Recording memory r = recordingOf(keys);
        refuses(abi.encodePacked(IRecordingConsent.NoSigners.selector));
        submit(r, keys, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IRecordingConsent.LengthsDiffer.selector, 1, 2));
        consent.submit(r, new bytes[](1), new bytes[](2), new bytes32[](0), new bool[](0));
        r.participants = 1;
        refuses(abi.encodeWithSelector(IRecordingConsent.TooManySigners.selector, 2, 1));
        submit(r, keys, 0, 2);
    }

    function testFuzz_a_withdrawal_is_for_ever(uint256 seed, bool before) public {
        Key[] memory keys = roster(5, 0, seed);
        Recording memory r = recordingOf(keys);
        RecordingId id = consent.recordingIdOf(r);
        if (before) submit(r, keys, 0, 3);
        else submit(r, keys, 0, 5);
        withdrawBy(r, keys, seed % 5);
        same(consent.authorisedUntil(id), 0, "withdrawn");
        refuses(abi.encodeWithSelector(IRecordingConsent.RecordingWithdrawn.selector, id));
        submit(r, keys, 3, 5);
        refuses(abi.encodeWithSelector(IRecordingConsent.RecordingWithdrawn.selector, id));
        withdrawBy(r, keys, (seed % 5 + 1) % 5);
        same(consent.authorisedUntil(id), 0, "still withdrawn");
    }

    function test_a_stranger_cannot_withdraw() public {
        Key[] memory keys = roster(3, 0, 8);
        Recording memory r = recordingOf(keys);
        submit(r, keys, 0, 3);
        Key[] memory strangers = roster(3, 0, 9);
        refuses(abi.encodeWithSelector(IRecordingConsent.NotInRoster.selector, r.roster));
        withdrawBy(r, strangers, 1);
        keys[1].secret = strangers[1].secret;
        refuses(abi.encodeWithSelector(IRecordingConsent.InvalidSignature.selector, keys[1].signer));
        withdrawBy(r, keys, 1);
    }

    function test_the_recorder_anchors_once_also_after_a_withdrawal() public {
        Key[] memory keys = roster(3, 0, 10);
        Recording memory r = recordingOf(keys);
        RecordingId id = consent.recordingIdOf(r);
        refuses(abi.encodeWithSelector(IRecordingConsent.NotAuthorised.selector, id));
        anchorBy(r, keys[0], "cid", 0);
        submit(r, keys, 0, 3);
        refuses(abi.encodeWithSelector(IRecordingConsent.NotRecorder.selector, keccak256(keys[1].signer), r.recorder));
        anchorBy(r, keys[1], "cid", 0);
        refuses(abi.encodeWithSelector(IRecordingConsent.CidOutOfRange.selector, 129));
        anchorBy(r, keys[0], new bytes(129), 0);
        withdrawBy(r, keys, 2);
        vm.warp(START + 2 days);
        vm.expectEmit(true, true, true, true, address(consent));
        emit IRecordingConsent.Anchored(id, "cid", bytes32(uint256(3)));
        anchorBy(r, keys[0], "cid", bytes32(uint256(3)));
        refuses(abi.encodeWithSelector(IRecordingConsent.AlreadyAnchored.selector, id));
        anchorBy(r, keys[0], "cid", bytes32(uint256(3)));
    }

    function test_a_chunk_of_ninety_signatures_stays_below_a_million_gas() public {
        Key[] memory keys = roster(90, 0, 11);
        Recording memory r = recordingOf(keys);
        uint256 gas = measured(r, keys);
        yes(gas < 800_000, "execution gas, to which 21,000 and about 200,000 for call data are added");
    }

    function measured(Recording memory r, Key[] memory keys) private returns (uint256 gas) {
        bytes32 digest = consent.consentDigest(consent.recordingIdOf(r));
        bytes[] memory signers = new bytes[](keys.length);
        bytes[] memory signatures = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (signers[i], signatures[i]) = (keys[i].signer, sign(keys[i], digest));
        }
        (bytes32[] memory proof, bool[] memory flags) = multi(heap(keys), 0, keys.length);
        bytes memory call = abi.encodeCall(IRecordingConsent.submit, (r, signers, signatures, proof, flags));
        gas = gasleft();
        (bool ok,) = address(consent).call(call);
        gas -= gasleft();
        yes(ok, "submitted");
    }
}
