// Made from node/rpc/openrpc.json by scripts/generate.mjs. Not edited by hand.
import type { Schema } from "../schema.js";
import type { Methods } from "./types.js";

/** What the types look like at run time. */
export const definitions: Readonly<Record<string, Schema>> = {
  "Certificate": {"properties":{"certificate":{"type":"string"}},"required":["certificate"],"type":"object"},
  "Chain": {"properties":{"finalized":{"minimum":0,"type":"integer"},"head":{"minimum":0,"type":"integer"},"synced":{"type":"boolean"}},"required":["head","finalized","synced"],"type":"object"},
  "Created": {"properties":{"id":{"type":"string"},"link":{"type":"string"},"published":{"type":"boolean"},"revocation":{"type":"string"}},"required":["id","link","published","revocation"],"type":"object"},
  "Direction": {"oneOf":[{"const":"sent","type":"string"},{"const":"received","type":"string"}]},
  "Event": {"oneOf":[{"properties":{"data":{"$ref":"#/components/schemas/Message"},"type":{"const":"messageReceived","type":"string"}},"required":["type","data"],"type":"object"},{"properties":{"data":{"$ref":"#/components/schemas/Message"},"type":{"const":"messageUpdated","type":"string"}},"required":["type","data"],"type":"object"},{"properties":{"data":{"$ref":"#/components/schemas/Session"},"type":{"const":"sessionChanged","type":"string"}},"required":["type","data"],"type":"object"},{"properties":{"data":{"properties":{"reason":{"type":"string"}},"required":["reason"],"type":"object"},"type":{"const":"gap","type":"string"}},"required":["type","data"],"type":"object"},{"properties":{"data":{"type":"object"},"type":{"const":"published","type":"string"}},"required":["type","data"],"type":"object"}]},
  "ForwardSecrecy": {"oneOf":[{"const":"full","type":"string"},{"const":"reduced","type":"string"}]},
  "Hex16": {"pattern":"^[0-9a-fA-F]{32}$","type":"string"},
  "Hex20": {"pattern":"^[0-9a-fA-F]{40}$","type":"string"},
  "Hex32": {"pattern":"^[0-9a-fA-F]{64}$","type":"string"},
  "Identity": {"properties":{"id":{"type":"string"},"link":{"type":"string"},"published":{"type":"boolean"}},"required":["id","link","published"],"type":"object"},
  "Message": {"oneOf":[{"properties":{"state":{"const":"queued","type":"string"}},"required":["state"],"type":"object"},{"properties":{"copies":{"minimum":0,"type":"integer"},"state":{"const":"stored","type":"string"}},"required":["state","copies"],"type":"object"},{"properties":{"copies":{"minimum":0,"type":"integer"},"state":{"const":"insufficientStorage","type":"string"}},"required":["state","copies"],"type":"object"},{"properties":{"state":{"const":"unread","type":"string"}},"required":["state"],"type":"object"},{"properties":{"state":{"const":"read","type":"string"}},"required":["state"],"type":"object"}],"properties":{"content":{"type":"string"},"cursor":{"minimum":0,"type":"integer"},"direction":{"allOf":[{"$ref":"#/components/schemas/Direction"}]},"id":{"allOf":[{"$ref":"#/components/schemas/Hex16"}]},"kind":{"type":"string"},"sender":{"type":"string"},"sequence":{"minimum":0,"type":"integer"},"session":{"allOf":[{"$ref":"#/components/schemas/Hex32"}]},"timestamp":{"minimum":0,"type":"integer"}},"required":["cursor","id","session","sender","direction","sequence","timestamp","kind","content"],"type":"object"},
  "Messages": {"properties":{"messages":{"items":{"$ref":"#/components/schemas/Message"},"type":"array"},"next":{"minimum":0,"type":["integer","null"]}},"required":["messages","next"],"type":"object"},
  "Peer": {"properties":{"addresses":{"items":{"type":"string"},"type":"array"},"described":{"type":"boolean"},"firstRelay":{"type":"boolean"},"node":{"type":"string"},"operator":{"type":"string"},"stake":{"type":"string"}},"required":["node","operator","stake","addresses","described","firstRelay"],"type":"object"},
  "Peers": {"properties":{"peers":{"items":{"$ref":"#/components/schemas/Peer"},"type":"array"}},"required":["peers"],"type":"object"},
  "PqAuth": {"oneOf":[{"const":"none","type":"string"},{"const":"pending","type":"string"},{"const":"confirmed","type":"string"}]},
  "Sent": {"properties":{"clientId":{"allOf":[{"$ref":"#/components/schemas/Hex16"}]},"id":{"allOf":[{"$ref":"#/components/schemas/Hex16"}]}},"required":["id","clientId"],"type":"object"},
  "Session": {"properties":{"archived":{"type":"boolean"},"fs":{"allOf":[{"$ref":"#/components/schemas/ForwardSecrecy"}]},"id":{"allOf":[{"$ref":"#/components/schemas/Hex32"}]},"peer":{"type":"string"},"pqAuth":{"allOf":[{"$ref":"#/components/schemas/PqAuth"}]},"ratchet":{"anyOf":[{"$ref":"#/components/schemas/Hex32"},{"type":"null"}]},"unread":{"minimum":0,"type":"integer"},"verified":{"type":"boolean"}},"required":["id","peer","ratchet","pqAuth","fs","verified","archived","unread"],"type":"object"},
  "State": {"oneOf":[{"const":"noIdentity","type":"string"},{"const":"connecting","type":"string"},{"const":"ready","type":"string"},{"const":"degraded","type":"string"}]},
  "Status": {"properties":{"acknowledged":{"minimum":0,"type":"integer"},"chain":{"allOf":[{"$ref":"#/components/schemas/Chain"}]},"chainId":{"minimum":0,"type":"integer"},"cursor":{"minimum":0,"type":"integer"},"executor":{"type":"boolean"},"firstRelay":{"type":["string","null"]},"network":{"type":"string"},"outgoing":{"minimum":0,"type":"integer"},"relays":{"minimum":0,"type":"integer"},"service":{"type":["string","null"]},"state":{"allOf":[{"$ref":"#/components/schemas/State"}]},"version":{"type":"string"}},"required":["network","chainId","version","state","chain","relays","firstRelay","outgoing","service","executor","cursor","acknowledged"],"type":"object"},
};

