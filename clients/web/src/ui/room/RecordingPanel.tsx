/** What stands behind the status cell of recording: the facts, and what can be done about them by this seat. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { RecordingStatus } from "../../daemon/types.js";
import type { Key } from "../../i18n/en.js";
import { visible } from "../../i18n/visible.js";
import { mayPropose } from "../../state/consent.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, ownRecording, recorderOf, recordingPhase } from "../../state/room-state.js";
import { Dialog } from "../Dialog.js";
import { useNow, useUi } from "../hooks.js";
import { sharedWith } from "./cells.js";

interface RecordingPanelProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
  readonly onPropose: () => void;
  readonly onClose: () => void;
}

const DAY_SECONDS = 86_400;

const titles: Readonly<Record<RecordingStatus["phase"], Key>> = {
  off: "recording.title.no",
  asked: "recording.title.asked",
  proposed: "recording.title.asked",
  collecting: "recording.title.asked",
  active: "recording.title.on",
  paused: "recording.title.paused",
  sealing: "recording.title.sealing",
};

export const RecordingPanel = (props: RecordingPanelProps) => {
  const { state, onPropose, onClose } = props;
  const { text } = useUi();
  const phase = recordingPhase(state);
  const unsigned = state.recording?.unsigned ?? null;
  return (
    <Dialog title={text.of(titles[phase])} testid="about-rec" onClose={onClose}>
      {phase === "off" && <p>{text.of("about.rec.text")}</p>}
      {phase === "active" && <Running {...props} />}
      {phase !== "off" && phase !== "active" && (
        <p>{text.of(phase === "asked" ? "recording.waits.answer" : `recording.waits.${phase}`)}</p>
      )}
      {unsigned !== null && (
        <p class="note caution" data-testid="recording-unsigned">
          {text.of("recording.unsigned")} <bdi>{visible(unsigned)}</bdi>
        </p>
      )}
      <Own state={state} />
      <Doing {...props} />
      {mayPropose(state) && (
        <>
          <p class="second">{text.of("recording.propose.text")}</p>
          <button type="button" class="plain wide" data-testid="recording-propose" onClick={onPropose}>
            {text.of("recording.propose")}
          </button>
        </>
      )}
    </Dialog>
  );
};

const Row = ({ title, children }: { title: Key; children: ComponentChildren }) => {
  const { text } = useUi();
  return (
    <div>
      <dt>{text.of(title)}</dt>
      <dd>{children}</dd>
    </div>
  );
};

const Running = ({ state, nameOf }: RecordingPanelProps) => {
  const { text } = useUi();
  const since = state.recording?.since ?? null;
  const now = useNow(since !== null);
  const n = sharedWith(state);
  const by = state.seats.find(({ seat }) => seat === recorderOf(state)?.forSeat);
  const name = by === undefined ? text.of("room.unverified") : nameOf(by.identity);
  const { agreed } = state.recording ?? { agreed: null };
  const days = state.asked?.recording === agreed && state.asked !== null ? state.asked.retentionSeconds / DAY_SECONDS : null;
  return (
    <>
      <p>{since === null ? text.of("recording.by", { name }) : text.of("recording.since", { time: text.time(since), name })}</p>
      {n !== null ? (
        <dl class="fact-list" data-testid="recording-facts">
          <Row title="recording.agreed">{text.of("recording.agreed.chain", { n })}</Row>
          {since !== null && <Row title="recording.until">{text.duration(now - since)}</Row>}
          <Row title="recording.opens">{text.of("recording.opens.people", { n })}</Row>
          {days !== null && <Row title="recording.keep">{text.of("recording.keep.days", { n: Math.ceil(days) })}</Row>}
        </dl>
      ) : (
        <p class="note caution">{text.of("recording.unagreed")}</p>
      )}
    </>
  );
};

/** How the own recording goes: counts, never who. */
const Own = ({ state }: { state: RoomState }) => {
  const { text } = useUi();
  const own = ownRecording(state);
  if (own === null || own.state === "active") return null;
  return (
    <>
      {own.paused !== null && <p>{text.of(`recording.paused.${own.paused}`)}</p>}
      <dl class="fact-list" data-testid="recording-own" data-state={own.state}>
        {own.agreedOf > 0 && (
          <Row title="recording.agreed">{text.of("recording.agreed.count", { n: own.agreed, of: own.agreedOf })}</Row>
        )}
        {own.refused > 0 && <Row title="recording.refused">{text.number(own.refused)}</Row>}
        {own.signedOf > 0 && (
          <Row title="recording.signed">{text.of("recording.agreed.count", { n: own.signed, of: own.signedOf })}</Row>
        )}
      </dl>
      <p class="second">{text.of("recording.refused.text")}</p>
      {own.notExecuted && <p class="note caution">{text.of("recording.notExecuted")}</p>}
    </>
  );
};

/** Stop, for who records; take the own yes back, for everybody else. */
const Doing = ({ live, state }: RecordingPanelProps) => {
  const { text } = useUi();
  const [isBusy, setIsBusy] = useState(false);
  const { recording } = state;
  const phase = recordingPhase(state);
  const press = async (does: () => Promise<void>): Promise<void> => {
    setIsBusy(true);
    await does();
    setIsBusy(false);
  };
  if (recording === null || phase === "off" || phase === "sealing") return null;
  if (ownRecording(state) !== null)
    return (
      <button
        type="button"
        class="plain wide danger-line"
        data-testid="recording-stop"
        disabled={isBusy}
        onClick={() => void press(() => live.consent.stop())}
      >
        {text.of("recording.stop")}
      </button>
    );
  if (recording.agreed === null) return null;
  return (
    <>
      <button
        type="button"
        class="plain wide danger-line"
        data-testid="recording-withdraw"
        disabled={isBusy}
        onClick={() => void press(() => live.consent.takeBack())}
      >
        {text.of("consent.back")}
      </button>
      <p class="second">{text.of(phase === "active" || phase === "paused" ? "consent.back.text" : "consent.back.asked")}</p>
    </>
  );
};
