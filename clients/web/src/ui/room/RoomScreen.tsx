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

interface RoomProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

/** A dialog that the member opened: what stands behind a cell of the status line, devices and keys, the terms of a recording. */
type Opened = Cell | "devices" | "propose";

/** What the member has open, and what opens it. */
const useOpened = (live: LiveRoom) => {
  const { app } = useUi();
  const isHall = live.store.value.lobby.kind !== "Committee";
  const hasPanel = useMedia("(min-width: 1024px)") && isHall;
  const isNarrow = useMedia("(max-width: 599px)");
  const [chosen, setTab] = useState<Tab | null>(null);
  const [dialog, setDialog] = useState<Opened | null>(null);
  /** The question that was put aside: it counts as no until it is opened again and answered. */
  const [aside, setAside] = useState<string | null>(null);
  const targets = useMemo(
    () => ({
      onTab: (wanted: Tab) => setTab((open) => (open === wanted && !hasPanel ? null : wanted)),
      onCell: (wanted: Cell) => (wanted === "rec" && live.store.value.recording?.ask != null ? setAside(null) : setDialog(wanted)),
      onHelp: () => setDialog("devices"),
      onLeave: () => void app.leave(live),
    }),
    [live, hasPanel],
  );
  const tab = chosen ?? (hasPanel ? "chat" : null);
  /** On a phone the chat stands below the stage. */
  const isBelow = isNarrow && tab === null && isHall;
  return { tab, isBelow, dialog, aside, targets, setTab, setDialog, setAside };
};

type RoomView = RoomProps & { readonly opened: ReturnType<typeof useOpened> };

export const RoomScreen = ({ live }: { live: LiveRoom }) => {
  const state = useStore(live.store);
  const nameOf = useNames(state.seats);
  const opened = useOpened(live);
  useKeys(live, opened.targets);
  const classes = [
    "room",
    opened.tab === null && "without-panel",
    roleOf(state) === "moderator" && "moderating",
    recorderOf(state) !== null && "recorded",
  ];
  return (
    <div
      class={classes.filter(Boolean).join(" ")}
      data-testid="room"
      data-network={state.network}
      data-kind={state.lobby.kind}
      data-epoch={state.epoch}
      data-recording={recordingPhase(state)}
    >
      {state.ended === null && <Skips hasChat={opened.tab === "chat" || opened.isBelow} />}
      <Top state={state} onOpen={opened.targets.onCell} />
      {state.ended === null ? (
        <Inside live={live} state={state} nameOf={nameOf} opened={opened} />
      ) : (
        <EndedScreen live={live} state={state} />
      )}
    </div>
  );
};

/** Short ways for the keyboard. */
const Skips = ({ hasChat }: { hasChat: boolean }) => {
  const { text } = useUi();
  return (
    <>
      <a class="skip" href="#controls">
        {text.of("app.skip.controls")}
      </a>
      {hasChat && (
        <a class="skip" href="#chat">
          {text.of("app.skip.chat")}
        </a>
      )}
    </>
  );
};

/** Everything of a room that has not ended, but the status line. */
const Inside = ({ opened, ...room }: RoomView) => {
  const { text } = useUi();
  const { live, state, nameOf } = room;
  const { tab, targets, setTab, setDialog } = opened;
  return (
    <>
      <main class="stage-region" id="stage-region" aria-label={text.of("room.stage")}>
        <Notices {...room} />
        {state.screen !== null && <Sharing live={live} />}
        <Stage state={state} nameOf={nameOf} />
        {opened.isBelow && (
          <>
            <HandCard state={state} nameOf={nameOf} onOpen={() => setTab("people")} />
            <Chat {...room} />
          </>
        )}
      </main>
      {tab !== null && <Panel {...room} tab={tab} onTab={setTab} onClose={() => setTab(null)} />}
      <Bar
        {...room}
        openTab={tab}
        onTab={targets.onTab}
        onDevices={() => setDialog("devices")}
        onLeave={targets.onLeave}
      />
      <Sounds tracks={state.tracks} />
      <OpenedDialog {...room} opened={opened} />
      <Questions {...room} opened={opened} />
    </>
  );
};

/** The dialog that the member opened. */
const OpenedDialog = ({ opened: { dialog, setDialog }, ...room }: RoomView) => {
  const { live, state } = room;
  const onClose = (): void => setDialog(null);
  switch (dialog) {
    case null:
      return null;
    case "rec":
      return <RecordingPanel {...room} onPropose={() => setDialog("propose")} onClose={onClose} />;
    case "propose":
      return <Propose live={live} state={state} onClose={onClose} />;
    case "devices":
      return <Devices live={live} state={state} onClose={onClose} />;
    default:
      return <About key={dialog} live={live} state={state} cell={dialog} onClose={onClose} />;
  }
};

const Top = ({ state, onOpen }: { state: RoomState; onOpen: (cell: Cell) => void }) => {
  const { text } = useUi();
  const now = useNow(recorderOf(state) !== null);
  return (
    <header class="top room-top" id="status-region">
      <div class="top-title">
        <h1 tabIndex={-1}>
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

/** What has to be answered. */
const Questions = ({ opened: { aside, setAside, targets }, ...room }: RoomView) => {
  const { live, state } = room;
  const { onLeave } = targets;
  const ask = state.recording?.ask ?? null;
  const question = ask === null ? null : questionOf(ask);
  return (
    <>
      {state.invitation !== null && <Invitation key={state.invitation} live={live} to={state.invitation} />}
      {ask !== null && question !== null && question !== aside && (
        <ConsentDialog key={question} {...room} ask={ask} onClose={() => setAside(question)} onLeave={onLeave} />
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
