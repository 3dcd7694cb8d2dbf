/** Before entering a room that is recorded: what that means, and the choice (THREATS K2). */
import type { Lobby } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import { Card, Frame } from "../Frame.js";
import { useUi } from "../hooks.js";

export const RecordedScreen = ({ lobby, onEnter }: { lobby: Lobby; onEnter: () => void }) => {
  const { app, text } = useUi();
  return (
    <Frame
      title={lobby.title === null ? text.of("rooms.sealed") : visible(lobby.title)}
      subtitle={text.of(`kind.${lobby.kind}`)}
    >
      <Card title={text.of("recorded.title")} testid="recorded">
        <p>{text.of("recorded.text")}</p>
        <p class="second">{text.of("recorded.nothing")}</p>
        <div class="lone-buttons">
          <button type="button" class="primary" data-testid="recorded-enter" onClick={onEnter}>
            {text.of("recorded.go")}
          </button>
          <button type="button" class="plain" data-testid="recorded-leave" onClick={() => void app.cancel(lobby)}>
            {text.of("recorded.leave")}
          </button>
        </div>
      </Card>
    </Frame>
  );
};
