/** A room: status line, stage, panel, controls. */
import { useMemo, useState } from "preact/hooks";
import { visible } from "../../i18n/visible.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, liveSeats, presenters, recorderOf, recordingPhase, roleOf } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { kindIcon } from "../Rooms.js";
import { type Cell, Status } from "../Status.js";
import { useMedia, useNames, useNow, useStore, useUi } from "../hooks.js";
import { About, CodesDiffer } from "./About.js";
import { Bar } from "./Bar.js";
import { Chat } from "./Chat.js";
import { cellsOf } from "./cells.js";
import { ConsentDialog, questionOf } from "./ConsentDialog.js";
import { Devices } from "./Devices.js";
import { EndedScreen } from "./Ended.js";
import { HandCard } from "./Hands.js";
import { Invitation } from "./Invitation.js";
import { Sounds } from "./Media.js";
import { Notices } from "./Notices.js";
import { Panel, type Tab } from "./Panel.js";
import { Propose } from "./Propose.js";
import { RecordingPanel } from "./RecordingPanel.js";
import { Stage } from "./Stage.js";
import { useKeys } from "./useKeys.js";

export const RoomScreen = ({ live }: { live: LiveRoom }) => {
  const state = useStore(live.store);
  const { app, text } = useUi();
  const isWide = useMedia("(min-width: 1024px)");
  const isNarrow = useMedia("(max-width: 599px)");
  const isCommittee = state.lobby.kind === "Committee";
  const [tab, setTab] = useState<Tab | null>(isWide && !isCommittee ? "chat" : null);
  const [cell, setCell] = useState<Cell | null>(null);
  const [hasDevices, setHasDevices] = useState(false);
  const [isProposing, setIsProposing] = useState(false);
  /** What was asked and put aside: it counts as no until it is opened again and answered. */
  const [aside, setAside] = useState<string | null>(null);
  const nameOf = useNames(state.seats);
  const targets = useMemo(
    () => ({
      onTab: (wanted: Tab) => setTab((open) => (open === wanted && (!isWide || isCommittee) ? null : wanted)),
      onCell: (wanted: Cell) => (wanted === "rec" && live.store.value.recording?.ask != null ? setAside(null) : setCell(wanted)),
      onHelp: () => setHasDevices(true),
      onLeave: () => void app.leave(live),
    }),
    [live, isWide, isCommittee],
  );
  useKeys(live, targets);
  const shownTab = tab ?? (isWide && !isCommittee ? "chat" : null);

  return (
    <div
      class={`room ${shownTab === null ? "without-panel" : ""} ${roleOf(state) === "moderator" ? "moderating" : ""} ${recorderOf(state) === null ? "" : "recorded"}`}
      data-testid="room"
      data-network={state.network}
      data-kind={state.lobby.kind}
      data-epoch={state.epoch}
      data-recording={recordingPhase(state)}
    >
      <a class="skip" href="#controls">
        {text.of("app.skip.controls")}
      </a>
      <Top state={state} onOpen={targets.onCell} />
      {state.ended !== null ? (
        <EndedScreen live={live} state={state} />
      ) : (
        <>
          <main class="stage-region" id="stage-region" aria-label={text.of("room.stage")}>
            <Notices live={live} state={state} nameOf={nameOf} />
            {state.screen !== null && <Sharing live={live} />}
            <Stage state={state} nameOf={nameOf} />
            {isNarrow && shownTab === null && !isCommittee && (
              <>
                <HandCard state={state} nameOf={nameOf} onOpen={() => setTab("people")} />
                <Chat live={live} state={state} nameOf={nameOf} />
              </>
            )}
          </main>
          {shownTab !== null && (
            <Panel live={live} state={state} nameOf={nameOf} tab={shownTab} onTab={setTab} onClose={() => setTab(null)} />
          )}
          <Bar
            live={live}
            state={state}
            nameOf={nameOf}
            openTab={shownTab}
            onTab={targets.onTab}
            onDevices={() => setHasDevices(true)}
            onLeave={targets.onLeave}
          />
          <Sounds tracks={state.tracks} />
          {cell === "rec" && (
            <RecordingPanel
              live={live}
              state={state}
              nameOf={nameOf}
              onPropose={() => {
                setCell(null);
                setIsProposing(true);
              }}
              onClose={() => setCell(null)}
            />
          )}
          {cell !== null && cell !== "rec" && <About live={live} state={state} cell={cell} onClose={() => setCell(null)} />}
          {isProposing && <Propose live={live} state={state} onClose={() => setIsProposing(false)} />}
          {hasDevices && <Devices live={live} state={state} onClose={() => setHasDevices(false)} />}
          <Questions live={live} state={state} nameOf={nameOf} aside={aside} onAside={setAside} onLeave={targets.onLeave} />
        </>
      )}
    </div>
  );
};

const Top = ({ state, onOpen }: { state: RoomState; onOpen: (cell: Cell) => void }) => {
  const { text } = useUi();
  const now = useNow(recorderOf(state) !== null);
  return (
    <header class="top room-top" id="status-region">
      <div class="top-title">
        <h1>
          <bdi>{state.lobby.title === null ? text.of("rooms.sealed") : visible(state.lobby.title)}</bdi>
        </h1>
        <p class="top-sub">
          <Icon name={kindIcon[state.lobby.kind]} size={14} /> <Subtitle state={state} />
        </p>
      </div>
      <Status cells={cellsOf(state, text, now)} onOpen={onOpen} />
    </header>
  );
};

interface QuestionsProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
  readonly aside: string | null;
  readonly onAside: (recording: string) => void;
  readonly onLeave: () => void;
}

/** What has to be answered. */
const Questions = ({ live, state, nameOf, aside, onAside, onLeave }: QuestionsProps) => {
  const ask = state.recording?.ask ?? null;
  return (
    <>
      {state.invitation !== null && <Invitation live={live} to={state.invitation} />}
      {ask !== null && ask.recording !== aside && (
        <ConsentDialog
          key={questionOf(ask)}
          live={live}
          state={state}
          ask={ask}
          nameOf={nameOf}
          onClose={() => onAside(ask.recording)}
          onLeave={onLeave}
        />
      )}
      {state.differs !== null && <CodesDiffer live={live} state={state} onLeave={onLeave} />}
    </>
  );
};

const Subtitle = ({ state }: { state: RoomState }) => {
  const { text } = useUi();
  const seats = liveSeats(state).length;
  const kind = text.of(`kind.${state.lobby.kind}`);
  if (state.ended !== null) return <>{`${kind} · ${text.of("status.outside")}`}</>;
  if (roleOf(state) === "moderator") return <>{text.of("room.moderate", { n: seats, p: presenters(state) })}</>;
  if (roleOf(state) === "presenter") return <>{`${kind} · ${text.of("room.present")}`}</>;
  return <>{`${kind} · ${text.of("room.seatsOf", { n: seats, of: state.lobby.capacity })}`}</>;
};

/** Cannot be dismissed while a screen is shared. */
const Sharing = ({ live }: { live: LiveRoom }) => {
  const { text } = useUi();
  return (
    <section class="sharing" data-testid="sharing">
      <Icon name="share" />
      <p>
        <strong>{text.of("room.sharing")}</strong> <span class="second">{text.of("room.sharing.text")}</span>
      </p>
      <button type="button" class="red" data-testid="stop-sharing" onClick={() => void live.senders.show("screen", false)}>
        {text.of("room.sharing.stop")}
      </button>
    </section>
  );
};
