/** A moderator invites: nothing opens without a press, silence means no. */
import type { LiveRoom } from "../../state/room.js";
import { Dialog } from "../Dialog.js";
import { YES_CLOSED_MS, useLater, useUi } from "../hooks.js";

export const Invitation = ({ live, to }: { live: LiveRoom; to: "speak" | "present" }) => {
  const { text } = useUi();
  const speaks = to === "speak";
  const mayAccept = useLater(YES_CLOSED_MS);
  return (
    <Dialog
      title={text.of(speaks ? "invited.title" : "promoted.title")}
      testid="invitation"
      alert
      onClose={() => void live.answer(false)}
    >
      <p>{text.of(speaks ? "invited.text" : "promoted.text")}</p>
      <div class="dialog-buttons">
        <button
          type="button"
          class="plain"
          data-testid="invitation-yes"
          disabled={!mayAccept}
          onClick={() => void live.answer(true)}
        >
          {text.of(speaks ? "invited.speak" : "promoted.yes")}
        </button>
        <button type="button" class="plain" data-testid="invitation-no" onClick={() => void live.answer(false)}>
          {text.of("invited.no")}
        </button>
      </div>
    </Dialog>
  );
};
