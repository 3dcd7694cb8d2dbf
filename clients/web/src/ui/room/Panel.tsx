/** Hands, chat and people beside the stage; a sheet on phones. */
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, hands, liveSeats, roleOf } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";
import { Chat } from "./Chat.js";
import { Hands } from "./Hands.js";
import { People } from "./People.js";

export type Tab = "chat" | "people" | "queue";

interface PanelProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
  readonly tab: Tab;
  readonly onTab: (tab: Tab) => void;
  readonly onClose: () => void;
}

export const Panel = ({ live, state, nameOf, tab, onTab, onClose }: PanelProps) => {
  const { text } = useUi();
  const isModerator = roleOf(state) === "moderator";
  const shown = tab === "queue" && !isModerator ? "chat" : tab;
  return (
    <aside class="panel" aria-label={text.of("room.panel")} data-testid="panel">
      {!isModerator && <Hands live={live} state={state} nameOf={nameOf} />}
      <div class="tabs-row">
        <Tabs state={state} shown={shown} onTab={onTab} />
        <button
          type="button"
          class="icon-button panel-close"
          aria-label={text.of("app.close")}
          data-testid="panel-close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <div
        class="panel-body"
        id="panel-body"
        role="tabpanel"
        tabIndex={shown === "chat" ? undefined : 0}
        aria-labelledby={`tab-${shown}`}
      >
        {shown === "chat" && <Chat live={live} state={state} nameOf={nameOf} />}
        {shown === "people" && <People live={live} state={state} nameOf={nameOf} />}
        {shown === "queue" && <Hands live={live} state={state} nameOf={nameOf} />}
      </div>
    </aside>
  );
};

/** What the panel can show; arrow keys go along the line of reading. */
const Tabs = ({ state, shown, onTab }: Pick<PanelProps, "state" | "onTab"> & { readonly shown: Tab }) => {
  const { text } = useUi();
  const tabs: readonly (readonly [Tab, string, number | null])[] = [
    ...(roleOf(state) === "moderator" ? ([["queue", text.of("room.queue"), hands(state).length]] as const) : []),
    ["chat", text.of("room.chat"), null],
    ["people", text.of("room.people"), liveSeats(state).length],
  ];
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    const step = text.direction === "rtl" ? -by : by;
    const next = tabs[(tabs.findIndex(([name]) => name === shown) + step + tabs.length) % tabs.length];
    if (next !== undefined) onTab(next[0]);
    event.currentTarget instanceof HTMLElement &&
      event.currentTarget.querySelector<HTMLElement>(`[data-testid="tab-${next?.[0]}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={onKeyDown}>
      {tabs.map(([name, label, count]) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={shown === name}
          aria-controls="panel-body"
          tabIndex={shown === name ? 0 : -1}
          data-testid={`tab-${name}`}
          onClick={() => onTab(name)}
        >
          {label}
          {count !== null && <span class="count">{text.number(count)}</span>}
        </button>
      ))}
    </div>
  );
};
