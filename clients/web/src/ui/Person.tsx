/** People: a known member is round with a tick, an unnamed one an eight-pointed seal. */
import type { Seat } from "../daemon/types.js";
import { pseudonymOf } from "../i18n/names.js";
import { useUi } from "./hooks.js";
import { Icon } from "./Icon.js";

const STAR = "M20 2 25.3 7.2H32.8V14.7L38 20 32.8 25.3V32.8H25.3L20 38 14.7 32.8H7.2V25.3L2 20 7.2 14.7V7.2H14.7Z";
const ORNAMENTS = [
  "M20 9 22.6 14.4 28 12 25.6 17.4 31 20 25.6 22.6 28 28 22.6 25.6 20 31 17.4 25.6 12 28 14.4 22.6 9 20 14.4 17.4 12 12 17.4 14.4Z",
  "M12.6 12.6H27.4V27.4H12.6ZM20 9.4 30.6 20 20 30.6 9.4 20Z",
  "M20 10.4a9.6 9.6 0 1 1 0 19.2 9.6 9.6 0 0 1 0-19.2ZM20 14.6 25.4 20 20 25.4 14.6 20Z",
  "M20 8.8 23.4 16.6 31.2 20 23.4 23.4 20 31.2 16.6 23.4 8.8 20 16.6 16.6Z",
] as const;

/** The seal of a pseudonym. */
export const Seal = ({ identity, size = 32 }: { identity: string; size?: number }) => {
  const { colour, ornament } = pseudonymOf(identity);
  return (
    <svg class={`seal tint-${colour}`} width={size} height={size} viewBox="0 0 40 40" aria-hidden="true">
      <path class="seal-body" d={STAR} />
      <path class="seal-lines" d={ORNAMENTS[ornament] ?? ORNAMENTS[0]} />
      <circle class="seal-eye" cx="20" cy="20" r={2.6} />
    </svg>
  );
};

type Shown = Pick<Seat, "identity" | "account">;

/** Seal or round picture. */
export const Face = ({ seat, size = 32 }: { seat: Shown; size?: number }) => {
  if (seat.account === null) return <Seal identity={seat.identity} size={size} />;
  const { colour } = pseudonymOf(seat.account.slice(2));
  return (
    <svg class={`avatar tint-${colour}`} width={size} height={size} viewBox="0 0 40 40" aria-hidden="true">
      <circle class="seal-body" cx="20" cy="20" r="20" />
      <text class="avatar-text" x="20" y="25.4" text-anchor="middle">
        {seat.account.slice(2, 4).toUpperCase()}
      </text>
    </svg>
  );
};

/** A name in its own direction, with the tick of a verified account outside it. */
export const Name = ({ seat, name }: { seat: Pick<Seat, "account" | "verified"> | undefined; name: string }) => {
  const { text } = useUi();
  const account = seat?.account ?? null;
  return (
    <span class="name">
      <bdi>{name}</bdi>
      {account !== null && seat?.verified === true && (
        <span class="tick" role="img" aria-label={text.of("room.verified")}>
          <Icon name="check" size={12} />
        </span>
      )}
    </span>
  );
};
