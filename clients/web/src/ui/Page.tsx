/** The page: one screen at a time. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Text } from "../i18n/text.js";
import type { App, Screen } from "../state/app.js";
import { FailedScreen } from "./FailedScreen.js";
import { Card, Frame } from "./Frame.js";
import { Rooms } from "./Rooms.js";
import { UiContext, useStore, useUi } from "./hooks.js";
import { Entering } from "./prejoin/Entering.js";
import { PreJoin } from "./prejoin/PreJoin.js";
import { RecordedScreen } from "./prejoin/RecordedScreen.js";
import { RefusedScreen } from "./prejoin/RefusedScreen.js";
import { Recordings } from "./recordings/Recordings.js";
import { RoomScreen } from "./room/RoomScreen.js";

export const Page = ({ app }: { app: App }) => {
  const { language, theme } = useStore(app.store);
  const text = useMemo(() => new Text(language), [language]);
  useEffect(() => {
    const root = document.documentElement;
    root.lang = language;
    root.dir = text.direction;
    root.dataset["theme"] = theme;
    document.title = text.of("app.title");
  }, [text, theme]);
  return (
    <UiContext.Provider value={{ app, text }}>
      <CurrentScreen />
    </UiContext.Provider>
  );
};

/** Another screen begins at its title: a press that led to it took its button, and the focus, away. */
const useTitleFocus = (name: Screen["name"]): void => {
  const shown = useRef(name);
  useEffect(() => {
    const isOther = shown.current !== name;
    shown.current = name;
    const { activeElement, body } = document;
    const isLost = activeElement === null || activeElement === body;
    if (isOther && isLost) document.querySelector<HTMLElement>("h1")?.focus();
  }, [name]);
};

const CurrentScreen = () => {
  const { app, text } = useUi();
  const { screen } = useStore(app.store);
  useTitleFocus(screen.name);
  switch (screen.name) {
    case "connecting":
      return (
        <Frame title={text.of("app.title")}>
          <p role="status">{text.of("app.loading")}</p>
        </Frame>
      );
    case "noToken":
    case "noDaemon":
      return (
        <Frame title={text.of("app.title")}>
          <Card title={text.of(`app.${screen.name}`)} testid={screen.name === "noToken" ? "no-token" : "no-daemon"}>
            <p>{text.of(`app.${screen.name}.text`)}</p>
            {screen.name === "noDaemon" && (
              <button type="button" class="primary" data-testid="try-again" onClick={() => void app.start()}>
                {text.of("app.retry")}
              </button>
            )}
          </Card>
        </Frame>
      );
    case "failed":
      return <FailedScreen failure={screen.failure} onAgain={screen.again} />;
    case "rooms":
      return <Rooms rooms={screen.rooms} />;
    case "lobby":
      return <PreJoin key={screen.lobby.room} lobby={screen.lobby} />;
    case "entering":
      return <Entering lobby={screen.lobby} progress={screen.progress} />;
    case "recorded":
      return <RecordedScreen lobby={screen.lobby} onEnter={screen.enter} />;
    case "refused":
      return <RefusedScreen lobby={screen.lobby} reason={screen.reason} />;
    case "room":
      return <RoomScreen live={screen.live} />;
    case "recordings":
      return <Recordings library={screen.library} />;
  }
};