/** What each method answers. */
export const results: Readonly<Record<keyof Methods, Schema>> = {
  "identity.create": {"$ref":"#/components/schemas/Created"},
  "identity.get": {"$ref":"#/components/schemas/Identity"},
  "session.create": {"$ref":"#/components/schemas/Session"},
  "session.list": {"items":{"$ref":"#/components/schemas/Session"},"type":"array"},
  "session.close": {"$ref":"#/components/schemas/Session"},
  "message.send": {"$ref":"#/components/schemas/Sent"},
  "message.list": {"$ref":"#/components/schemas/Messages"},
  "message.markRead": {"type":"null"},
  "status.get": {"$ref":"#/components/schemas/Status"},
  "peers.list": {"$ref":"#/components/schemas/Peers"},
  "event.subscribe": {"type":"null"},
  "event.ack": {"type":"null"},
  "trigger.certify": {"$ref":"#/components/schemas/Certificate"},
  "trigger.send": {"$ref":"#/components/schemas/Sent"},
};

/** The daemon's errors: their stable names and numbers. */
export const errorNumbers = {
  "ActionRefused": -32012,
  "Busy": -32005,
  "ContentSize": -32006,
  "IdentityExists": -32001,
  "Internal": -32603,
  "InvalidParams": -32602,
  "InvalidRequest": -32600,
  "MethodNotFound": -32601,
  "NoIdentity": -32000,
  "NotConnected": -32010,
  "NotSupported": -32008,
  "Parse": -32700,
  "RecipientNotFound": -32003,
  "RecipientRefused": -32004,
  "SessionState": -32007,
  "Timeout": -32011,
  "UnknownSession": -32002,
  "WrongNetwork": -32009,
} as const;
