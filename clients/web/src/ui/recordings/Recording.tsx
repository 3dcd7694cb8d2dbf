/** One recording: what was checked here, its player, and how it is forgotten. */
import type { Ref } from "preact";
import { useState } from "preact/hooks";
import type { RecordingRow, Verified } from "../../daemon/types.js";
import { type Check, type Library, type LibraryState, grows } from "../../state/library.js";
import type { Failure, Player } from "../../state/player.js";
import { Dialog } from "../Dialog.js";
import { Icon } from "../Icon.js";
import { useStore, useUi } from "../hooks.js";
import { Failed } from "./Failed.js";
import { Cinema, Controls, Lanes, Sounds } from "./PlayerView.js";

interface RecordingProps {
  readonly library: Library;
  readonly state: LibraryState;
  readonly row: RecordingRow;
  readonly title: string;
  readonly heading: Ref<HTMLHeadingElement>;
}

export const Recording = ({ library, state, row, title, heading }: RecordingProps) => {
  const { text } = useUi();
  const [isAsking, setIsAsking] = useState(false);
  const { player } = state;
  const check = state.checks.get(row.span);
  return (
    <section class="recording" data-testid="recording" data-span={row.span}>
      <div class="recording-head">
        <div>
          <h2 ref={heading} tabIndex={-1}>
            <bdi>{title}</bdi>
          </h2>
          <p class="second">
            {text.date(row.beganAt)} · {text.of(row.by === "own" ? "recordings.own" : "recordings.other")}
          </p>
        </div>
        <button type="button" class="plain danger-line" data-testid="recording-forget" onClick={() => setIsAsking(true)}>
          <Icon name="trash" />
          {text.of("forget.do")}
        </button>
      </div>
      <div class="recording-top">
        {player === null ? <p class="cinema">{text.of("player.noPicture")}</p> : <Cinema player={player} />}
        <Checked library={library} row={row} check={check} player={player} />
      </div>
      {player !== null && (
        <>
          <Sounds player={player} />
          <Controls player={player} />
          <Lanes player={player} />
        </>
      )}
      {isAsking && <Forget library={library} span={row.span} onClose={() => setIsAsking(false)} />}
    </section>
  );
};

interface CheckedProps {
  readonly library: Library;
  readonly row: RecordingRow;
  readonly check: Check | undefined;
  readonly player: Player | null;
}

const Checked = ({ library, row, check, player }: CheckedProps) => {
  const { text } = useUi();
  return (
    <section class="card checked" data-testid="checked" data-check={check?.name} aria-labelledby="checked-title">
      <h3 id="checked-title">{text.of("checked.title")}</h3>
      <p class="second" role="status">
        {grows(row) ? text.of("recordings.grows") : check?.name === "checking" ? text.of("checked.running") : ""}
      </p>
      {check?.name === "failed" && (
        <>
          <p>
            <strong>{text.of("checked.failed")}</strong>
          </p>
          <Failed failure={check.failure} />
          <button type="button" class="plain" data-testid="recording-fetch" onClick={() => void library.fetch(row.span)}>
            {text.of("checked.fetch")}
          </button>
        </>
      )}
      <ul>
        {check?.name === "found" && <Found verified={check.verified} />}
        {!row.key ? (
          <Fact
            testid="key"
            isGood={false}
            title={text.of("checked.key.not")}
            sentence={text.of("refused.RecordingKeyMissing")}
          />
        ) : (
          player !== null && <Opened player={player} />
        )}
      </ul>
      {check?.name === "found" && (
        <button type="button" class="plain small" data-testid="recording-check" onClick={() => void library.check(row.span)}>
          {text.of("checked.again")}
        </button>
      )}
    </section>
  );
};

const Found = ({ verified }: { verified: Verified }) => {
  const { text } = useUi();
  const { anchored, wraps, ending, segments, torn, copies } = verified;
  const isWhole = ending === "whole";
  return (
    <>
      <Fact
        testid="anchored"
        isGood={anchored}
        title={text.of(anchored ? "checked.anchored" : "checked.anchored.not")}
        sentence={text.of(anchored ? "checked.anchored.text" : "checked.anchored.not.text")}
      />
      <Fact
        testid="wraps"
        isGood={wraps}
        title={text.of(wraps ? "checked.wraps" : "checked.wraps.not")}
        sentence={wraps ? text.of("checked.wraps.text") : ""}
      />
      <Fact
        testid="whole"
        isGood={isWhole}
        title={text.of(isWhole ? "checked.whole" : "checked.torn")}
        sentence={text.of(isWhole ? "checked.whole.text" : "checked.torn.text", { n: segments, torn })}
      />
      <Fact
        testid="copies"
        isGood={copies.confirmed > 0 && copies.confirmed === copies.asked}
        title={text.of("checked.copies", { n: copies.confirmed, of: copies.asked })}
        sentence={text.of("checked.copies.text")}
      />
    </>
  );
};

const Opened = ({ player }: { player: Player }) => {
  const { text } = useUi();
  const { phase, failure } = useStore(player.store);
  if (phase === "loading") return null;
  if (failure !== null)
    return (
      <li data-testid="check-key" data-good="false">
        <Failed failure={failure} />
      </li>
    );
  return <Fact testid="key" isGood title={text.of("checked.key")} sentence={text.of("checked.key.text")} />;
};

interface FactProps {
  readonly testid: string;
  readonly isGood: boolean;
  readonly title: string;
  readonly sentence: string;
}

const Fact = ({ testid, isGood, title, sentence }: FactProps) => (
  <li data-testid={`check-${testid}`} data-good={isGood}>
    <Icon name={isGood ? "check" : "info"} />
    <span>
      <strong>{title}</strong>
      <small>{sentence}</small>
    </span>
  </li>
);

const Forget = ({ library, span, onClose }: { library: Library; span: string; onClose: () => void }) => {
  const { text } = useUi();
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const forget = async (): Promise<void> => {
    setIsBusy(true);
    const failed = await library.forget(span);
    setIsBusy(false);
    if (failed === null) onClose();
    else setFailure(failed);
  };
  return (
    <div class="over">
      <Dialog title={text.of("forget.title")} testid="forget" alert onClose={onClose}>
        <p>{text.of("forget.text")}</p>
        <p class="second">{text.of("forget.others")}</p>
        {failure !== null && <Failed failure={failure} />}
        <div class="dialog-buttons">
          <button type="button" class="plain" data-testid="forget-no" onClick={onClose}>
            {text.of("forget.no")}
          </button>
          <button type="button" class="plain" data-testid="forget-yes" disabled={isBusy} onClick={() => void forget()}>
            {text.of("forget.yes")}
          </button>
        </div>
      </Dialog>
    </div>
  );
};
