//! The OpenRPC 1.3.2 document of the daemon, made from the types. `node/rpc/openrpc.json` is kept in git; a test holds it fresh.

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::call::{Call, Visitor, visit_all};
use crate::error::Code;
use crate::event::Event;
use crate::method::Method;

/// Name of the notification that tells an event.
pub const EVENT: &str = "event";

/// Where references point.
const SCHEMAS: &str = "/components/schemas";

/// The whole document.
pub fn openrpc() -> Value {
    let settings = SchemaSettings::draft07().with(|s| s.definitions_path = SCHEMAS.into());
    let mut document = Document {
        methods: Vec::new(),
        params: settings.clone().for_deserialize().into_generator(),
        answers: settings.for_serialize().into_generator(),
    };
    visit_all(&mut document);
    let event = document.answers.subschema_for::<Event>();
    let event = finished(&mut document.answers, event);
    let unsupported = Method::ALL.iter().filter(|method| !method.supported()).map(|method| unsupported(*method));
    document.methods.extend(unsupported);
    let mut schemas = document.params.take_definitions(true);
    schemas.append(&mut document.answers.take_definitions(true));
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "sessiond",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The session daemon of the Pars town hall: JSON-RPC 2.0 on a Unix socket and on loopback.",
            "license": { "name": "MIT" },
        },
        "methods": document.methods,
        "x-notifications": [{
            "name": EVENT,
            "summary": "What happened, over a WebSocket after event.subscribe.",
            "params": [{ "name": "event", "required": true, "schema": event }],
        }],
        "components": { "schemas": schemas, "errors": errors() },
    })
}

struct Document {
    methods: Vec<Value>,
    params: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Visitor for Document {
    fn visit<C: Call>(&mut self) {
        let params = C::json_schema(&mut self.params);
        let params = finished(&mut self.params, params);
        let answer = self.answers.subschema_for::<C::Answer>();
        let answer = finished(&mut self.answers, answer);
        let mut method = head(C::METHOD);
        method.insert("params".into(), descriptors(&params));
        method.insert("result".into(), json!({ "name": "result", "schema": answer }));
        self.methods.push(method.into());
    }
}

/// A schema in the form of the draft that was asked for.
fn finished(generator: &mut SchemaGenerator, mut schema: Schema) -> Value {
    generator.transforms_mut().for_each(|transform| transform.transform(&mut schema));
    schema.to_value()
}

/// What every method has.
fn head(method: Method) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("name".into(), method.name().into());
    head.insert("summary".into(), method.summary().into());
    head.insert("paramStructure".into(), "by-name".into());
    if let Some(seed) = method.seed_name() {
        head.insert("x-alias".into(), seed.into());
    }
    head
}

/// A method of a later part.
fn unsupported(method: Method) -> Value {
    let mut method = head(method);
    method.insert("params".into(), json!([]));
    method.insert("result".into(), json!({ "name": "result", "schema": false }));
    let error = format!("#/components/errors/{}", Code::NotSupported.name());
    method.insert("errors".into(), json!([{ "$ref": error }]));
    method.into()
}

/// The properties of a struct as named parameters, required ones first.
fn descriptors(schema: &Value) -> Value {
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|other| other == name))
    };
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut list: Vec<_> = properties
        .map(|(name, schema)| json!({ "name": name, "required": required(name), "schema": schema }))
        .collect();
    list.sort_by_key(|descriptor| descriptor.get("required") != Some(&Value::Bool(true)));
    list.into()
}

/// Every error by the name of its code.
fn errors() -> Map<String, Value> {
    let error = |code: &Code| (code.name().to_owned(), json!({ "code": *code as i32, "message": code.meaning() }));
    Code::ALL.iter().map(error).collect()
}
