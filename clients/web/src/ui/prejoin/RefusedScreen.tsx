/** Entering was refused: what it was, what was not sent, what can be done. */
import type { Lobby } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import type { Refused } from "../../state/app.js";
import { Card, Frame, WaysOn } from "../Frame.js";
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
      <Card title={text.of("refused.title")} testid="refused" reason={reason}>
        <p>{sentence}</p>
        <WaysOn onAgain={() => void app.lobby(lobby.room)} />
      </Card>
    </Frame>
  );
};
