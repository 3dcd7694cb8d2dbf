/** The room list. */
import type { RoomKind, RoomSummary } from "../daemon/types.js";
import { visible } from "../i18n/visible.js";
import { Frame } from "./Frame.js";
import { Icon, type IconName } from "./Icon.js";
import { Places } from "./Places.js";
import { useUi } from "./hooks.js";

export const kindIcon: Readonly<Record<RoomKind, IconName>> = { TownHall: "hall", Committee: "committee", OpenForum: "forum" };

export const Rooms = ({ rooms }: { rooms: readonly RoomSummary[] | null }) => {
  const { text } = useUi();
  const live = rooms?.filter(({ sitting }) => sitting !== null) ?? [];
  const later = rooms?.filter(({ sitting }) => sitting === null) ?? [];
  return (
    <Frame title={text.of("app.title")}>
      <div class="rooms">
        <Places at="rooms" />
        <h2 class="page-title">{text.of("rooms.title")}</h2>
        <p class="page-sub">{text.of("rooms.subtitle")}</p>
        {rooms === null ? (
          <p role="status">{text.of("app.loading")}</p>
        ) : (
          <>
            <RoomGroup title={text.of("rooms.live")} rooms={live} isLive />
            {live.length === 0 && (
              <p class="card quiet-card" data-testid="no-rooms">
                {text.of("rooms.none")}
              </p>
            )}
            {later.length > 0 && <RoomGroup title={text.of("rooms.later")} rooms={later} isLive={false} />}
          </>
        )}
      </div>
    </Frame>
  );
};

const RoomGroup = ({ title, rooms, isLive }: { title: string; rooms: readonly RoomSummary[]; isLive: boolean }) => {
  const { text } = useUi();
  if (rooms.length === 0) return null;
  return (
    <section class="card group">
      <div class="group-head">
        {isLive && <span class="dot" aria-hidden="true" />}
        <h3>{title}</h3>
        <span class="group-count">{text.number(rooms.length)}</span>
      </div>
      <ul>
        {rooms.map((room) => (
          <RoomRow key={room.room} room={room} />
        ))}
      </ul>
    </section>
  );
};

/** How full it is; where nobody was asked, how many it takes. */
export const seatsOf = ({ seats, capacity }: RoomSummary, text: ReturnType<typeof useUi>["text"]): string =>
  seats === null ? text.of("rooms.capacity", { of: capacity }) : text.of("rooms.seats", { n: seats, of: capacity });

const RoomRow = ({ room }: { room: RoomSummary }) => {
  const { app, text } = useUi();
  const title = room.title === null ? text.of("rooms.sealed") : visible(room.title);
  return (
    <li class="room-row" data-testid="room-row" data-room={room.room} data-kind={room.kind}>
      <span class="room-mark" data-live={room.sitting !== null}>
        <Icon name={kindIcon[room.kind]} size={24} />
      </span>
      <div class="room-about">
        <h4>
          <bdi>{title}</bdi>
        </h4>
        <p>
          {text.of(`kind.${room.kind}`)} · {seatsOf(room, text)}
          {room.sitting !== null && <> · {text.of("rooms.until", { time: text.time(room.sitting.endsAt) })}</>}
        </p>
        <ul class="chips">
          {!room.host && <li class="chip caution">{text.of("rooms.noHost")}</li>}
          {room.kind === "Committee" && <li class="chip">{text.of("rooms.identity")}</li>}
          {room.kind === "OpenForum" && <li class="chip">{text.of("rooms.sound")}</li>}
          <li class="chip">{text.of("rooms.recorded")}</li>
        </ul>
      </div>
      <button
        type="button"
        class={room.sitting === null ? "plain" : "primary"}
        data-testid="enter-room"
        aria-label={`${text.of(room.sitting === null ? "rooms.details" : "rooms.enter")}: ${title}`}
        onClick={() => void app.lobby(room.room)}
      >
        {text.of(room.sitting === null ? "rooms.details" : "rooms.enter")}
      </button>
    </li>
  );
};
