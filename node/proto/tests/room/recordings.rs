//! Consent to recordings: what is signed, who is in the roster, what a client refuses, what is wrapped.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use pars_bindings::RecordingConsent;
use pars_bindings::typed;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::suite::{Libcrux, Reference};
use pars_proto::room::recording::{
    ConsentDomain, ConsentKey, ConsentRefusal, ConsentRoster, ConsentRosterError, ConsentSignature, Draft, Dummies,
    FileKey, MAX_PROOF, Notice, NoticeError, NoticeKey, Recording, RecordingTag, SealedNotice, Terms, WrapError, Wraps,
    submissions,
};
use pars_proto::room::{ConsentSigner, EpochHash, EpochSecret, Scope, SeatNo};
use pars_wire::codec::Wire;
use pars_wire::limits::{MAX_DUMMIES, MAX_NOTICE};
use pars_wire::{ChainId, RoomId, SittingId};

use crate::story::cast::{NOW, OPENED, SCOPE, SUITE, source};
use crate::story::recordings::{DOMAIN, RANDOM, dummies, key, recording_key, span, tag, terms};

/// As the contract's bindings hold it.
fn on_chain(recording: &Recording) -> RecordingConsent::Recording {
    RecordingConsent::Recording {
        recordingId: recording.tag.0,
        roster: recording.roster,
        participants: recording.participants,
        policy: recording.policy,
        recorder: recording.recorder,
        validUntil: typed::seconds40(recording.valid_until).unwrap(),
    }
}

#[test]
fn span_and_digests_are_those_of_the_contract() {
    let recording = span().recording;
    let (id, wraps) = (recording.span(), B256::repeat_byte(5));
    assert_eq!(id.0, typed::recording_id(&on_chain(&recording)));
    let domain = typed::recording_domain(DOMAIN.chain.0, DOMAIN.contract);
    assert_eq!(DOMAIN.separator(), domain.separator());
    assert_eq!(DOMAIN.consent_digest(id), typed::consent_digest(&domain, id.0));
    assert_eq!(DOMAIN.withdraw_digest(id), typed::withdraw_digest(&domain, id.0));
    let anchor = typed::anchor_digest(&domain, id.0, Bytes::from_static(b"a cid"), wraps);
    assert_eq!(DOMAIN.anchor_digest(id, b"a cid", wraps), anchor);
}

/// OpenZeppelin's `MerkleProof.processMultiProof`.
fn processed(leaves: &[B256], proof: &[B256], flags: &[bool]) -> B256 {
    let mut known: std::collections::VecDeque<_> = leaves.iter().copied().collect();
    let mut proof = proof.iter().copied();
    for both in flags {
        let a = known.pop_front().unwrap();
        let b = if *both { known.pop_front().unwrap() } else { proof.next().unwrap() };
        known.push_back(keccak256([a.min(b), a.max(b)].concat()));
    }
    assert_eq!((known.len(), proof.next()), (1, None));
    known[0]
}

#[test]
fn every_chunk_of_rising_signers_is_proven_and_nobody_else_is() {
    for count in 1..=33_u64 {
        let signers: Vec<_> = (0..count).map(|i| keccak256(i.to_be_bytes())).collect();
        let roster = ConsentRoster::new(signers.iter().rev().copied()).unwrap();
        let rising = roster.signers().to_vec();
        for from in 0..rising.len() {
            for to in from + 1..=rising.len() {
                let proof = roster.multi_proof(&rising[from..to]).unwrap();
                let leaves: Vec<_> = rising[from..to].iter().map(keccak256).collect();
                assert_eq!(leaves.len() + proof.proof.len(), proof.flags.len() + 1);
                assert_eq!(processed(&leaves, &proof.proof, &proof.flags), roster.root(), "{from}..{to} of {count}");
            }
            let alone = roster.proof(&rising[from]).unwrap();
            let root = alone.iter().fold(keccak256(rising[from]), |a, b| keccak256([a.min(*b), a.max(*b)].concat()));
            assert_eq!(root, roster.root());
        }
        let stranger = B256::repeat_byte(7);
        assert!(!roster.holds(&stranger) && roster.proof(&stranger).is_none());
        assert_eq!(roster.multi_proof(&[stranger]), None);
        assert_eq!(roster.multi_proof(&[]), None);
        if let [a, b, ..] = rising[..] {
            assert_eq!(roster.multi_proof(&[b, a]), None, "they must rise");
        }
    }
    let twice = B256::repeat_byte(1);
    assert_eq!(ConsentRoster::new([twice, twice]), Err(ConsentRosterError::Twice(twice)));
    assert_eq!(ConsentRoster::new([]), Err(ConsentRosterError::Count(0)));
}

