/** The middle of the screen, by the kind of room. */
import { useMemo, useState } from "preact/hooks";
import type { Seat } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import { type RoomState, hands, liveSeats } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useMedia, useUi } from "../hooks.js";
import { Tile, pictureOf } from "./Tile.js";

export interface StageProps {
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

/** At most this many pictures are drawn at once. */
const ROW = 4;
const PAGE = 9;
const FIELD = 108;
const AROUND = 8;

export const Stage = (props: StageProps) => {
  switch (props.state.lobby.kind) {
    case "TownHall":
      return <HallStage {...props} />;
    case "Committee":
      return <CommitteeStage {...props} />;
    case "OpenForum":
      return <ForumStage {...props} />;
  }
};

/** Who holds the large place: a shared screen, else who speaks, else who has a picture, else the first presenter. */
const largeOf = (state: RoomState, seats: readonly Seat[]): { seat: Seat; source: "camera" | "screen" } | undefined => {
  const sharing = seats.find((seat) => pictureOf(state, seat, "screen") !== null);
  if (sharing !== undefined) return { seat: sharing, source: "screen" };
  const seat =
    seats.find(({ identity }) => identity === state.speaker) ??
    seats.find((other) => pictureOf(state, other, "camera") !== null) ??
    seats.find(({ role }) => role === "presenter");
  return seat === undefined ? undefined : { seat, source: "camera" };
};

const HallStage = ({ state, nameOf }: StageProps) => {
  const { text } = useUi();
  const seats = liveSeats(state);
  const large = largeOf(state, seats);
  const row = seats
    .filter((seat) => seat.role !== "member" && (large?.source === "screen" || seat.seat !== large?.seat.seat))
    .slice(0, ROW);
  return (
    <div class="stage hall">
      {large === undefined ? (
        <p class="stage-empty">{text.of("room.nobody")}</p>
      ) : (
        <Tile state={state} seat={large.seat} name={nameOf(large.seat.identity)} source={large.source} large />
      )}
      <div class="strip">
        {row.map((seat) => (
          <Tile key={seat.seat} state={state} seat={seat} name={nameOf(seat.identity)} />
        ))}
        <Agenda state={state} />
      </div>
    </div>
  );
};

const Agenda = ({ state: { lobby, agendaItem } }: { state: RoomState }) => {
  const { text } = useUi();
  const item = lobby.agenda[agendaItem];
  const next = lobby.agenda[agendaItem + 1];
  if (item === undefined) return null;
  return (
    <section class="card agenda" data-testid="agenda">
      <p class="second">
        {text.of("room.agenda")} · {text.of("room.agenda.item", { n: agendaItem + 1, of: lobby.agenda.length })}
      </p>
      <h3>
        <bdi>{visible(item.text)}</bdi>
      </h3>
      <p class="second agenda-foot">
        <span>{text.of("room.agenda.minutes", { n: item.minutes })}</span>
        {next !== undefined && <span>{text.of("room.agenda.next", { item: visible(next.text) })}</span>}
      </p>
    </section>
  );
};

const CommitteeStage = ({ state, nameOf }: StageProps) => {
  const { text } = useUi();
  const [page, setPage] = useState(0);
  const seats = liveSeats(state);
  const pages = Math.max(1, Math.ceil(seats.length / PAGE));
  const at = Math.min(page, pages - 1);
  const sharing = seats.find((seat) => pictureOf(state, seat, "screen") !== null);
  const shown = seats.slice(at * PAGE, (at + 1) * PAGE);
  const columns = shown.length <= 1 ? 1 : shown.length <= 4 ? 2 : 3;
  return (
    <div class="stage committee">
      {sharing !== undefined && <Tile state={state} seat={sharing} name={nameOf(sharing.identity)} source="screen" large />}
      <div class={`grid columns-${columns}`}>
        {shown.map((seat) => (
          <Tile key={seat.seat} state={state} seat={seat} name={nameOf(seat.identity)} />
        ))}
      </div>
      {pages > 1 && (
        <nav class="pages">
          <button type="button" class="plain" data-testid="page-previous" disabled={at === 0} onClick={() => setPage(at - 1)}>
            {text.of("room.pages.previous")}
          </button>
          <span>{text.of("room.pages", { n: at + 1, of: pages })}</span>
          <button type="button" class="plain" data-testid="page-next" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>
            {text.of("room.pages.next")}
          </button>
        </nav>
      )}
    </div>
  );
};

const ForumStage = ({ state, nameOf }: StageProps) => {
  const isNarrow = useMedia("(max-width: 599px)");
  const seats = liveSeats(state);
  const speaker = state.speaker === null ? undefined : seats.find(({ identity }) => identity === state.speaker);
  const around = aroundOf(state, seats, speaker).slice(0, isNarrow ? 4 : AROUND);
  const near = new Set([speaker, ...around.map(({ seat }) => seat)]);
  return (
    <div class="stage forum">
      <div class="circle">
        {around.map(({ seat, word }, place) => (
          <Near key={seat.seat} seat={seat} name={nameOf(seat.identity)} word={word} place={place} />
        ))}
        <Speaker state={state} nameOf={nameOf} speaker={speaker} />
      </div>
      <Listeners seats={seats.filter((seat) => !near.has(seat))} />
    </div>
  );
};

interface NearProps {
  readonly seat: Seat;
  readonly name: string;
  readonly word: "room.next" | "room.spoke" | null;
  readonly place: number;
}

/** Somebody beside the speaker. */
const Near = ({ seat, name, word, place }: NearProps) => {
  const { text } = useUi();
  return (
    <div class={`around place-${place}`} data-identity={seat.identity}>
      <Face seat={seat} size={48} />
      <Name seat={seat} name={name} />
      <small>{word === null ? "" : text.of(word)}</small>
    </div>
  );
};

/** The middle of the circle: who speaks, or spoke last. */
const Speaker = ({ state, nameOf, speaker }: StageProps & { readonly speaker: Seat | undefined }) => {
  const { text } = useUi();
  const level = speaker === undefined ? 0 : (state.speaking.get(speaker.identity) ?? 0);
  return (
    <div class={`centre level-${level}`} data-testid="speaker" data-identity={speaker?.identity}>
      {speaker === undefined ? (
        <p class="second">{text.of("room.nobody")}</p>
      ) : (
        <>
          <span class="centre-face">
            <Face seat={speaker} size={104} />
          </span>
          <p>
            {level > 0 && <Icon name="wave" size={16} />}
            <Name seat={speaker} name={nameOf(speaker.identity)} />
          </p>
          <small>{text.of(level > 0 ? "room.speaks" : "room.spoke")}</small>
        </>
      )}
    </div>
  );
};

/** Everybody else, as a field. */
const Listeners = ({ seats }: { seats: readonly Seat[] }) => {
  const { text } = useUi();
  const listening = useRandomOrder(seats);
  const known = listening.filter(({ account }) => account !== null).length;
  return (
    <section class="card field-card" data-testid="listeners">
      <p class="field-head">
        <strong>{text.of("room.listening", { n: listening.length })}</strong>
        {listening.length > 0 && (
          <span class="second">{text.of("room.listening.of", { known, anonymous: listening.length - known })}</span>
        )}
      </p>
      {listening.length > 0 && (
        <>
          <div class="field-of-people">
            {listening.slice(0, FIELD).map((seat) => (
              <Face key={seat.seat} seat={seat} size={22} />
            ))}
          </div>
          <p class="second">
            {listening.length > FIELD
              ? text.of("room.listening.more", { n: listening.length - FIELD })
              : text.of("room.listening.order")}
          </p>
        </>
      )}
    </section>
  );
};

/** Next in the queue, who spoke, who presents. */
const aroundOf = (state: RoomState, seats: readonly Seat[], speaker: Seat | undefined) => {
  const [next] = hands(state);
  const around: Pick<NearProps, "seat" | "word">[] = [];
  const add = (seat: Seat | undefined, word: NearProps["word"]): void => {
    if (seat !== undefined && seat !== speaker && !around.some((other) => other.seat === seat)) around.push({ seat, word });
  };
  add(next, "room.next");
  for (const seat of seats) if (seat.role !== "member") add(seat, null);
  for (const identity of state.spoke)
    add(
      seats.find((seat) => seat.identity === identity),
      "room.spoke",
    );
  for (const seat of hands(state)) add(seat, null);
  return around;
};

/** An order that does not show who came when: by numbers that this tab draws for each identity. */
const useRandomOrder = (seats: readonly Seat[]): readonly Seat[] => {
  const draws = useMemo(() => new Map<string, number>(), []);
  const draw = ({ identity }: Seat): number => {
    const place = draws.get(identity) ?? Math.random();
    draws.set(identity, place);
    return place;
  };
  return [...seats].sort((one, other) => draw(one) - draw(other));
};
