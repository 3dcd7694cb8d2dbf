/** Numbers that look random, and are the same for one seed (`SEED`; printed by whoever uses them). */
export const dice = (seed = Number(process.env.SEED ?? Date.now() % 1_000_000)) => {
  let state = seed >>> 0;
  // Mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { seed, below, pick: (list) => list[below(list.length)] };
};

/** How often something random is tried: a few times in `test`, as often as THREATS asks for where `PARS_DEEP` is set. */
export const times = (quick, deep) => (process.env.PARS_DEEP === undefined ? quick : deep);
