/** Recordings: the list, and the one that is open. */
import { useEffect, useRef } from "preact/hooks";
import type { RecordingRow } from "../../daemon/types.js";
import type { Key } from "../../i18n/en.js";
import type { Text } from "../../i18n/text.js";
import { visible } from "../../i18n/visible.js";
import type { Check, Library, LibraryState } from "../../state/library.js";
import type { Failure } from "../../state/player.js";
import { Frame } from "../Frame.js";
import { Places } from "../Places.js";
import { useStore, useUi } from "../hooks.js";
import { Failed } from "./Failed.js";
import { Recording } from "./Recording.js";

const forgotten = ({ forgotten: left }: LibraryState, text: Text): string => {
  if (left === null) return "";
  return left === 0 ? text.of("forget.done") : text.of("forget.pinned", { n: left });
};

export const Recordings = ({ library }: { library: Library }) => {
  const { text } = useUi();
  const state = useStore(library.store);
  const row = state.rows?.find(({ span }) => span === state.chosen);
  return (
    <Frame title={text.of("app.title")}>
      <div class="recordings" data-testid="recordings">
        <Places at="recordings" />
        <section class="recording-list" aria-labelledby="recordings-title">
          <h2 class="page-title" id="recordings-title">
            {text.of("recordings.title")}
          </h2>
          {state.failure !== null && <Failed failure={state.failure} />}
          <p class="second" role="status">
            {state.rows === null ? text.of("app.loading") : forgotten(state, text)}
          </p>
          {state.rows?.length === 0 && state.failure === null && (
            <p class="card quiet-card" data-testid="no-recordings">
              {text.of("recordings.none")}
            </p>
          )}
          <ul>
            {state.rows?.map((each) => (
              <li key={each.span}>
                <Row library={library} state={state} row={each} />
              </li>
            ))}
          </ul>
          <p class="second">{text.of("recordings.text")}</p>
        </section>
        {row === undefined ? (
          <p class="second">{text.of("recordings.choose")}</p>
        ) : (
          <Open library={library} state={state} row={row} />
        )}
      </div>
    </Frame>
  );
};

/** The title of a recording's room, where this node lists it. */
export const useTitle = ({ titles }: LibraryState, { room }: RecordingRow): string => {
  const { text } = useUi();
  const title = room === null ? undefined : titles.get(room);
  return title === undefined ? text.of("recordings.untitled") : visible(title);
};

const Row = ({ library, state, row }: { library: Library; state: LibraryState; row: RecordingRow }) => {
  const { text } = useUi();
  const title = useTitle(state, row);
  return (
    <button
      type="button"
      class="recording-row"
      aria-current={state.chosen === row.span ? "true" : undefined}
      data-testid="recording-row"
      data-span={row.span}
      data-state={row.state}
      data-key={row.key}
      onClick={() => void library.choose(row.span)}
    >
      <strong>
        <bdi>{title}</bdi>
      </strong>
      <span>
        <small>{text.date(row.beganAt)}</small>
        {row.endedAt !== null && <small>{text.duration(row.endedAt - row.beganAt)}</small>}
      </span>
      <span class="chips">
        <Chips row={row} check={state.checks.get(row.span)} />
      </span>
    </button>
  );
};

const Chips = ({ row, check }: { row: RecordingRow; check: Check | undefined }) => {
  const { text } = useUi();
  const { confirmed } = row.copies;
  const isVerified = check?.name === "found" && check.verified.anchored && check.verified.wraps;
  return (
    <>
      {check?.name === "checking" && <span class="chip">{text.of("recordings.checking")}</span>}
      {check?.name === "failed" && <span class="chip caution">{text.of(failedAs(check.failure.reason))}</span>}
      {isVerified ? (
        <span class="chip fine">{text.of("recordings.verified")}</span>
      ) : (
        <span class={row.state === "torn" ? "chip caution" : "chip"}>{text.of(`recordings.state.${row.state}`)}</span>
      )}
      {!row.key && <span class="chip">{text.of("recordings.noKey")}</span>}
      {row.copies.asked > 0 && (
        <span class={confirmed < 2 ? "chip caution" : "chip"}>
          {confirmed === 0
            ? text.of("recordings.noCopy")
            : confirmed === 1
              ? text.of("recordings.copy")
              : text.of("recordings.copies", { n: confirmed })}
        </span>
      )}
    </>
  );
};

const failedAs = (reason: Failure["reason"]): Key =>
  reason === "RecordingUnknown" ? "recordings.unfound" : reason === "Forged" ? "recordings.altered" : "checked.failed";

/** The one that is open; focus goes to its heading. */
const Open = ({ library, state, row }: { library: Library; state: LibraryState; row: RecordingRow }) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [row.span]);
  return <Recording key={row.span} library={library} state={state} row={row} title={useTitle(state, row)} heading={heading} />;
};
