//! The chain inside the world: `pars-chain` with the real contracts, and what the hosts see of it through an indexer.
//!
//! | Module | Holds |
//! |---|---|
//! | [`ledger`] | the chain itself: transactions that survive reorganisations, blocks, calls |
//! | [`view`] | an indexer that may be late, and the registries that follow from its rows |
//! | [`setting`] | what runs begin with: contracts deployed, nodes registered, locks made, epochs rolled |

pub mod ledger;
pub mod setting;
pub mod view;

pub use ledger::{Ledger, Outcome};
pub use setting::Setting;
pub use view::View;
