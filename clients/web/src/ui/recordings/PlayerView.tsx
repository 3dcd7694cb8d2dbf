/** A span being played: pictures, sounds, the clock, and a lane for each seat. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { PlayedTrack } from "../../daemon/types.js";
import { nameOf } from "../../i18n/names.js";
import { visible } from "../../i18n/visible.js";
import { type Player, type PlayerState, isAt } from "../../state/player.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useStore, useUi } from "../hooks.js";

/** Pictures drawn at once. */
const DRAWN = 4;
const RATES = [1, 1.25, 1.5, 2] as const;
/** Lanes are drawn in thousandths of the whole. */
const WIDTH = 1000;
const THIN = 4;

/** Whose a track is: a recording names pseudonyms only. */
const whose = ({ pseudonym }: PlayedTrack) => ({ identity: visible(pseudonym), account: null });

/** The element of a track: given to the player once, as long as it is drawn. */
const useAttached = <T extends HTMLMediaElement>(player: Player, track: number): RefObject<T | null> => {
  const element = useRef<T | null>(null);
  useEffect(() => {
    player.attach(track, element.current);
    return () => player.attach(track, null);
  }, [player, track]);
  return element;
};

/** Sound has files of its own. */
const Film = ({ player, track }: { player: Player; track: number }) => (
  <video muted playsInline preload="auto" ref={useAttached<HTMLVideoElement>(player, track)} />
);

const Sound = ({ player, track }: { player: Player; track: number }) => (
  <audio preload="auto" data-testid="recorded-sound" ref={useAttached<HTMLAudioElement>(player, track)} />
);

export const Cinema = ({ player }: { player: Player }) => {
  const { text } = useUi();
  const { tracks, files, atMs } = useStore(player.store);
  const pictures = tracks.filter(({ codec, track }) => codec === "vp8" && files.has(track));
  const shown = pictures.filter((track) => isAt(track, atMs)).slice(-DRAWN);
  return (
    <div class="cinema" data-testid="cinema" data-shown={shown.length}>
      {pictures.map((track) => (
        <figure key={track.track} hidden={!shown.includes(track)}>
          <Film player={player} track={track.track} />
          <figcaption class="tile-label">
            <Name seat={undefined} name={nameOf(whose(track), text)} />
          </figcaption>
        </figure>
      ))}
      {shown.length === 0 && <p>{text.of("player.noPicture")}</p>}
    </div>
  );
};

export const Sounds = ({ player }: { player: Player }) => {
  const { tracks, files } = useStore(player.store);
  return (
    <>
      {tracks
        .filter(({ codec, track }) => codec === "opus" && files.has(track))
        .map(({ track }) => (
          <Sound key={track} player={player} track={track} />
        ))}
    </>
  );
};

const stateOf = ({ phase, isPlaying, atMs, lengthMs }: PlayerState): string =>
  phase !== "ready" ? phase : isPlaying ? "playing" : atMs >= lengthMs && lengthMs > 0 ? "ended" : "ready";

export const Controls = ({ player }: { player: Player }) => {
  const { text } = useUi();
  const state = useStore(player.store);
  const { phase, percent, isPlaying } = state;
  return (
    <section class="card controls" data-testid="player" data-span={player.span} data-state={stateOf(state)}>
      <button
        type="button"
        class="primary"
        data-testid="player-play"
        disabled={phase !== "ready"}
        onClick={() => (isPlaying ? player.pause() : player.play())}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
        {text.of(isPlaying ? "player.pause" : "player.play")}
      </button>
      {phase === "loading" ? (
        <p role="status">{text.of("player.loading", { p: percent })}</p>
      ) : (
        <>
          <Clock player={player} state={state} />
          <Settings player={player} state={state} />
        </>
      )}
    </section>
  );
};

interface ControlProps {
  readonly player: Player;
  readonly state: PlayerState;
}

/** Where it is, and the way to another place. */
const Clock = ({ player, state: { atMs, lengthMs } }: ControlProps) => {
  const { text } = useUi();
  const said = text.of("player.at", { at: text.duration(atMs / 1000), length: text.duration(lengthMs / 1000) });
  return (
    <>
      <span class="time" data-testid="player-time" data-at={Math.floor(atMs)}>
        {said}
      </span>
      <input
        class="seek"
        type="range"
        dir="ltr"
        min={0}
        max={lengthMs}
        step={100}
        value={atMs}
        aria-label={text.of("player.seek")}
        aria-valuetext={said}
        data-testid="player-seek"
        onInput={(event) => player.seek(Number(event.currentTarget.value))}
      />
    </>
  );
};