#[test]
fn a_consent_holds_for_its_span_contract_chain_and_key_only() {
    let mut rng = source(1);
    let verifier = Address::repeat_byte(0x66);
    let id = span().recording.span();
    let digest = DOMAIN.consent_digest(id);
    let other = Recording { participants: 4, ..span().recording };
    let elsewhere = [
        DOMAIN.consent_digest(other.span()),
        DOMAIN.withdraw_digest(id),
        ConsentDomain { chain: ChainId(1), ..DOMAIN }.consent_digest(id),
        ConsentDomain { contract: verifier, ..DOMAIN }.consent_digest(id),
    ];
    for key in [ConsentKey::generate(&mut rng), ConsentKey::generate_ml_dsa(SUITE, &mut rng, verifier)] {
        let (signer, signature) = (key.signer(), key.sign(SUITE, &mut rng, digest).unwrap());
        assert!(signer.signed(&Libcrux, digest, &signature) && signer.signed(&Reference, digest, &signature));
        for digest in elsewhere {
            assert!(!signer.signed(SUITE, digest, &signature));
        }
        assert!(!ConsentKey::generate(&mut rng).signer().signed(SUITE, digest, &signature));
        let mut changed = signature.as_bytes().to_vec();
        changed[40] ^= 1;
        assert!(!signer.signed(SUITE, digest, &ConsentSignature::new(changed).unwrap()));
        assert_eq!(format!("{key:?}"), "ConsentKey(redacted)");
    }
    assert_eq!(ConsentSignature::new(vec![0; 64]), None);
}

/// The tag is in everything that is signed: who consents in one sitting consents to nothing of another, whatever was drawn there.
#[test]
fn the_same_random_bytes_make_another_recording_in_every_other_room_sitting_and_place() {
    let other = |scope: Scope| RecordingTag::of(&scope, &RANDOM);
    assert_eq!(other(SCOPE), tag());
    let elsewhere = [
        Scope { room: RoomId(B256::repeat_byte(0x77)), ..SCOPE },
        Scope { sitting: SittingId(SCOPE.sitting.0 + 1), ..SCOPE },
        Scope { town_hall: Address::repeat_byte(0x77), ..SCOPE },
        Scope { chain: ChainId(SCOPE.chain.0 + 1), ..SCOPE },
    ];
    let made = span().recording;
    for scope in elsewhere {
        assert_ne!(other(scope), tag(), "{scope:?}");
        let theirs = Recording { tag: other(scope), ..made };
        assert_ne!(DOMAIN.consent_digest(theirs.span()), DOMAIN.consent_digest(made.span()));
        assert_eq!(made.equals(&theirs), Err(ConsentRefusal::OtherRecording));
    }
    assert_ne!(RecordingTag::of(&SCOPE, &[0; 32]), tag());
}

