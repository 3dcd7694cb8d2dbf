-- Tables of rows: indexer/core/src/rows.rs says what each column means. Numbers up to 63 bits are INTEGER, everything wider
-- is big-endian BLOB. Every row ends with the log it comes from.

CREATE TABLE rooms (
    "room_id" BLOB NOT NULL,
    "creator" BLOB NOT NULL,
    "slot_of" BLOB NOT NULL,
    "kind" INTEGER NOT NULL,
    "capacity" INTEGER NOT NULL,
    "min_balance" BLOB NOT NULL,
    "safe" BLOB NOT NULL,
    "committee" BLOB NOT NULL,
    "metadata_hash" BLOB NOT NULL,
    "closed" INTEGER NOT NULL,
    "created_block" INTEGER NOT NULL,
    "created_log_index" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("room_id")
) STRICT;

CREATE TABLE moderators (
    "room_id" BLOB NOT NULL,
    "account" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("room_id", "account")
) STRICT;

CREATE TABLE members (
    "room_id" BLOB NOT NULL,
    "account" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("room_id", "account")
) STRICT;

CREATE TABLE sittings (
    "room_id" BLOB NOT NULL,
    "sitting_id" INTEGER NOT NULL,
    "root" BLOB NOT NULL,
    "leaf_count" INTEGER NOT NULL,
    "opened_at" INTEGER NOT NULL,
    "ends_at" INTEGER NOT NULL,
    "threshold" BLOB NOT NULL,
    "metadata_hash" BLOB NOT NULL,
    "closed_at" INTEGER,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("room_id", "sitting_id")
) STRICT;

CREATE TABLE seat_delegates (
    "account" BLOB NOT NULL,
    "delegate" BLOB NOT NULL,
    "until" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("account")
) STRICT;

CREATE TABLE locks (
    "account" BLOB NOT NULL,
    "amount" BLOB NOT NULL,
    "end" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("account")
) STRICT;

CREATE TABLE leaves (
    "index" INTEGER NOT NULL,
    "account" BLOB NOT NULL,
    "commitment" BLOB NOT NULL,
    "weight" BLOB NOT NULL,
    "end" INTEGER NOT NULL,
    "root" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("index")
) STRICT;

CREATE TABLE leaf_sets (
    "set_block" INTEGER NOT NULL,
    "set_log_index" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "account" BLOB NOT NULL,
    "commitment" BLOB NOT NULL,
    "weight" BLOB NOT NULL,
    "end" INTEGER NOT NULL,
    "root" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("set_block", "set_log_index")
) STRICT;

CREATE TABLE safes (
    "safe" BLOB NOT NULL,
    "known" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("safe")
) STRICT;

CREATE TABLE safe_owners (
    "safe" BLOB NOT NULL,
    "owner" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("safe", "owner")
) STRICT;

CREATE TABLE nodes (
    "node_id" BLOB NOT NULL,
    "owner" BLOB NOT NULL,
    "operator" BLOB NOT NULL,
    "identity_hash" BLOB NOT NULL,
    "transport_key" BLOB NOT NULL,
    "directory_hash" BLOB NOT NULL,
    "stake" BLOB NOT NULL,
    "unbonding_until" INTEGER,
    "decommissioned" INTEGER NOT NULL,
    "withdrawn" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("node_id")
) STRICT;

CREATE TABLE missed_challenges (
    "node_id" BLOB NOT NULL,
    "epoch" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("node_id", "epoch")
) STRICT;

CREATE TABLE beacons (
    "epoch" INTEGER NOT NULL,
    "beacon" BLOB NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("epoch")
) STRICT;

CREATE TABLE consents (
    "id" BLOB NOT NULL,
    "total" INTEGER NOT NULL,
    "recording_id" BLOB,
    "roster" BLOB,
    "participants" INTEGER,
    "policy" BLOB,
    "recorder" BLOB,
    "valid_until" INTEGER,
    "withdrawn" INTEGER NOT NULL,
    "cid" BLOB,
    "wraps" BLOB,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT;

CREATE TABLE signers (
    "signer_id" BLOB NOT NULL,
    "account" BLOB NOT NULL,
    "key_at" BLOB NOT NULL,
    "rules" BLOB NOT NULL,
    "value_cap" BLOB NOT NULL,
    "per_period" INTEGER NOT NULL,
    "period" INTEGER NOT NULL,
    "valid_until" INTEGER NOT NULL,
    "rotates_to" BLOB,
    "rotates_at" INTEGER,
    "rotated_from" BLOB,
    "revoked" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("signer_id")
) STRICT;

CREATE TABLE actions (
    "signer_id" BLOB NOT NULL,
    "nonce" BLOB NOT NULL,
    "action_hash" BLOB NOT NULL,
    "executed" INTEGER NOT NULL,
    "reason" BLOB,
    "block" INTEGER NOT NULL,
    "log_index" INTEGER NOT NULL,
    "block_hash" BLOB NOT NULL,
    PRIMARY KEY ("signer_id", "nonce")
) STRICT;

CREATE UNIQUE INDEX rooms_in_order ON rooms (created_block, created_log_index);

-- The blocks from the newest final one to the head; undo: what the rows of the block were before it (JSON).
CREATE TABLE blocks (
    "number" INTEGER NOT NULL PRIMARY KEY,
    "hash" BLOB NOT NULL,
    "undo" TEXT NOT NULL
) STRICT;

-- What the database is about; one row, written once.
CREATE TABLE meta (
    "id" INTEGER NOT NULL PRIMARY KEY CHECK ("id" = 1),
    "chain_id" INTEGER NOT NULL,
    "genesis" BLOB NOT NULL,
    "start" INTEGER NOT NULL,
    "contracts" TEXT NOT NULL
) STRICT;

-- How far the rows reach; one row, written in the transaction of every batch. No head: nothing is indexed yet.
CREATE TABLE checkpoint (
    "id" INTEGER NOT NULL PRIMARY KEY CHECK ("id" = 1),
    "head" INTEGER,
    "head_hash" BLOB,
    "head_time" INTEGER NOT NULL,
    "safe" INTEGER NOT NULL,
    "finalized" INTEGER NOT NULL
) STRICT;
