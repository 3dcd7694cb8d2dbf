/** A room on screen, without a browser: what is drawn, presses and keys, and a clock that goes on when it is told to. */
import { openPage, settle } from "./page.mjs";

export const { window } = openPage();
const { h, render } = await import("preact");
const { App } = await import("../../build/state/app.js");
const { Page } = await import("../../build/ui/Page.js");

export const root = window.document.getElementById("page");
export const at = (testid) => root.querySelector(`[data-testid="${testid}"]`);
export const press = async (testid) => (at(testid).click(), settle());
/** A key goes down, and what it leads to is not waited for. */
export const down = (element, name, more = {}) =>
  element.dispatchEvent(new window.KeyboardEvent("keydown", { key: name, code: name, bubbles: true, ...more }));
export const key = async (element, name) => (down(element, name), settle());

const clock = () => {
  let now = 0;
  const due = new Set();
  const later = (milliseconds, call) => {
    const entry = { at: now + milliseconds, call };
    due.add(entry);
    return () => due.delete(entry);
  };
  const pass = (milliseconds) => {
    now += milliseconds;
    for (const entry of [...due].filter(({ at }) => at <= now)) if (due.delete(entry)) entry.call();
  };
  return { later, pass };
};

/** Draws a screen anew; `pass` makes time go by for it. */
export const draw = async (screen, language = "en") => {
  const time = clock();
  const storage = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  const tools = { connect: () => undefined, daemon: undefined, scope: window, storage, later: time.later };
  const app = new App(tools, { language, theme: "light" });
  app.store.set({ screen });
  render(null, root);
  const page = window.document.documentElement;
  page.lang = "";
  render(h(Page, { app }), root);
  // The page's own effect is the last one of all that belong to a drawing.
  while (page.lang !== language) await settle();
  return { app, pass: async (milliseconds) => (time.pass(milliseconds), settle()) };
};

/** Draws one component by itself. */
export const drawOnly = async (component, props) => {
  render(null, root);
  render(h(component, props), root);
  await settle();
};