#[test]
fn a_signature_with_the_higher_s_or_another_v_is_none() {
    let (key, digest) = (key(1), B256::repeat_byte(3));
    let signature = key.sign(SUITE, &mut source(1), digest).unwrap();
    let mut bytes = signature.as_bytes().to_vec();
    assert!(matches!(bytes[64], 27 | 28) && bytes[32] < 0x80);
    bytes[64] -= 27;
    assert!(!key.signer().signed(SUITE, digest, &ConsentSignature::new(bytes.clone()).unwrap()));
    let order = alloy_primitives::uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let s = alloy_primitives::U256::from_be_slice(&bytes[32..64]);
    bytes[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    bytes[64] = 27 + (1 - bytes[64]);
    assert!(!key.signer().signed(SUITE, digest, &ConsentSignature::new(bytes).unwrap()));
}

#[test]
fn dummies_follow_from_their_seed_and_are_bounded() {
    let two: Vec<_> = dummies().keys().iter().map(ConsentKey::signer).collect();
    let again: Vec<_> = Dummies::decode(&dummies().encode()).unwrap().keys().iter().map(ConsentKey::signer).collect();
    assert_eq!((two.len(), &two), (2, &again));
    assert_ne!(two[0], two[1]);
    assert!(Dummies::generate(&mut source(1), MAX_DUMMIES).is_some());
    assert!(Dummies::generate(&mut source(1), MAX_DUMMIES + 1).is_none());
    let mut many = dummies().encode();
    many[32..].copy_from_slice(&(MAX_DUMMIES + 1).to_be_bytes());
    assert!(Dummies::decode(&many).is_err());
}

/// What a client makes from its own roster when the recorder showed something else (THREATS K6).
#[test]
fn who_leaves_a_seat_out_or_adds_a_key_finds_nobody_to_sign() {
    let (ours, terms, none) = (span(), terms(), Dummies::generate(&mut source(1), 0).unwrap());
    let draft = Draft {
        tag: tag(),
        terms: &terms,
        dummies: &dummies(),
        signers: &ours.signers,
        keys: &ours.keys,
        recorder: &ours.signers[0],
    };
    let stranger = key(9).signer();
    let padded: Vec<_> = ours.signers.iter().cloned().chain([stranger.clone()]).collect();
    let later = Terms { valid_until: terms.valid_until + 1, ..terms };
    let kept_longer = Terms { retention_seconds: 0, ..terms };
    let swapped = [recording_key(9).public(), ours.keys[1].clone(), ours.keys[2].clone()];
    let lies = [
        (Draft { signers: &ours.signers[..2], ..draft }, ConsentRefusal::Roster),
        (Draft { signers: &padded, ..draft }, ConsentRefusal::Roster),
        (Draft { dummies: &none, ..draft }, ConsentRefusal::Roster),
        (Draft { recorder: &ours.signers[1], ..draft }, ConsentRefusal::Recorder),
        (Draft { recorder: &stranger, ..draft }, ConsentRefusal::Recorder),
        (Draft { keys: &swapped, ..draft }, ConsentRefusal::Policy),
        (Draft { keys: &ours.keys[..2], ..draft }, ConsentRefusal::Policy),
        (Draft { terms: &kept_longer, ..draft }, ConsentRefusal::Policy),
        (Draft { terms: &later, ..draft }, ConsentRefusal::ValidUntil),
        (Draft { tag: RecordingTag::of(&SCOPE, &[0; 32]), ..draft }, ConsentRefusal::OtherRecording),
    ];
    assert_eq!(ours.recording.equals(&draft.build().unwrap().0), Ok(()));
    for (place, (lie, refusal)) in lies.into_iter().enumerate() {
        assert_eq!(ours.recording.equals(&lie.build().unwrap().0), Err(refusal), "lie {place}");
    }
    let counted = Recording { participants: 4, ..ours.recording };
    assert_eq!(ours.recording.equals(&counted), Err(ConsentRefusal::Count));
    let twice = [ours.signers[0].clone(), ours.signers[0].clone()];
    assert!(matches!(Draft { signers: &twice, ..draft }.build(), Err(ConsentRosterError::Twice(_))));
}

#[test]
fn a_consent_ends_within_a_day_and_the_sitting() {
    let until = |valid_until| Recording { valid_until, ..span().recording };
    let ends = OPENED + 200_000;
    assert_eq!(until(NOW + 1).ends_in_time(NOW, ends), Ok(()));
    assert_eq!(until(NOW + 86_400).ends_in_time(NOW, ends), Ok(()));
    for (late, ends) in [(NOW, ends), (NOW + 86_401, ends), (NOW + 2, NOW + 1)] {
        assert_eq!(until(late).ends_in_time(NOW, ends), Err(ConsentRefusal::ValidUntil));
    }
}

type Consents = BTreeMap<B256, (ConsentSigner, ConsentSignature)>;

/// Consents of so many keys; of these numbers the key is an ML-DSA one.
fn consents(count: u32, is_ml_dsa: impl Fn(u32) -> bool) -> Consents {
    let mut rng = source(7);
    let verifier = Address::repeat_byte(0x66);
    let signature = |length| ConsentSignature::new(vec![1; length]).unwrap();
    let one = |number: u32| {
        let (signer, signature) = if is_ml_dsa(number) {
            let mut bytes = Box::new([0; ConsentSigner::ML_DSA]);
            bytes[..20].copy_from_slice(verifier.as_slice());
            bytes[20..24].copy_from_slice(&number.to_be_bytes());
            (ConsentSigner::MlDsa(bytes), signature(4_627))
        } else {
            (ConsentKey::generate(&mut rng).signer(), signature(65))
        };
        (signer.hash(), (signer, signature))
    };
    (0..count).map(one).collect()
}

/// The 7,835 bytes of a message hold 86 secp256k1 consents, or an ML-DSA one and five others: those are not sent in pieces.
#[test]
fn consents_that_fit_one_call_are_one_call() {
    let secp256k1 = [(1, 0, 1), (3, 0, 1), (80, 0, 1), (86, 0, 1), (87, 0, 2)];
    let with_ml_dsa = [(1, 1, 1), (3, 1, 1), (4, 1, 1), (6, 1, 1), (7, 1, 2), (2, 2, 2)];
    for (count, ml_dsa, calls) in secp256k1.into_iter().chain(with_ml_dsa) {
        let consents = consents(count, |number| number < ml_dsa);
        let roster = ConsentRoster::new(consents.keys().copied()).unwrap();
        let recording =
            Recording { roster: roster.root(), participants: u16::try_from(count).unwrap(), ..span().recording };
        let chunks = submissions(&recording, &roster, &consents).unwrap();
        assert_eq!(chunks.len(), calls, "{count} keys, {ml_dsa} of them ML-DSA");
        let all: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.signers).map(ConsentSigner::hash).collect();
        assert_eq!(all, roster.signers());
    }
}

