//! The document in git is the one that the types give. `PARS_BLESS=1` writes it anew.

use std::collections::BTreeSet;

use pars_rpc::method::Method;
use pars_rpc::openrpc::openrpc;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openrpc.json");

#[test]
fn the_document_in_git_is_fresh() {
    let text = format!("{:#}\n", openrpc());
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(FILE).unwrap(), "the types changed: write openrpc.json anew");
}

#[test]
fn every_method_is_in_the_document_once() {
    let document = openrpc();
    let names: Vec<_> =
        document["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    let unique: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
    assert_eq!(unique, Method::ALL.iter().map(|method| method.name()).collect());
}

#[test]
fn every_reference_leads_to_a_schema_or_an_error() {
    fn walk(value: &Value, root: &Value, count: &mut u32) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let path = target.strip_prefix('#').unwrap();
            assert!(root.pointer(path).is_some(), "{target} leads nowhere");
            *count += 1;
        }
        match value {
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, root, count)),
            Value::Object(map) => map.values().for_each(|inner| walk(inner, root, count)),
            _ => {}
        }
    }
    let (document, mut count) = (openrpc(), 0);
    walk(&document, &document, &mut count);
    assert!(count > 20, "{count} references");
}
