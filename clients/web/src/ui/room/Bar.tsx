/** The controls. Leave is at the end, one press, no question. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, liveSeats, maySend, mayOpen, ownSeat, roleOf, shownAs } from "../../state/room-state.js";
import { reactions } from "../../state/talk.js";
import { Icon, type IconName } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useMedia, useUi } from "../hooks.js";
import type { Tab } from "./Panel.js";

interface BarProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
  readonly openTab: Tab | null;
  readonly onTab: (tab: Tab) => void;
  readonly onDevices: () => void;
  readonly onLeave: () => void;
}

export const Bar = ({ live, state, nameOf, openTab, onTab, onDevices, onLeave }: BarProps) => {
  const { text } = useUi();
  const own = ownSeat(state);
  const isUp = own?.hand != null;
  const isTextOnly = state.joined?.textOnly === true;
  const isNarrow = useMedia("(max-width: 599px)");
  const shows = !isTextOnly && <Shows live={live} state={state} />;
  const others = <Openers state={state} openTab={openTab} onTab={onTab} onDevices={onDevices} />;
  return (
    <footer class="bar" aria-label={text.of("room.controls")} id="controls" data-testid="bar">
      <Me state={state} name={own === undefined ? "" : nameOf(own.identity)} />
      <div class="bar-middle" role="group" aria-label={text.of("room.controls")}>
        {!isTextOnly && <MicrophonePill live={live} state={state} />}
        {!isNarrow && shows}
        <BarButton
          icon="hand"
          label={text.of(isUp ? "room.hand.lower" : "room.hand.raise")}
          pressed={isUp}
          testid="hand"
          disabled={!maySend(state)}
          onPress={() => void live.talk.hand(!isUp)}
        />
        <React live={live} state={state} />
        {isNarrow ? (
          <More>
            {shows}
            {others}
          </More>
        ) : (
          others
        )}
      </div>
      <div class="bar-end">
        <BarButton icon="leave" label={text.of("room.leave")} testid="leave" extra="danger" onPress={onLeave} />
      </div>
    </footer>
  );
};

const Me = ({ state, name }: { state: RoomState; name: string }) => {
  const { text } = useUi();
  const { joined } = state;
  const own = ownSeat(state);
  if (joined === null) return <div class="me" />;
  const key =
    roleOf(state) === "moderator"
      ? "room.youAre.moderator"
      : joined.anonymous
        ? joined.textOnly
          ? "room.youAre.anonymousText"
          : "room.youAre.anonymous"
        : joined.textOnly
          ? "room.youAre.knownText"
          : "room.youAre.known";
  return (
    <div class="me" data-testid="me" data-identity={joined.identity} data-seat={joined.seat} data-role={roleOf(state)}>
      <Face seat={own ?? { identity: joined.identity, account: null }} size={40} />
      <p>
        <Name seat={own} name={name} />
        <small>{text.of(key)}</small>
      </p>
    </div>
  );
};

/** What opens something beside the stage: chat and people where no panel stands there always, the moderator's queue, devices. */
const Openers = ({ state, openTab, onTab, onDevices }: Pick<BarProps, "state" | "openTab" | "onTab" | "onDevices">) => {
  const { text } = useUi();
  const hasPanel = useMedia("(min-width: 1024px)") && state.lobby.kind !== "Committee";
  const people = `${text.of("room.people")} ${text.number(liveSeats(state).length)}`;
  const tabs: readonly { tab: Tab; icon: IconName; label: string; isThere: boolean }[] = [
    { tab: "chat", icon: "chat", label: text.of("room.chat"), isThere: !hasPanel },
    { tab: "people", icon: "people", label: people, isThere: !hasPanel },
    { tab: "queue", icon: "shield", label: text.of("room.moderator"), isThere: roleOf(state) === "moderator" },
  ];
  return (
    <>
      {tabs
        .filter(({ isThere }) => isThere)
        .map(({ tab, icon, label }) => (
          <BarButton
            key={tab}
            icon={icon}
            label={label}
            pressed={openTab === tab}
            testid={`open-${tab}`}
            onPress={() => onTab(tab)}
          />
        ))}
      <BarButton icon="gear" label={text.of("room.devices")} testid="devices" onPress={onDevices} />
    </>
  );
};

