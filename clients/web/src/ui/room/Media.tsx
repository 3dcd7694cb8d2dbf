/** Sound and picture elements. They get tracks only, never addresses. */
import { useEffect, useRef } from "preact/hooks";
import type { Playable } from "../../media/link.js";

const useStream = <E extends HTMLMediaElement>(track: MediaStreamTrack) => {
  const element = useRef<E>(null);
  useEffect(() => {
    const player = element.current;
    if (player === null) return;
    player.srcObject = new MediaStream([track]);
    // After a reload a browser may want a press or a key before it plays.
    const play = (): void => void player.play().catch(() => undefined);
    play();
    const gestures = ["pointerdown", "keydown"] as const;
    for (const gesture of gestures) addEventListener(gesture, play, { once: true });
    return () => {
      for (const gesture of gestures) removeEventListener(gesture, play);
      player.srcObject = null;
    };
  }, [track]);
  return element;
};

/** Whom the server calls muted is drawn so, and then is not heard either: nobody speaks from behind that sign. */
const Sound = ({ playable: { identity, track, muted } }: { playable: Playable }) => {
  const element = useStream<HTMLAudioElement>(track);
  return <audio ref={element} autoplay muted={muted} data-testid="sound" data-identity={identity} />;
};

/** Every microphone that may be heard. */
export const Sounds = ({ tracks }: { tracks: readonly Playable[] }) => (
  <div hidden>
    {tracks
      .filter(({ source }) => source === "microphone")
      .map((playable) => (
        <Sound key={playable.sid} playable={playable} />
      ))}
  </div>
);

interface PictureProps {
  readonly track: MediaStreamTrack;
  readonly identity: string;
  readonly label: string;
  /** A screen is shown whole; a face fills its tile. */
  readonly whole?: boolean;
  readonly mirrored?: boolean;
}

export const Picture = ({ track, identity, label, whole = false, mirrored = false }: PictureProps) => {
  const element = useStream<HTMLVideoElement>(track);
  return (
    <video
      ref={element}
      class={`picture ${whole ? "whole" : ""} ${mirrored ? "as-mirror" : ""}`}
      autoplay
      muted
      playsInline
      aria-label={label}
      data-testid="picture"
      data-identity={identity}
    />
  );
};
