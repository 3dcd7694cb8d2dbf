/** Entering was refused: what it was, what was not sent, what can be done. */
import type { Lobby } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import type { Refused } from "../../state/app.js";
import { Frame } from "../Frame.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";

export const RefusedScreen = ({ lobby, reason }: { lobby: Lobby; reason: Refused }) => {
  const { app, text } = useUi();
  const chain = text.digits(String(lobby.chainId));
  const sentence = reason === "cannotEncrypt" ? text.of("pre.cannotEncrypt") : text.of(`refused.${reason}`, { chain });
  return (
    <Frame
      title={lobby.title === null ? text.of("rooms.sealed") : visible(lobby.title)}
      subtitle={text.of(`kind.${lobby.kind}`)}
      onBack={() => void app.rooms()}
    >
      <section class="card lone" role="alert" data-testid="refused" data-reason={reason}>
        <span class="lone-mark">
          <Icon name="info" size={28} />
        </span>
        <h2>{text.of("refused.title")}</h2>
        <p>{sentence}</p>
        <div class="lone-buttons">
          <button type="button" class="primary" data-testid="try-again" onClick={() => void app.lobby(lobby.room)}>
            {text.of("app.retry")}
          </button>
          <button type="button" class="plain" data-testid="see-rooms" onClick={() => void app.rooms()}>
            {text.of("ended.rooms")}
          </button>
        </div>
      </section>
    </Frame>
  );
};
