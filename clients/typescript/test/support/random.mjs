// Random numbers that a failing test can repeat: PARS_SEED in the environment, else drawn; printed in any case.
export const seeded = (context) => {
  const seed = Number(process.env.PARS_SEED ?? Math.floor(Math.random() * 2 ** 32));
  context.diagnostic(`PARS_SEED=${seed}`);
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
