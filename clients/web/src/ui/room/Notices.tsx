/** What has to be told. */
import type { LiveRoom } from "../../state/room.js";
import { shownOf } from "../../state/notices.js";
import type { Notice, RoomState } from "../../state/room-state.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";

interface NoticesProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

export const Notices = ({ live, state, nameOf }: NoticesProps) => {
  const { text } = useUi();
  const say = ({ key, identity, number }: Notice): string =>
    text.of(key, { ...(identity === null ? {} : { name: nameOf(identity) }), ...(number === null ? {} : { n: number }) });
  return (
    <section class="notices" aria-label={text.of("notices")} data-testid="notices">
      {shownOf(state.notices).map((notice) => (
        <p
          key={notice.id}
          class={`notice ${notice.weight}`}
          role={notice.weight === "calm" ? "status" : "alert"}
          data-testid="notice"
          data-key={notice.key}
          data-identity={notice.identity}
        >
          <Icon name="info" />
          <span>{say(notice)}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={text.of("notice.dismiss")}
            data-testid="notice-dismiss"
            onClick={() => live.dismiss(notice.id)}
          >
            <Icon name="close" size={16} />
          </button>
        </p>
      ))}
    </section>
  );
};
