/** Somebody asks to record. Refusing is as easy as agreeing, neither has the focus, and silence means no. */
import { useState } from "preact/hooks";
import type { RecordingAsk } from "../../daemon/types.js";
import type { Key } from "../../i18n/en.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, liveSeats, ownSeat, recorderOf } from "../../state/room-state.js";
import { Dialog } from "../Dialog.js";
import { Icon, type IconName } from "../Icon.js";
import { Face } from "../Person.js";
import { YES_CLOSED_MS, useLater, useUi } from "../hooks.js";

const DAY_SECONDS = 86_400;

/** Tells questions apart: another recording, proposer or terms is another one, with a dialog of its own. */
export const questionOf = ({ recording, by, retentionSeconds, validUntil }: RecordingAsk): string =>
  [recording, by, retentionSeconds, validUntil].join(" ");

interface ConsentDialogProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly ask: RecordingAsk;
  readonly nameOf: (identity: string) => string;
  /** Put aside without an answer. */
  readonly onClose: () => void;
  readonly onLeave: () => void;
}

export const ConsentDialog = ({ live, state, ask, nameOf, onClose, onLeave }: ConsentDialogProps) => {
  const { text } = useUi();
  const [isBusy, setIsBusy] = useState(false);
  const mayAgree = useLater(YES_CLOSED_MS);
  const n = liveSeats(state).length;
  const asker = state.seats.find(({ seat }) => seat === ask.by);
  const own = ownSeat(state);
  const answer = async (agree: boolean): Promise<void> => {
    setIsBusy(true);
    await live.consent.answer(ask.recording, agree);
    setIsBusy(false);
  };
  const name = asker === undefined ? text.of("room.unverified") : nameOf(asker.identity);
  return (
    <Dialog
      title={text.of("consent.title", { name })}
      testid="consent"
      alert
      onClose={onClose}
      data={{ recording: ask.recording }}
    >
      <p>{text.of(recorderOf(state) === null ? "consent.text" : "consent.recorder", { n })}</p>
      <Terms ask={ask} n={n} />
      {own !== undefined && (
        <p class="anon-note with-icon">
          <Face seat={own} />
          <span>
            <strong>{text.of("consent.as", { name: nameOf(own.identity) })}</strong> {text.of("consent.as.text")}
          </span>
        </p>
      )}
      <div class="consent-buttons">
        <button type="button" class="plain" data-testid="consent-no" disabled={isBusy} onClick={() => void answer(false)}>
          {text.of("consent.no")}
        </button>
        <button
          type="button"
          class="plain"
          data-testid="consent-yes"
          disabled={isBusy || !mayAgree}
          onClick={() => void answer(true)}
        >
          {text.of("consent.yes")}
        </button>
        <button type="button" class="quiet danger-text" data-testid="consent-leave" onClick={onLeave}>
          {text.of("consent.leave")}
        </button>
      </div>
      <p class="second">{text.of("consent.silence")}</p>
    </Dialog>
  );
};

/** What a yes is to. */
const Terms = ({ ask, n }: { ask: RecordingAsk; n: number }) => {
  const { text } = useUi();
  const days = Math.ceil(ask.retentionSeconds / DAY_SECONDS);
  return (
    <ul class="facts">
      <Fact icon="mic" title="consent.kept" sentence={text.of("consent.kept.text")} />
      <Fact icon="key" title="consent.opens" sentence={text.of("consent.opens.text", { n })} />
      <Fact icon="shield" title="consent.lies" sentence={text.of("consent.lies.text", { days })} />
      <Fact icon="close" title="consent.stops" sentence={text.of("consent.stops.text", { time: text.time(ask.validUntil) })} />
    </ul>
  );
};

const Fact = ({ icon, title, sentence }: { icon: IconName; title: Key; sentence: string }) => {
  const { text } = useUi();
  return (
    <li>
      <Icon name={icon} />
      <span>
        <strong>{text.of(title)}</strong>
        <small>{sentence}</small>
      </span>
    </li>
  );
};
