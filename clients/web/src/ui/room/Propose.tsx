/** The terms that everybody would be asked to agree to. */
import { useState } from "preact/hooks";
import type { DaemonErrorName } from "../../daemon/client.js";
import type { Text } from "../../i18n/text.js";
import type { LiveRoom } from "../../state/room.js";
import type { RoomState } from "../../state/room-state.js";
import { Dialog } from "../Dialog.js";
import { useUi } from "../hooks.js";

const DAYS = [7, 30, 90, 365] as const;
const MINUTES = [15, 30, 60, 120] as const;
const HOUR = 60;
/** The longest that a daemon takes. */
const MAX_SECONDS = 86_400;

interface ProposeProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly onClose: () => void;
}

export const Propose = ({ live, state, onClose }: ProposeProps) => {
  const { text } = useUi();
  const [days, setDays] = useState<number>(30);
  const [seconds, setSeconds] = useState<number | null>(null);
  const [failed, setFailed] = useState<DaemonErrorName | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const endsAt = state.joined?.endsAt ?? 0;
  const left = Math.max(1, Math.min(MAX_SECONDS, Math.floor(endsAt - Date.now() / 1000)));
  const propose = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsBusy(true);
    setFailed(null);
    const reason = await live.consent.propose({ days, seconds: seconds ?? left });
    setIsBusy(false);
    if (reason === null) onClose();
    else setFailed(reason);
  };
  return (
    <Dialog title={text.of("recording.propose")} testid="propose" onClose={onClose}>
      <p>{text.of("recording.propose.text")}</p>
      <form class="propose" onSubmit={(event) => void propose(event)}>
        <label class="field">
          <span>{text.of("recording.propose.keep")}</span>
          <select data-testid="propose-days" value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            {DAYS.map((n) => (
              <option key={n} value={n}>
                {text.of("recording.keep.days", { n })}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{text.of("recording.propose.until")}</span>
          <select
            data-testid="propose-until"
            value={seconds ?? ""}
            onChange={(event) => setSeconds(Number(event.currentTarget.value) || null)}
          >
            <option value="">{text.of("recording.propose.end", { time: text.time(endsAt) })}</option>
            {MINUTES.filter((minutes) => minutes * 60 < left).map((minutes) => (
              <option key={minutes} value={minutes * 60}>
                {inWords(minutes, text)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="plain" data-testid="propose-go" disabled={isBusy}>
          {text.of("recording.propose.go")}
        </button>
      </form>
      <p class="note caution" role="alert" data-testid="propose-failed" data-reason={failed}>
        {failed === null ? "" : text.of(`refused.${failed}`)}
      </p>
    </Dialog>
  );
};

const inWords = (minutes: number, text: Text): string =>
  minutes <= HOUR
    ? text.of("recording.propose.minutes", { n: minutes })
    : text.of("recording.propose.hours", { n: minutes / HOUR });
