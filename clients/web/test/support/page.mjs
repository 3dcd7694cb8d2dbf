/** A document for components, and what they need of a browser. Scripts in it would run: tests see that none does. */
import { JSDOM } from "jsdom";

const NAMES = [
  "window",
  "document",
  "Node",
  "Element",
  "HTMLElement",
  "SVGElement",
  "Event",
  "CustomEvent",
  "KeyboardEvent",
  "addEventListener",
  "removeEventListener",
];

/** Makes it global; gives the window, and how often something of it was called that only a script would call. */
export const openPage = () => {
  const { window } = new JSDOM("<!doctype html><html><body><div id='page'></div></body></html>", {
    runScripts: "dangerously",
    pretendToBeVisual: true,
    url: "http://127.0.0.1:4000/",
  });
  const fired = [];
  for (const name of ["alert", "confirm", "prompt", "open", "eval"]) window[name] = (...values) => fired.push([name, ...values]);
  window.matchMedia = (query) => ({
    matches: query.includes("min-width"),
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  window.HTMLMediaElement.prototype.play = () => Promise.resolve();
  for (const name of ["pause", "load"]) window.HTMLMediaElement.prototype[name] = () => undefined;
  for (const name of NAMES)
    globalThis[name] = typeof window[name] === "function" && /^[a-z]/u.test(name) ? window[name].bind(window) : window[name];
  globalThis.matchMedia = window.matchMedia;
  globalThis.requestAnimationFrame = (call) => setTimeout(call, 0);
  globalThis.cancelAnimationFrame = clearTimeout;
  return { window, fired };
};

/** The elements and the names of their attributes, without any text. */
export const structureOf = (element) =>
  `${element.tagName}[${[...element.attributes].map(({ name }) => name).sort()}](${[...element.childNodes]
    .filter(({ nodeType }) => nodeType !== 3)
    .map((child) => (child.nodeType === 1 ? structureOf(child) : `node ${child.nodeType}`))})`;

/** Lets effects and renders happen. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
