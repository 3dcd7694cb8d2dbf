/** The roster: everybody who is there, with badge or pseudonym. */
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, listedSeats, roleOf } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useUi } from "../hooks.js";
import { SeatMenu } from "./SeatMenu.js";
import { isHeard } from "./Tile.js";

/** Rows that are drawn; a whole Town Hall would be slow on an old phone. */
const DRAWN = 200;

interface PeopleProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

const roleKey = { presenter: "room.role.presenter", moderator: "room.role.moderator" } as const;

export const People = ({ live, state, nameOf }: PeopleProps) => {
  const { text } = useUi();
  const seats = listedSeats(state);
  const isModerator = roleOf(state) === "moderator";
  return (
    <div class="people">
      {isModerator && (
        <button type="button" class="plain wide" data-testid="mute-all" onClick={() => void live.order("muteAll")}>
          <Icon name="micOff" />
          {text.of("mod.muteAll")}
        </button>
      )}
      <ul data-testid="roster">
        {seats.slice(0, DRAWN).map((seat) => {
          const isOwn = seat.seat === state.joined?.seat;
          const name = nameOf(seat.identity);
          return (
            <li
              key={seat.seat}
              class="person-row"
              data-testid="seat"
              data-identity={seat.identity}
              data-seat={seat.seat}
              data-role={seat.role}
              data-verified={seat.verified}
              data-anonymous={seat.anonymous}
            >
              <Face seat={seat} />
              <span class="hand-name">
                <Name seat={seat} name={isOwn ? text.of("room.you", { name }) : name} />
                <small>
                  {seat.verified
                    ? seat.role === "member"
                      ? text.of(seat.anonymous ? "pre.anonymous" : "status.id.known")
                      : text.of(roleKey[seat.role])
                    : text.of("room.unverified")}
                </small>
                {seat.unshared && (
                  <span class="chip caution" data-testid="unshared">
                    {text.of("room.unshared")}
                  </span>
                )}
              </span>
              {seat.hand !== null && <Icon name="hand" size={16} />}
              <span class="heard" role="img" aria-label={text.of(isHeard(state, seat) ? "room.live.other" : "room.muted")}>
                <Icon name={isHeard(state, seat) ? "mic" : "micOff"} size={16} />
              </span>
              {isModerator && !isOwn && <SeatMenu live={live} state={state} seat={seat} name={name} />}
            </li>
          );
        })}
      </ul>
      {seats.length > DRAWN && <p class="second">{text.of("hands.more", { n: seats.length - DRAWN })}</p>}
    </div>
  );
};
