//! The machine, driven by chains made by hand.

mod logs_of_a_block;
mod pinned_tree;
mod random_reorganisations;
mod safe_owners;
mod support;
mod window;