/** Camera and screen, for whom they are. */
const Shows = ({ live, state }: { live: LiveRoom; state: RoomState }) => {
  const { text } = useUi();
  const isSharing = state.screen !== null;
  return (
    <>
      {mayOpen(state, "camera") && (
        <BarButton
          icon={state.camera ? "camera" : "cameraOff"}
          label={text.of(state.camera ? "room.camera.on" : "room.camera")}
          pressed={state.camera}
          shown={shownAs(state, "camera")}
          testid="camera"
          onPress={() => void live.senders.press("camera")}
        />
      )}
      {mayOpen(state, "screen") && (
        <BarButton
          icon="share"
          label={text.of(isSharing ? "room.share.on" : "room.share")}
          pressed={isSharing}
          shown={shownAs(state, "screen")}
          testid="screen"
          onPress={() => void live.senders.press("screen")}
        />
      )}
    </>
  );
};

/** What has no room in the bar of a phone. */
const More = ({ children }: { children: ComponentChildren }) => {
  const { text } = useUi();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div class="more" onKeyDown={(event) => event.key === "Escape" && setIsOpen(false)}>
      <button type="button" class="bar-button" aria-expanded={isOpen} data-testid="more" onClick={() => setIsOpen(!isOpen)}>
        <span class="bar-icon">
          <Icon name="more" />
        </span>
        <span class="bar-label">{text.of("room.more")}</span>
      </button>
      {isOpen && (
        <div class="menu more-menu" onClick={() => setIsOpen(false)}>
          {children}
        </div>
      )}
    </div>
  );
};

const MicrophonePill = ({ live, state }: { live: LiveRoom; state: RoomState }) => {
  const { text } = useUi();
  const isLive = state.microphone === "live";
  const isHeldShut = ownSeat(state)?.muted === true;
  const detail = isLive
    ? "room.live.mute"
    : !maySend(state)
      ? "room.mic.stopped"
      : isHeldShut || state.microphone === "closed"
        ? "room.mic.closed"
        : state.microphone === "blocked"
          ? "room.mic.blocked"
          : "room.muted.hold";
  return (
    <button
      type="button"
      class={`pill ${isLive ? "live" : ""}`}
      aria-pressed={!isLive}
      data-testid="microphone"
      data-state={state.microphone}
      disabled={!isLive && (!maySend(state) || isHeldShut)}
      onClick={() => void live.senders.speak(!isLive)}
    >
      <Icon name={isLive ? "mic" : "micOff"} />
      <span class="pill-words">
        <strong>{text.of(isLive ? "room.live" : "room.muted")} </strong>
        <small>{text.of(detail)}</small>
      </span>
      <span class="pill-short">{text.of(isLive ? "room.mute" : "room.unmute")}</span>
    </button>
  );
};

interface BarButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly testid: string;
  readonly pressed?: boolean;
  /** Of camera and screen. */
  readonly shown?: ReturnType<typeof shownAs>;
  readonly extra?: string;
  readonly disabled?: boolean;
  readonly onPress: () => void;
}

const BarButton = ({ icon, label, testid, pressed, shown, extra = "", disabled = false, onPress }: BarButtonProps) => (
  <button
    type="button"
    disabled={disabled}
    class={`bar-button ${extra}`}
    aria-pressed={pressed}
    aria-busy={shown === "opening"}
    data-testid={testid}
    data-state={shown}
    onClick={onPress}
  >
    <span class="bar-icon">
      <Icon name={icon} />
    </span>
    <span class="bar-label">{label}</span>
  </button>
);

const React = ({ live, state }: { live: LiveRoom; state: RoomState }) => {
  const { text } = useUi();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div class="react" onKeyDown={(event) => event.key === "Escape" && setIsOpen(false)}>
      <button
        type="button"
        class="bar-button"
        aria-expanded={isOpen}
        data-testid="react"
        disabled={!maySend(state)}
        onClick={() => setIsOpen(!isOpen)}
      >
        <span class="bar-icon">
          <Icon name="smile" />
        </span>
        <span class="bar-label">{text.of("room.react")}</span>
      </button>
      {isOpen && (
        <div class="menu react-menu">
          {reactions.map((reaction) => (
            <button
              key={reaction}
              type="button"
              data-testid={`react-${reaction}`}
              onClick={() => {
                setIsOpen(false);
                void live.talk.react(reaction);
              }}
            >
              {text.of(`react.${reaction}`)}
            </button>
          ))}
        </div>
      )}
    </div>
  );
};
