/** Starts the page: the token first, then everything else. */
import { render } from "preact";
import { Daemon, addressOf } from "./daemon/client.js";
import { takeToken } from "./daemon/door.js";
import type { Language } from "./i18n/text.js";
import { connect } from "./media/link.js";
import { App, type Theme } from "./state/app.js";
import { Page } from "./ui/Page.js";

const token = takeToken(window);
const language: Language = navigator.language.startsWith("fa") ? "fa" : "en";
const theme: Theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
const daemon = token === undefined ? undefined : () => new Daemon(addressOf(location), token);
const app = new App({ connect, daemon, storage: sessionStorage, scope: window }, { language, theme });
const root = document.getElementById("page");
if (root !== null) render(<Page app={app} />, root);
void app.start();
