/** What stands behind a cell of the status line, the check code among it. */
import { useState } from "preact/hooks";
import { latinDigits } from "../../i18n/text.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, liveSeats } from "../../state/room-state.js";
import { Dialog } from "../Dialog.js";
import type { Cell } from "../Status.js";
import { useUi } from "../hooks.js";

interface AboutProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  /** Recording has a panel of its own. */
  readonly cell: Exclude<Cell, "rec">;
  readonly onClose: () => void;
}

export const About = ({ live, state, cell, onClose }: AboutProps) => {
  const { text } = useUi();
  if (cell === "enc") return <CheckCode live={live} state={state} onClose={onClose} />;
  const sentence =
    cell === "id"
      ? state.joined?.anonymous === false
        ? "about.id.known"
        : "about.id.anonymous"
      : (`about.${cell}.text` as const);
  return (
    <Dialog title={text.of(`about.${cell}`)} testid={`about-${cell}`} onClose={onClose}>
      <p>{text.of(sentence)}</p>
      {cell === "id" && state.joined?.anonymous === true && <p class="second">{text.of("pre.limits")}</p>}
    </Dialog>
  );
};

/** A code in its groups of five digits; which differ is marked by more than colour. */
export const Code = ({ digits, marked = [], testid }: { digits: string; marked?: readonly boolean[]; testid: string }) => {
  const { text } = useUi();
  const groups = digits.match(/\d{1,5}/gu) ?? [];
  return (
    <p class="code" dir="ltr" data-testid={testid} data-code={digits}>
      {groups.map((group, place) => (
        <span key={place} class={marked[place] === true ? "code-group differs" : "code-group"}>
          {text.digits(group)}
        </span>
      ))}
    </p>
  );
};

const CheckCode = ({ live, state, onClose }: Omit<AboutProps, "cell">) => {
  const { text } = useUi();
  const [typed, setTyped] = useState("");
  const [answer, setAnswer] = useState<"same" | "incomplete" | null>(null);
  const digits = state.checkCode.replace(/\D/gu, "");
  const compare = (event: Event): void => {
    event.preventDefault();
    const result = live.compare(latinDigits(typed));
    if (result === "differs") return onClose();
    setAnswer(result);
    if (result === "same") setTyped("");
  };
  return (
    <Dialog title={text.of("code.title")} testid="about-enc" onClose={onClose}>
      <p>{text.of("about.enc.text")}</p>
      <Code digits={digits} testid="check-code" />
      <p class="second">
        {text.of("code.epoch", { n: state.epoch, seats: liveSeats(state).length })}. {text.of("code.changes")}
      </p>
      <p>{text.of("code.text")}</p>
      <form class="code-form" onSubmit={compare}>
        <label class="field">
          <span>{text.of("code.input")}</span>
          <input
            type="text"
            inputMode="numeric"
            dir="ltr"
            autocomplete="off"
            value={typed}
            data-testid="code-input"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" data-testid="code-compare">
          {text.of("code.compare")}
        </button>
      </form>
      <p class={answer === "same" ? "note fine" : "note"} role="status" data-testid="code-answer">
        {answer === null ? "" : text.of(answer === "same" ? "code.same" : "code.incomplete")}
      </p>
    </Dialog>
  );
};

/** The codes differ: the one red filled button of the product besides "Stop sharing". */
export const CodesDiffer = ({ live, state, onLeave }: { live: LiveRoom; state: RoomState; onLeave: () => void }) => {
  const { text } = useUi();
  const own = state.checkCode.replace(/\D/gu, "");
  const theirs = state.differs ?? "";
  const ownGroups = own.match(/\d{1,5}/gu) ?? [];
  const theirGroups = theirs.match(/\d{1,5}/gu) ?? [];
  const marked = ownGroups.map((group, place) => group !== theirGroups[place]);
  return (
    <Dialog title={text.of("code.differ")} testid="codes-differ" alert>
      <p>{text.of("code.differ.text")}</p>
      <div class="two-codes">
        <div>
          <strong>{text.of("code.yours")}</strong>
          <Code digits={own} marked={marked} testid="code-own" />
        </div>
        <div>
          <strong>{text.of("code.theirs")}</strong>
          <Code digits={theirs} marked={marked} testid="code-theirs" />
        </div>
      </div>
      <p class="note fine">{text.of("code.differ.closed")}</p>
      <div class="dialog-buttons">
        <button type="button" class="red" data-testid="codes-leave" onClick={onLeave}>
          {text.of("code.leave")}
        </button>
        <button type="button" class="plain" data-testid="codes-again" onClick={() => live.compareAgain()}>
          {text.of("code.again")}
        </button>
      </div>
      <p class="second">{text.of("code.differ.then")}</p>
    </Dialog>
  );
};
