/** The queue of hands; own place always in sight. Moderators act on it. */
import type { Seat } from "../../daemon/types.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, hands, roleOf } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useUi } from "../hooks.js";
import { SeatMenu } from "./SeatMenu.js";

const SHOWN = 5;

interface HandsProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

export const Hands = ({ live, state, nameOf }: HandsProps) => {
  const { text } = useUi();
  const queue = hands(state);
  const own = queue.findIndex(({ seat }) => seat === state.joined?.seat);
  const isModerator = roleOf(state) === "moderator";
  const shown = isModerator ? queue : queue.filter((_, place) => place < SHOWN || place === own);
  return (
    <section class="hands" data-testid="hands" aria-label={text.of("hands.title")}>
      <p class="hands-head">
        <Icon name="hand" />
        <strong>{text.of("hands.title")}</strong>
        <span class="second">{text.of("hands.waiting", { n: queue.length })}</span>
      </p>
      {queue.length === 0 && <p class="second hands-none">{text.of("hands.none")}</p>}
      <ol>
        {shown.map((seat) => (
          <HandRow
            key={seat.seat}
            live={live}
            state={state}
            seat={seat}
            place={queue.indexOf(seat) + 1}
            name={nameOf(seat.identity)}
            isModerator={isModerator}
          />
        ))}
      </ol>
      {queue.length > shown.length && (
        <p class="second hands-none">{text.of("hands.more", { n: queue.length - shown.length })}</p>
      )}
      <p class="hidden" role="status">
        {own >= 0 ? text.of("hands.you", { n: own + 1 }) : ""}
      </p>
    </section>
  );
};

/** The own place, or who is next, on a phone; opens the panel. */
export const HandCard = ({ state, nameOf, onOpen }: Omit<HandsProps, "live"> & { readonly onOpen: () => void }) => {
  const { text } = useUi();
  const queue = hands(state);
  const own = queue.findIndex(({ seat }) => seat === state.joined?.seat);
  const [next] = queue;
  if (next === undefined) return null;
  return (
    <button type="button" class="hand-card" data-testid="hand-card" onClick={onOpen}>
      <Icon name="hand" />
      <span>
        <strong>{own >= 0 ? text.of("hands.you", { n: own + 1 }) : text.of("hands.waiting", { n: queue.length })}</strong>
        <small>{text.of("hands.next", { name: nameOf(next.identity) })}</small>
      </span>
      <Icon name="next" />
    </button>
  );
};

interface HandRowProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly seat: Seat;
  readonly place: number;
  readonly name: string;
  readonly isModerator: boolean;
}

const HandRow = ({ live, state, seat, place, name, isModerator }: HandRowProps) => {
  const { text } = useUi();
  const isOwn = seat.seat === state.joined?.seat;
  return (
    <li class={isOwn ? "hand-row own" : "hand-row"} data-testid="hand-row" data-identity={seat.identity}>
      <span class="hand-place">{text.number(place)}</span>
      <Face seat={seat} />
      <span class="hand-name">
        <Name seat={seat} name={isOwn ? text.of("room.you", { name }) : name} />
        {isOwn && <small>{text.of("hands.you", { n: place })}</small>}
      </span>
      {isModerator && !isOwn && (
        <>
          <button
            type="button"
            class="plain small"
            data-testid="invite"
            aria-label={`${text.of("hands.invite")}: ${name}`}
            onClick={() => void live.order("unmute", seat.seat)}
          >
            {text.of("hands.invite")}
          </button>
          <SeatMenu live={live} state={state} seat={seat} name={name} />
        </>
      )}
    </li>
  );
};
