/** The daemon answered, and did not show what was asked for: our sentence, its own below it, ways on. */
import { visible } from "../i18n/visible.js";
import type { Failure } from "../state/player.js";
import { Card, Frame, WaysOn } from "./Frame.js";
import { useUi } from "./hooks.js";

interface FailedScreenProps {
  readonly failure: Failure;
  readonly onAgain: () => void;
}

export const FailedScreen = ({ failure: { reason, message }, onAgain }: FailedScreenProps) => {
  const { text } = useUi();
  return (
    <Frame title={text.of("app.title")}>
      <Card title={text.of("app.refused")} testid="failed" reason={reason}>
        <p>{text.of(reason === "WrongRoom" ? "app.noRoom" : `refused.${reason}`)}</p>
        {message !== "" && (
          <details>
            <summary>{text.of("ended.details")}</summary>
            <p dir="auto">{visible(message)}</p>
          </details>
        )}
        <WaysOn onAgain={onAgain} />
      </Card>
    </Frame>
  );
};
