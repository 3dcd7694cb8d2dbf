/** Recording in one room: who asks, what this member answers, what is told of it. The daemon decides; nothing here makes it so. */
import type { Daemon, DaemonErrorName } from "../daemon/client.js";
import type { RecordingStatus } from "../daemon/types.js";
import type { Key } from "../i18n/en.js";
import { type Notice, type RoomState, hasAgreed, recorderOf, recordingPhase } from "./room-state.js";
import type { Store } from "./store.js";

/** What everybody is asked to agree to. */
export interface Terms {
  readonly days: number;
  /** How long the consent holds. */
  readonly seconds: number;
}

/** How the member is told. */
export interface Voice {
  say(key: Key, weight: Notice["weight"], number: number | null): void;
  hush(isOver: (key: Key) => boolean): void;
}

const DAY_SECONDS = 86_400;
/** What is told of how recording stands: the newest alone stands. */
const TOLD: readonly Key[] = [
  "recording.started",
  "recording.paused",
  "recording.stopped",
  "recording.notAgreed",
  "recording.notBegun",
];
/** Of presses that had no effect: over when nothing is left that they would do. */
const isDone: Readonly<Partial<Record<Key, (now: RecordingStatus) => boolean>>> = {
  "recording.unanswered": ({ ask }) => ask === null,
  "recording.notBack": ({ agreed }) => agreed === null,
  "recording.notStopped": ({ own }) => own === null || own.state === "sealing" || own.state === "anchored",
};

export class Consent {
  /** Recordings that this member said no to, or gave up: how they end is no news. */
  readonly #own = new Set<string>();

  constructor(
    private readonly store: Store<RoomState>,
    private readonly daemon: Pick<Daemon, "call">,
    private readonly voice: Voice,
  ) {}

  /** Takes what the daemon says, whole, and tells what changed. */
  hear(recording: RecordingStatus): void {
    const before = this.store.value;
    this.store.set({ recording, asked: recording.ask ?? before.asked });
    this.voice.hush((key) => isDone[key]?.(recording) === true);
    if (recording.unsigned !== null && before.recording?.unsigned == null) this.#say("recording.notSigned", "danger");
    if (recording.unsigned === null) this.voice.hush((key) => key === "recording.notSigned");
    const change = this.#changed(before.recording, recording);
    if (change === null) return;
    this.voice.hush((key) => TOLD.includes(key));
    if (change === "recording.started") this.#say(change, "danger", recording.participants);
    else this.#say(change, change === "recording.notAgreed" || change === "recording.notBegun" ? "calm" : "caution");
  }

  /** Asks everybody; gives back why the daemon did not. */
  async propose({ days, seconds }: Terms): Promise<DaemonErrorName | null> {
    const { room } = this.store.value.lobby;
    try {
      this.hear(
        await this.daemon.call("recording.propose", { room, retentionSeconds: days * DAY_SECONDS, validSeconds: seconds }),
      );
      return null;
    } catch (error) {
      return (error as { reason?: DaemonErrorName }).reason ?? "Refused";
    }
  }

  /** Says yes or no to what is asked. Nothing else than this call is a yes. */
  async answer(recording: string, agree: boolean): Promise<void> {
    if (!agree) this.#own.add(recording);
    await this.#ask(
      () => this.daemon.call("recording.answer", { room: this.store.value.lobby.room, recording, agree }),
      "recording.unanswered",
    );
  }

  /** Takes the own yes back, whether it is recorded already or not. */
  async takeBack(): Promise<void> {
    const recording = this.store.value.recording?.agreed ?? null;
    if (recording === null) return;
    this.#own.add(recording);
    const { room } = this.store.value.lobby;
    await this.#ask(() => this.daemon.call("recording.answer", { room, recording, agree: false }), "recording.notBack");
  }

  /** Ends the own recording, or the question for it. */
  async stop(): Promise<void> {
    const own = this.store.value.recording?.own ?? null;
    if (own !== null) this.#own.add(own.recording);
    await this.#ask(() => this.daemon.call("recording.stop", { room: this.store.value.lobby.room }), "recording.notStopped");
  }

  async #ask(call: () => Promise<RecordingStatus>, failed: Key): Promise<void> {
    try {
      this.hear(await call());
    } catch {
      this.#say(failed, "danger");
    }
  }

  /** What the step from one state to the next is called; null: no news. */
  #changed(before: RecordingStatus | null, now: RecordingStatus): Key | null {
    const wasOn = before?.recorder != null;
    if (now.recorder !== null) {
      const isNews = !wasOn || before.participants === null;
      return isNews && now.participants !== null && hasAgreed(this.store.value) ? "recording.started" : null;
    }
    if (wasOn) return now.phase === "off" || now.phase === "sealing" ? "recording.stopped" : "recording.paused";
    if (now.phase !== "off" || before === null) return null;
    if (this.#own.has(before.ask?.recording ?? before.agreed ?? before.own?.recording ?? "")) return null;
    if (before.phase === "paused") return "recording.stopped";
    if (before.phase === "asked" || before.phase === "proposed") return "recording.notAgreed";
    return before.phase === "collecting" ? "recording.notBegun" : null;
  }

  #say(key: Key, weight: Notice["weight"], number: number | null = null): void {
    this.voice.say(key, weight, number);
  }
}

/** What may be asked of the daemon by this seat now. */
export const mayPropose = (state: RoomState): boolean =>
  state.ended === null && state.joined !== null && recorderOf(state) === null && recordingPhase(state) === "off";
