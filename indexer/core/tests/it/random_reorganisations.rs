//! THREATS X1: after any schedule of reorganisations the rows equal those of a fresh index of the final chain.

use crate::support::mirror::Driver;
use crate::support::model::{Model, Rng};
use crate::support::{Block, anchor, block};
use pars_indexer_core::In;

/// A branch that can be cut and grown again: the contracts' memory is kept per block.
struct Branch {
    blocks: Vec<Block>,
    models: Vec<Model>,
    salt: u64,
}

impl Branch {
    fn grow(&mut self, rng: &mut Rng, count: u64) {
        for _ in 0..count {
            let mut model = self.models.last().unwrap().clone();
            self.salt += 1;
            let parent = self.blocks.last().map_or(anchor(), |block| block.header.block);
            self.blocks.push(block(parent, self.salt, model.block(rng)));
            self.models.push(model);
        }
    }

    fn cut(&mut self, depth: u64) {
        for _ in 0..depth {
            self.blocks.pop();
            self.models.pop();
        }
    }
}

fn schedule(seed: u64, max_depth: u64) {
    let mut rng = Rng(seed);
    let mut branch = Branch { blocks: vec![], models: vec![Model::default()], salt: 0 };
    let mut driver = Driver::default();
    branch.grow(&mut rng, 4);
    for _ in 0..12 {
        driver.sync(&branch.blocks).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
        match rng.below(4) {
            0 => driver.restart(),
            1 => {
                let depth = max_depth.min(branch.blocks.len() as u64 - 1);
                let last = &branch.blocks[branch.blocks.len() - 1 - depth as usize];
                driver.give(In::Finalized(last.header.block));
            }
            _ => {
                let finalized = driver.mirror.finalized.map_or(0, |block| block.number + 1 - crate::support::START);
                let depth = rng.below(max_depth).min(branch.blocks.len() as u64 - finalized);
                branch.cut(depth);
                // Sometimes the new branch is the shorter one for a while.
                branch.grow(&mut rng, 1);
                driver.sync(&branch.blocks).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
            }
        }
        let more = 1 + rng.below(6);
        branch.grow(&mut rng, more);
    }
    driver.sync(&branch.blocks).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
    let mut fresh = Driver::default();
    fresh.sync(&branch.blocks).unwrap_or_else(|refusal| panic!("seed {seed}, fresh: {refusal}"));
    assert_eq!(driver.mirror.rows, fresh.mirror.rows, "seed {seed}: rows differ from a fresh index");
    assert!(driver.indexer.rows().eq(fresh.indexer.rows()), "seed {seed}: memory differs from a fresh index");
}

#[test]
fn rows_after_random_reorganisations_and_restarts_equal_a_fresh_index() {
    for seed in 1..=100 {
        schedule(seed, 1 + seed % 20);
    }
}

#[test]
fn every_depth_from_1_to_64_is_undone_row_for_row() {
    let mut rng = Rng(42);
    let mut branch = Branch { blocks: vec![], models: vec![Model::default()], salt: 0 };
    branch.grow(&mut rng, 66);
    let mut driver = Driver::default();
    for depth in 1..=64 {
        driver.sync(&branch.blocks).unwrap();
        branch.cut(depth);
        branch.grow(&mut rng, depth);
        driver.sync(&branch.blocks).unwrap_or_else(|refusal| panic!("seed 42, depth {depth}: {refusal}"));
        let mut fresh = Driver::default();
        fresh.sync(&branch.blocks).unwrap();
        assert_eq!(driver.mirror.rows, fresh.mirror.rows, "seed 42, depth {depth}");
    }
}