#[test]
fn consents_go_to_the_contract_in_rising_chunks_that_fit() {
    // Four of them are ML-DSA keys, which count as thirty each.
    let mut consents = consents(200, |number| number % 50 == 0);
    let roster = ConsentRoster::new(consents.keys().copied()).unwrap();
    let recording = Recording { roster: roster.root(), participants: 200, ..span().recording };
    let chunks = submissions(&recording, &roster, &consents).unwrap();
    let mut all = Vec::new();
    for chunk in &chunks {
        let heavy = chunk.signers.iter().filter(|signer| matches!(signer, ConsentSigner::MlDsa(_))).count();
        assert!(heavy * 30 + chunk.signers.len() - heavy <= 90, "{heavy} of {}", chunk.signers.len());
        // As the bindings encode a call, which is to fit one message.
        let (proof, flags) = (32 * chunk.proof.proof.len(), chunk.proof.flags.len().div_ceil(8));
        let call = 140 + proof + flags + heavy * (2_612 + 4_627 + 4) + (chunk.signers.len() - heavy) * (20 + 65 + 4);
        assert!(call <= 7_835, "{heavy} of {} in {call} bytes", chunk.signers.len());
        let hashes: Vec<_> = chunk.signers.iter().map(ConsentSigner::hash).collect();
        let leaves: Vec<_> = hashes.iter().map(keccak256).collect();
        assert_eq!(processed(&leaves, &chunk.proof.proof, &chunk.proof.flags), recording.roster);
        all.extend(hashes);
    }
    assert!(chunks.len() >= 4 && all == roster.signers());
    consents.pop_first();
    assert_eq!(submissions(&recording, &roster, &consents), None, "one is missing");
}

#[test]
fn everybody_who_consented_opens_the_file_key_and_nobody_else() {
    let mut rng = source(3);
    let file = FileKey::generate(&mut rng);
    let keys: Vec<_> = (1..=3).map(recording_key).collect();
    let publics: Vec<_> = keys.iter().map(Xw768Secret::public).collect();
    let wraps = Wraps::seal(SUITE, &mut rng, tag(), &file, &publics).unwrap();
    let read = Wraps::decode(&wraps.encode()).unwrap();
    assert_eq!((&read, read.hash()), (&wraps, wraps.hash()));
    for key in &keys {
        assert_eq!(read.open(SUITE, tag(), key).unwrap(), file);
        let other = RecordingTag::of(&SCOPE, &[0; 32]);
        assert_eq!(read.open(SUITE, other, key), Err(WrapError::Sealed));
    }
    assert_eq!(read.open(SUITE, tag(), &recording_key(4)), Err(WrapError::Sealed));
    let mut changed = wraps.encode();
    (0..3).for_each(|wrap| changed[2 + wrap * 1_168 + 1_160] ^= 1);
    let changed = Wraps::decode(&changed).unwrap();
    assert_ne!(changed.hash(), wraps.hash());
    assert_eq!(changed.open(SUITE, tag(), &keys[0]), Err(WrapError::Sealed));
    assert_eq!(Wraps::seal(SUITE, &mut rng, tag(), &file, &[]), Err(WrapError::Count(0)));
    assert!(Wraps::decode(&[0, 0]).is_err());
    assert!(!format!("{file:?}{wraps:?}").contains(&hex::encode(file.expose())));
}

