/** One person's tile: picture, or face; name below. */
import type { Seat } from "../../daemon/types.js";
import type { RoomState } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useUi } from "../hooks.js";
import { Picture } from "./Media.js";

interface TileProps {
  readonly state: RoomState;
  readonly seat: Seat;
  readonly name: string;
  readonly source?: "camera" | "screen";
  readonly large?: boolean;
}

export const Tile = ({ state, seat, name, source = "camera", large = false }: TileProps) => {
  const { text } = useUi();
  const isOwn = seat.seat === state.joined?.seat;
  const track = pictureOf(state, seat, source);
  const level = state.speaking.get(seat.identity) ?? 0;
  return (
    <figure
      class={`tile ${large ? "large" : ""} ${level > 0 ? `speaking level-${level}` : ""}`}
      data-testid="tile"
      data-identity={seat.identity}
    >
      {/* Below a camera's picture too: it is seen until the first frame, and where no frame opens. */}
      {(track === null || source === "camera") && (
        <span class="tile-face">
          <Face seat={seat} size={large ? 128 : 72} />
          {track === null && <span class="hidden">{text.of("room.cameraOff")}</span>}
        </span>
      )}
      {track !== null && (
        <Picture
          track={track}
          identity={seat.identity}
          label={name}
          whole={source === "screen"}
          mirrored={isOwn && source === "camera"}
        />
      )}
      <figcaption class="tile-label">
        {level > 0 ? <Icon name="wave" size={16} /> : !isHeard(state, seat) && <Icon name="micOff" size={16} />}
        <Name seat={seat} name={isOwn ? text.of("room.you", { name }) : name} />
      </figcaption>
    </figure>
  );
};

/** The picture of a seat that may be drawn now. */
export const pictureOf = (state: RoomState, seat: Seat, source: "camera" | "screen"): MediaStreamTrack | null => {
  if (seat.seat === state.joined?.seat) return source === "camera" ? state.ownPicture : state.screen;
  const sent = state.tracks.find((track) => track.identity === seat.identity && track.source === source && !track.muted);
  return sent?.track ?? null;
};

/** Whether the microphone of a seat is open. */
export const isHeard = (state: RoomState, seat: Seat): boolean => {
  if (seat.seat === state.joined?.seat) return state.microphone === "live";
  return state.tracks.some((track) => track.identity === seat.identity && track.source === "microphone" && !track.muted);
};
