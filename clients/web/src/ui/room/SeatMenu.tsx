/** What a moderator may do with one seat; what cannot be undone stands last, apart. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { OrderKind, Seat } from "../../daemon/types.js";
import type { Key } from "../../i18n/en.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, presenters } from "../../state/room-state.js";
import { Icon, type IconName } from "../Icon.js";
import { useUi } from "../hooks.js";

interface SeatMenuProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly seat: Seat;
  readonly name: string;
}

interface Item {
  readonly order: OrderKind;
  readonly icon: IconName;
  readonly key: Key;
  readonly danger?: boolean;
}

const itemsOf = (seat: Seat): readonly Item[] => [
  ...(seat.hand === null ? [] : [{ order: "lowerHand", icon: "hand", key: "hands.lower" } as const]),
  seat.muted ? { order: "unmute", icon: "mic", key: "mod.unmute" } : { order: "mute", icon: "micOff", key: "mod.mute" },
  ...(seat.anonymous
    ? []
    : [
        seat.role === "presenter"
          ? ({ order: "demote", icon: "share", key: "mod.demote" } as const)
          : ({ order: "promote", icon: "share", key: "mod.promote" } as const),
      ]),
  { order: "kick", icon: "leave", key: "mod.kick", danger: true },
  { order: "ban", icon: "ban", key: "mod.ban", danger: true },
];

export const SeatMenu = ({ live, state, seat, name }: SeatMenuProps) => {
  const { text } = useUi();
  const [isOpen, setIsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isOpen) box.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [isOpen]);

  const close = (): void => {
    setIsOpen(false);
    box.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isOpen) return;
    if (event.key === "Escape") close();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    step(box.current, event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    event.stopPropagation();
  };
  const leave = (event: FocusEvent): void => {
    if (!(event.relatedTarget instanceof Node && box.current?.contains(event.relatedTarget) === true)) setIsOpen(false);
  };
  const give = (order: OrderKind): void => {
    close();
    void live.order(order, seat.seat);
  };

  return (
    <div class="seat-menu" ref={box} onKeyDown={onKeyDown} onFocusOut={leave}>
      <button
        type="button"
        class="icon-button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={text.of("mod.of", { name })}
        data-testid="seat-menu"
        data-identity={seat.identity}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && <Orders state={state} seat={seat} name={name} onOrder={give} />}
    </div>
  );
};

/** The open menu. */
const Orders = ({ state, seat, name, onOrder }: Omit<SeatMenuProps, "live"> & { readonly onOrder: (order: OrderKind) => void }) => {
  const { text } = useUi();
  return (
    <div class="menu" role="menu" aria-label={text.of("mod.of", { name })}>
      {itemsOf(seat).map(({ order, icon, key, danger }) => (
        <button
          key={order}
          type="button"
          role="menuitem"
          class={danger === true ? "danger" : ""}
          data-testid={`order-${order}`}
          onClick={() => onOrder(order)}
        >
          <Icon name={icon} />
          {text.of(key)}
        </button>
      ))}
      <p class="second">{seat.anonymous ? text.of("mod.anonymous") : text.of("mod.confirm", { p: presenters(state) })}</p>
    </div>
  );
};

const step = (box: HTMLElement | null, by: 1 | -1): void => {
  const items = [...(box?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
};