/** How fast and how loud. */
const Settings = ({ player, state: { rate, volume } }: ControlProps) => {
  const { text } = useUi();
  return (
    <>
      <select
        aria-label={text.of("player.rate")}
        data-testid="player-rate"
        value={rate}
        onChange={(event) => player.setRate(Number(event.currentTarget.value))}
      >
        {RATES.map((each) => (
          <option key={each} value={each}>
            {text.of("player.rate.value", { rate: each })}
          </option>
        ))}
      </select>
      <label class="volume-field">
        <Icon name="speaker" />
        <input
          class="volume"
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={volume}
          aria-label={text.of("player.volume")}
          data-testid="player-volume"
          onInput={(event) => player.setVolume(Number(event.currentTarget.value))}
        />
      </label>
    </>
  );
};

export const Lanes = ({ player }: { player: Player }) => {
  const { text } = useUi();
  const { phase, tracks, files, atMs, lengthMs } = useStore(player.store);
  const seats = [...new Map(tracks.map((track) => [track.pseudonym, track])).values()];
  const left = phase === "ready" ? tracks.filter(({ track }) => !files.has(track)).length : 0;
  const broken = tracks.filter(({ ending }) => ending === "torn").length;
  if (lengthMs === 0) return null;
  return (
    <section class="card lanes" data-testid="lanes" aria-labelledby="lanes-title">
      <div class="lanes-head">
        <h3 id="lanes-title">{text.of("player.lanes")}</h3>
        <p class="legend second">
          <span>
            <span class="mark" aria-hidden="true" />
            {text.of("player.sound")}
          </span>
          <span>
            <span class="mark picture-mark" aria-hidden="true" />
            {text.of("player.picture")}
          </span>
        </p>
      </div>
      {seats.map((seat) => (
        <Lane
          key={seat.pseudonym}
          seat={seat}
          tracks={tracks.filter(({ pseudonym }) => pseudonym === seat.pseudonym)}
          atMs={atMs}
          lengthMs={lengthMs}
        />
      ))}
      <p class="second">{text.of("player.names")}</p>
      {broken > 0 && <p class="note caution">{text.of("player.broken", { n: broken })}</p>}
      {left > 0 && <p class="note caution">{text.of("player.left", { n: left })}</p>}
    </section>
  );
};

interface LaneProps {
  readonly seat: PlayedTrack;
  readonly tracks: readonly PlayedTrack[];
  readonly atMs: number;
  readonly lengthMs: number;
}

/** One seat: sound is a thick bar, a picture a thin one below it; the words say the same. */
const Lane = ({ seat, tracks, atMs, lengthMs }: LaneProps) => {
  const { text } = useUi();
  const place = (ms: number): number => (WIDTH * Math.min(ms, lengthMs)) / lengthMs;
  return (
    <div class="lane" data-testid="lane" data-identity={seat.pseudonym}>
      <span class="who">
        <Face seat={whose(seat)} size={28} />
        <Name seat={undefined} name={nameOf(whose(seat), text)} />
      </span>
      <svg class="times" viewBox={`0 0 ${WIDTH} 18`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="track-ground" x="0" y="4" width={WIDTH} height="10" />
        {tracks.map(({ track, codec, beganMs, endedMs }) => (
          <rect
            key={track}
            class={codec === "opus" ? "heard-span" : "seen-span"}
            x={place(beganMs)}
            y={codec === "opus" ? 4 : 14}
            width={Math.max(THIN, place(endedMs) - place(beganMs))}
            height={codec === "opus" ? 10 : 4}
          />
        ))}
        <rect class="now" x={place(atMs)} y="0" width={THIN / 2} height="18" />
      </svg>
      <ul class="hidden">
        {tracks.map(({ track, codec, beganMs, endedMs }) => (
          <li key={track}>
            {text.of("player.lane", {
              what: text.of(codec === "opus" ? "player.sound" : "player.picture"),
              from: text.duration(beganMs / 1000),
              to: text.duration(endedMs / 1000),
            })}
          </li>
        ))}
      </ul>
    </div>
  );
};
