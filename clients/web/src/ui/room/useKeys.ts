/** Keys, by their place on the keyboard: with a Farsi layout M types another letter. */
import { useEffect } from "preact/hooks";
import type { LiveRoom } from "../../state/room.js";
import { mayOpen, roleOf } from "../../state/room-state.js";
import type { Cell } from "../Status.js";
import type { Tab } from "./Panel.js";

export interface KeyTargets {
  readonly onTab: (tab: Tab) => void;
  readonly onCell: (cell: Cell) => void;
  readonly onHelp: () => void;
  readonly onLeave: () => void;
}

const CELLS: readonly Cell[] = ["hear", "id", "enc", "rec", "net"];
const REGIONS = ["#status-region", "#stage-region", ".panel", "#controls"] as const;
/** Escape, three times in one second: sound off and out. */
const QUICK_EXIT = 3;
const QUICK_EXIT_MS = 1_000;

/** Letters do nothing while a field or control has the focus. */
const isBusy = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select, [role=dialog], [role=alertdialog], [role=menu]") !== null;

const isControl = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("button, a, [tabindex]:not([tabindex='-1'])") !== null;

export const useKeys = (live: LiveRoom, targets: KeyTargets): void => {
  useEffect(() => {
    let talking = false;
    let escapes: readonly number[] = [];

    const onEscape = (now: number): void => {
      escapes = [...escapes, now].filter((at) => now - at < QUICK_EXIT_MS);
      if (escapes.length >= QUICK_EXIT) targets.onLeave();
    };

    const onDown = (event: KeyboardEvent): void => {
      // One press held down is one, and one that ends the writing of a word is none.
      if (event.code === "Escape") return event.repeat || event.isComposing ? undefined : onEscape(performance.now());
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      if (event.code === "F6") return focusRegion(event);
      if (isBusy(event.target) || (event.code === "Space" && isControl(event.target))) return;
      const { value: state } = live.store;
      if (event.code === "Space" && state.microphone !== "live") {
        talking = true;
        event.preventDefault();
        return void live.senders.speak(true);
      }
      act(event, live, targets);
    };
    const hush = (): void => {
      if (!talking) return;
      talking = false;
      void live.senders.speak(false);
    };
    const onUp = (event: KeyboardEvent): void => {
      if (event.code === "Space") hush();
    };
    // A key that is let go elsewhere is not heard here.
    const onHidden = (): void => {
      if (document.visibilityState === "hidden") hush();
    };
    addEventListener("keydown", onDown);
    addEventListener("keyup", onUp);
    addEventListener("blur", hush);
    document.addEventListener("visibilitychange", onHidden);
    return () => {
      hush();
      removeEventListener("keydown", onDown);
      removeEventListener("keyup", onUp);
      removeEventListener("blur", hush);
      document.removeEventListener("visibilitychange", onHidden);
    };
  }, [live, targets]);
};

const act = (event: KeyboardEvent, live: LiveRoom, { onTab, onCell, onHelp }: KeyTargets): void => {
  const { value: state } = live.store;
  const digit = /^Digit([1-5])$/u.exec(event.code)?.[1];
  if (digit !== undefined && !event.shiftKey) return onCell(CELLS[Number(digit) - 1] ?? "hear");
  switch (event.code) {
    case "KeyM":
      if (event.shiftKey) return roleOf(state) === "moderator" ? void live.order("muteAll") : undefined;
      return void live.senders.speak(state.microphone !== "live");
    case "KeyH":
      return void live.talk.hand(!live.talk.isHandUp);
    case "KeyC":
      return onTab("chat");
    case "KeyP":
      return onTab("people");
    case "KeyR":
      return document.querySelector<HTMLElement>('[data-testid="react"]')?.click();
    case "KeyV":
      return mayOpen(state, "camera") ? void live.senders.press("camera") : undefined;
    case "KeyS":
      return mayOpen(state, "screen") ? void live.senders.press("screen") : undefined;
    case "Slash":
      return event.shiftKey ? onHelp() : undefined;
  }
};

const focusRegion = (event: KeyboardEvent): void => {
  event.preventDefault();
  const regions = REGIONS.flatMap((region) => document.querySelector<HTMLElement>(region) ?? []);
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(at + (event.shiftKey ? -1 : 1) + regions.length) % regions.length];
  next?.querySelector<HTMLElement>("button, textarea, [tabindex='0']")?.focus();
};
