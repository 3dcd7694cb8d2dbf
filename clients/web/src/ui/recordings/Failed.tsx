/** What the daemon did not do: our sentence, and its own below it. */
import type { Key } from "../../i18n/en.js";
import { visible } from "../../i18n/visible.js";
import type { Failure } from "../../state/player.js";
import { useUi } from "../hooks.js";

/** Refusals that mean something of their own where recordings are. */
const ofRecordings: Readonly<Partial<Record<Failure["reason"], Key>>> = {
  RecordingUnknown: "recordings.missing",
  Forged: "recordings.forged",
  NotAllowed: "recordings.notNow",
};

export const Failed = ({ failure }: { failure: Failure }) => {
  const { text } = useUi();
  return (
    <div class="note caution" role="alert" data-testid="recording-failed" data-reason={failure.reason}>
      <p>{text.of(ofRecordings[failure.reason] ?? `refused.${failure.reason}`)}</p>
      {failure.message !== "" && (
        <details>
          <summary>{text.of("ended.details")}</summary>
          <p dir="auto">{visible(failure.message)}</p>
        </details>
      )}
    </div>
  );
};
