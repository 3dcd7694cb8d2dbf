/** What components share: the app, the language, stores, and who is called what. */
import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Seat } from "../daemon/types.js";
import { namesOf } from "../i18n/names.js";
import type { Text } from "../i18n/text.js";
import type { App } from "../state/app.js";
import type { Store } from "../state/store.js";

export interface Ui {
  readonly app: App;
  readonly text: Text;
}

export const UiContext = createContext<Ui | undefined>(undefined);

export const useUi = (): Ui => {
  const ui = useContext(UiContext);
  if (ui === undefined) throw new Error("a component stands outside the page");
  return ui;
};

/** The store's value; the component is drawn again when it changes. */
export const useStore = <T extends object>(store: Store<T>): T => {
  const [value, setValue] = useState(store.value);
  useEffect(() => {
    setValue(store.value);
    return store.on(() => setValue(store.value));
  }, [store]);
  return value;
};

/** Names of all seats by identity; of somebody who left, by the pseudonym alone. */
export const useNames = (seats: readonly Seat[]): ((identity: string) => string) => {
  const { text } = useUi();
  return useMemo(() => {
    const names = namesOf(seats, text);
    const gone = (identity: string): string => namesOf([{ identity, account: null } as Seat], text).get(identity) ?? "";
    return (identity) => names.get(identity) ?? gone(identity);
  }, [seats, text]);
};

/** Whether a media query holds. */
export const useMedia = (query: string): boolean => {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const hear = (): void => setHolds(list.matches);
    list.addEventListener("change", hear);
    return () => list.removeEventListener("change", hear);
  }, [query]);
  return holds;
};

/** How long a yes is closed after its question came: a press that was meant for something else is none. */
export const YES_CLOSED_MS = 1_000;

/** Whether so much time went by since the component came. */
export const useLater = (milliseconds: number): boolean => {
  const { app } = useUi();
  const [isOver, setIsOver] = useState(false);
  useLayoutEffect(() => app.later(milliseconds, () => setIsOver(true)), []);
  return isOver;
};

/** The time, once a second while it is wanted: seconds since 1970. */
export const useNow = (isWanted: boolean): number => {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!isWanted) return;
    const tick = (): void => setNow(Date.now() / 1000);
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [isWanted]);
  return now;
};
