/** k as a crowd of equal stars; none is marked. */

const SHOWN = 240;
const COLUMNS = 22;
const STEP = 9;
const STAR = "M4 0 5.1 1.3 6.8 1.2 6.7 2.9 8 4 6.7 5.1 6.8 6.8 5.1 6.7 4 8 2.9 6.7 1.2 6.8 1.3 5.1 0 4 1.3 2.9 1.2 1.2 2.9 1.3Z";

export const Crowd = ({ k }: { k: number }) => {
  const shown = Math.min(k, SHOWN);
  const rows = Math.max(1, Math.ceil(shown / COLUMNS));
  return (
    <svg class="crowd" viewBox={`0 0 ${COLUMNS * STEP} ${rows * STEP}`} aria-hidden="true">
      {Array.from({ length: shown }, (_, place) => (
        <path key={place} d={STAR} transform={`translate(${(place % COLUMNS) * STEP} ${Math.floor(place / COLUMNS) * STEP})`} />
      ))}
    </svg>
  );
};
