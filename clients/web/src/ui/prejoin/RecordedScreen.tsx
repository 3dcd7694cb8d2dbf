/** Before entering a room that is recorded: what that means, and the choice (THREATS K2). */
import type { Lobby } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import { Frame } from "../Frame.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";

export const RecordedScreen = ({ lobby, onEnter }: { lobby: Lobby; onEnter: () => void }) => {
  const { app, text } = useUi();
  return (
    <Frame
      title={lobby.title === null ? text.of("rooms.sealed") : visible(lobby.title)}
      subtitle={text.of(`kind.${lobby.kind}`)}
    >
      <section class="card lone" role="alert" data-testid="recorded">
        <span class="lone-mark">
          <Icon name="info" size={28} />
        </span>
        <h2>{text.of("recorded.title")}</h2>
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
      </section>
    </Frame>
  );
};
