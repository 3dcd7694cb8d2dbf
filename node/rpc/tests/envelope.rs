//! Bodies of JSON-RPC 2.0, among them the examples of its specification.

use pars_rpc::envelope::{Id, Incoming, MAX_BATCH, MAX_BYTES, Request, Response, read};
use pars_rpc::message::MarkRead;
use pars_rpc::status::GetStatus;
use pars_rpc::{Code, SessionId};
use serde_json::{Value, json};

fn single(body: &Value) -> Result<Request, Response> {
    match read(body.to_string().as_bytes()) {
        Incoming::Single(one) => one,
        Incoming::Batch(_) => panic!("no batch was sent"),
    }
}

fn refused(body: &Value) -> (Id, Option<Code>) {
    let Response { id, .. } = single(body).unwrap_err();
    (id, single(body).unwrap_err().into_result().unwrap_err().known())
}

#[test]
fn a_request_and_its_response_keep_the_id_as_it_was_given() {
    for id in [json!(1), json!(-7), json!("x"), json!(null)] {
        let request = single(&json!({"jsonrpc": "2.0", "method": "status.get", "id": id})).unwrap();
        let response = Response::new(request.id.unwrap(), Ok(json!(5)));
        assert_eq!(serde_json::to_value(response).unwrap(), json!({"jsonrpc": "2.0", "id": id, "result": 5}));
    }
}

#[test]
fn a_request_without_an_id_is_a_notification() {
    assert_eq!(single(&json!({"jsonrpc": "2.0", "method": "status.get"})).unwrap().id, None);
}

#[test]
fn no_json_is_a_parse_error_with_a_null_id() {
    for body in ["", "{", "{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]", "[", "\u{0}"] {
        let Incoming::Single(Err(response)) = read(body.as_bytes()) else { panic!("{body} was read") };
        assert_eq!(response.id, Id::Null);
        assert_eq!(response.into_result().unwrap_err().known(), Some(Code::Parse));
    }
}

#[test]
fn what_is_no_request_is_refused_under_its_id_where_it_has_a_good_one() {
    let null = (Id::Null, Some(Code::InvalidRequest));
    for body in [json!(1), json!("x"), json!(null), json!({}), json!({"jsonrpc": "2.0", "method": 1}), json!([])] {
        assert_eq!(refused(&body), null, "{body}");
    }
    for id in [json!(1.5), json!({}), json!([1]), json!(true), json!("x".repeat(65)), json!(u64::MAX)] {
        assert_eq!(refused(&json!({"jsonrpc": "2.0", "method": "status.get", "id": id})), null, "{id}");
    }
    let seven = (Id::Number(7), Some(Code::InvalidRequest));
    for body in [
        json!({"method": "status.get", "id": 7}),
        json!({"jsonrpc": "1.0", "method": "status.get", "id": 7}),
        json!({"jsonrpc": 2.0, "method": "status.get", "id": 7}),
        json!({"jsonrpc": "2.0", "id": 7}),
        json!({"jsonrpc": "2.0", "method": "status.get", "params": "bar", "id": 7}),
    ] {
        assert_eq!(refused(&body), seven, "{body}");
    }
}

#[test]
fn a_batch_is_read_part_by_part_and_a_huge_or_empty_one_as_one_refusal() {
    let good = json!({"jsonrpc": "2.0", "method": "status.get", "id": 1});
    let Incoming::Batch(parts) = read(json!([good, 1, good]).to_string().as_bytes()) else { panic!("no batch") };
    assert_eq!(parts.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(refused(&json!(vec![good.clone(); MAX_BATCH + 1])), (Id::Null, Some(Code::InvalidRequest)));
    assert!(matches!(read(json!(vec![good; MAX_BATCH]).to_string().as_bytes()), Incoming::Batch(_)));
}

#[test]
fn a_body_over_the_limit_and_one_of_deep_nesting_are_refused() {
    let long = vec![b' '; MAX_BYTES + 1];
    let Incoming::Single(Err(response)) = read(&long) else { panic!("it was read") };
    assert_eq!(response.into_result().unwrap_err().known(), Some(Code::InvalidRequest));
    let deep = "[".repeat(100_000);
    assert!(matches!(read(deep.as_bytes()), Incoming::Single(Err(_))));
}

#[test]
fn parameters_are_read_by_name_and_unknown_missing_or_malformed_ones_are_refused() {
    let params = |params: Value| {
        let body = json!({"jsonrpc": "2.0", "method": "message.markRead", "params": params, "id": 1});
        single(&body).unwrap().params::<MarkRead>().map_err(|error| error.known())
    };
    let session = SessionId::from_hex_digit('a');
    assert_eq!(params(json!({"session": session, "cursor": 5})), Ok(MarkRead { session, cursor: 5 }));
    for bad in [
        json!({}),
        json!({"session": session}),
        json!({"session": session, "cursor": -5}),
        json!({"session": "aa", "cursor": 5}),
        json!({"session": session, "cursor": 5, "more": 1}),
        json!([session, 5]),
    ] {
        assert_eq!(params(bad.clone()), Err(Some(Code::InvalidParams)), "{bad}");
    }
    for none in [
        json!({"jsonrpc": "2.0", "method": "GetStatus", "id": 1}),
        json!({"jsonrpc": "2.0", "method": "GetStatus", "params": [], "id": 1}),
    ] {
        assert_eq!(single(&none).unwrap().params::<GetStatus>(), Ok(GetStatus {}));
    }
}

#[test]
fn a_request_made_from_a_call_is_read_back_as_that_call() {
    let call = MarkRead { session: SessionId::from_hex_digit('b'), cursor: 9 };
    let request = Request::of(Id::Number(3), &call).unwrap();
    let read = single(&serde_json::to_value(&request).unwrap()).unwrap();
    assert_eq!(read, request);
    assert_eq!(read.params::<MarkRead>(), Ok(call));
}

/// Ids of one digit, for tests.
trait FromHexDigit {
    fn from_hex_digit(digit: char) -> Self;
}

impl FromHexDigit for SessionId {
    fn from_hex_digit(digit: char) -> Self {
        digit.to_string().repeat(64).parse().unwrap()
    }
}