fn withdrawal(siblings: usize, length: usize) -> Notice {
    let (span, signer) = (span().recording.span(), key(2).signer().hash());
    let signature = ConsentSignature::new(vec![2; length]).unwrap();
    Notice::Withdraw { span, signer, proof: vec![B256::repeat_byte(6); siblings], signature }
}

fn notices() -> Vec<Notice> {
    let recording = tag();
    let (r_pk, span) = (Box::new(recording_key(1).public()), span().recording);
    let signature = |length| ConsentSignature::new(vec![2; length]).unwrap();
    vec![
        Notice::Propose { random: RANDOM, terms: terms(), dummies: dummies() },
        Notice::Agree { recording, r_pk },
        Notice::Refuse { recording },
        Notice::Roster(span),
        Notice::Consent { span: span.span(), signature: signature(65) },
        Notice::Consent { span: span.span(), signature: signature(4_627) },
        Notice::Stop { recording },
        withdrawal(3, 65),
        withdrawal(MAX_PROOF, 4_627),
    ]
}

#[test]
fn a_notice_opens_for_its_epoch_seat_number_and_sitting_only() {
    let (secret, other) = (EpochSecret::from_bytes([1; 32]), EpochSecret::from_bytes([2; 32]));
    let epoch = EpochHash([3; 32]);
    let key = NoticeKey { secret: &secret, scope: &SCOPE, seat: SeatNo(4), seq: 9 };
    let elsewhere = pars_proto::room::Scope { sitting: pars_wire::SittingId(99), ..SCOPE };
    for notice in notices() {
        assert!(notice.encode().len() <= MAX_NOTICE);
        let sealed = SealedNotice::seal(&notice, epoch, key);
        let read = SealedNotice::decode(&sealed.encode()).unwrap();
        assert_eq!((read.open(key), read.epoch()), (Ok(notice), epoch));
        let wrong = [
            NoticeKey { secret: &other, ..key },
            NoticeKey { seat: SeatNo(5), ..key },
            NoticeKey { seq: 10, ..key },
            NoticeKey { scope: &elsewhere, ..key },
        ];
        for wrong in wrong {
            assert_eq!(read.open(wrong), Err(NoticeError::Sealed));
        }
        let mut moved = sealed.encode();
        moved[0] ^= 1;
        assert_eq!(SealedNotice::decode(&moved).unwrap().open(key), Err(NoticeError::Sealed));
    }
    assert!(SealedNotice::decode(&[0; 32 + 16]).is_err(), "a notice is not empty");
    assert!(SealedNotice::decode(&vec![0; 32 + 16 + MAX_NOTICE]).is_ok());
    assert!(SealedNotice::decode(&vec![0; 32 + 16 + MAX_NOTICE + 1]).is_err());
}

#[test]
fn every_notice_has_one_encoding() {
    for notice in notices() {
        let bytes = notice.encode();
        assert_eq!(Notice::decode(&bytes).unwrap(), notice);
        for cut in 0..bytes.len() {
            assert!(Notice::decode(&bytes[..cut]).is_err());
        }
        assert!(Notice::decode(&[bytes, vec![0]].concat()).is_err());
    }
    assert_eq!(withdrawal(MAX_PROOF, 4_627).encode().len(), MAX_NOTICE);
    assert!(Notice::decode(&withdrawal(MAX_PROOF + 1, 65).encode()).is_err(), "no roster is so high");
    let late = Recording { valid_until: 1 << 40, ..span().recording };
    assert!(Notice::decode(&Notice::Roster(late).encode()).is_err(), "the contract has 40 bits for it");
}
