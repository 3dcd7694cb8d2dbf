//! Identities, their records, and everything that somebody may try to pass off as one. One behaviour per file.

mod bundles;
mod cast;
mod codes;
mod generate;
mod ids;
mod links;
mod pins;
mod prekeys;
mod revocations;
mod safety_numbers;
mod seeds;
mod stored_keys;
mod tampering;
mod vectors;
