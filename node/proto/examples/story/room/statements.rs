//! Metadata, statements, joins and grants.

use pars_crypto::hkem::Xw768Ciphertext;
use pars_proto::room::scope::Role;
use pars_proto::room::{
    Body, Claim, ConsentSigner, Front, Grant, GrantId, HostGate, JoinRefusal, Metadata, MetadataKey, SeatNo, Statement,
    seal_join,
};
use pars_wire::codec::Wire;
use serde_json::{Value, json};

use super::cast::{
    NOW, Person, SCOPE, SUITE, anonymous, body, description, entry, front, host, line, metadata as object, nullifier,
    source, stated,
};
use super::hexed;

pub(crate) fn metadata() -> Value {
    let (public, key) = (object(), MetadataKey::from_bytes([0x44; 32]));
    let sealed = Metadata::sealed(front(), &description(), &key).expect("a small object");
    let Front { room, seq, hosts, sfus } = front();
    let hosts: Vec<_> =
        hosts.iter().map(|host| json!({ "entry": hexed(host.encode()), "stHost": hexed(host.hash().0) })).collect();
    let sfus: Vec<_> = sfus.iter().map(|sfu| hexed(sfu.encode())).collect();
    json!({
        "roomId": hexed(room.0), "seq": seq, "hosts": hosts, "sfus": sfus,
        "description": { "title": description().title.as_str(), "encoded": hexed(description().encode()) },
        "public": { "object": hexed(public.encode()), "hash": hexed(public.hash()) },
        "sealed": { "metaKey": hexed(key.expose()), "object": hexed(sealed.encode()), "hash": hexed(sealed.hash()) },
    })
}

fn case(name: &str, statement: &Statement) -> Value {
    let body = statement.body();
    let typed = body.typed_data().map(|typed| {
        json!({
            "json": serde_json::from_str::<Value>(&typed.to_json()).expect("JSON"),
            "digest": hexed(typed.digest()),
        })
    });
    json!({
        "name": name, "form": body.form() as u8,
        "scope": hexed(body.scope.to_bytes()), "issuedAt": body.issued_at, "expiresAt": body.expires_at,
        "xPk": hexed(body.x_pk.to_bytes()), "sVk": hexed(body.s_vk.as_bytes()),
        "consentSigner": hexed(body.consent.as_ref().map(ConsentSigner::as_bytes).unwrap_or_default()),
        "nullifier": hexed(body.claim.nullifier().unwrap_or_default().0),
        "account": hexed(body.claim.member().map(|member| member.account).unwrap_or_default()),
        "seatHash": hexed(body.seat_hash()), "pseudonym": body.pseudonym(),
        "body": hexed(body.encode()), "st": hexed(body.hash().0),
        "statement": hexed(statement.encode()), "typedData": typed,
    })
}

/// One statement of each form, and one with an ML-DSA consent key.
pub(crate) fn named_statements() -> Vec<(&'static str, Statement)> {
    let (person, member) = (Person::new(5), Person::new(5).named());
    let identified = |nullifier| Claim::Identified { nullifier, member };
    let anonymous = anonymous(1);
    let recorder = Claim::Recorder { seat: anonymous.hash() };
    let mut key = Box::new([0x66; ConsentSigner::ML_DSA]);
    key[..20].fill(0x65);
    let mut post_quantum: Body = body(6, Claim::Anonymous { nullifier: nullifier(6) });
    post_quantum.consent = Some(ConsentSigner::MlDsa(key));
    vec![
        ("anonymous", anonymous),
        ("anonymous with an ML-DSA consent key", stated(post_quantum, None)),
        ("identified", stated(body(2, identified(None)), Some(&person))),
        ("identified with a proof", stated(body(3, identified(Some(nullifier(3)))), Some(&person))),
        ("Committee", stated(body(4, Claim::Committee { member }), Some(&person))),
        ("recorder", stated(body(7, recorder), None)),
    ]
}

pub(crate) fn statements() -> Value {
    let cases: Vec<_> = named_statements().iter().map(|(name, statement)| case(name, statement)).collect();
    let (person, seat) = (Person::new(5), super::cast::seat(1));
    json!({
        "account": hexed(person.account), "recorderSeat": hexed(seat.s_vk().as_bytes()),
        "cases": cases,
    })
}

pub(crate) fn grant(statement: &Statement) -> Grant {
    Grant {
        scope: SCOPE,
        seat: SeatNo(12),
        st: statement.hash(),
        role: Role::Member,
        id: GrantId([0x51; 16]),
        expires_at: NOW + 120,
        sfu: 0,
        dtls_fingerprint: [0x52; 32],
        tunnel: line("127.0.0.1:4433"),
    }
}

pub(crate) fn joins() -> Value {
    let (secrets, mut rng) = (host(), source(11));
    let entry = entry(&secrets);
    let gate = HostGate { scope: &SCOPE, entry: &entry, secrets: &secrets };
    let mut cases = Vec::new();
    for (name, statement) in named_statements() {
        let (join, _) = seal_join(SUITE, &mut rng, &entry, &statement).expect("a good key");
        let opened = gate.open(SUITE, &join).expect("the host's own join");
        let ct = join[1..=Xw768Ciphertext::SIZE].try_into().expect("a ciphertext");
        let ss = secrets.x().decapsulate(SUITE, &Xw768Ciphertext::from_bytes(ct)).expect("an honest point");
        let signed = grant(&statement).sign(secrets.s());
        let refused = gate.open(SUITE, &join).expect("the same join").replier.refuse(&mut rng, JoinRefusal::Full);
        cases.push(json!({
            "name": name, "join": hexed(&join), "ss": hexed(ss.expose()), "grant": hexed(signed.encode()),
            "granted": hexed(opened.replier.grant(&mut rng, &signed)), "refused": hexed(refused),
        }));
    }
    json!({
        "hostSeeds": { "x": hexed(secrets.seeds().0.expose()), "s": hexed(secrets.seeds().1.expose()) },
        "sVk": hexed(secrets.s_vk().as_bytes()), "stHost": hexed(entry.hash().0), "scope": hexed(SCOPE.to_bytes()),
        "fullRefusal": JoinRefusal::Full as u8, "cases": cases,
    })
}
