/** The room is over for this seat: why, what others saw, ways on. */
import { useEffect, useRef } from "preact/hooks";
import type { LiveRoom } from "../../state/room.js";
import type { RoomState } from "../../state/room-state.js";
import { visible } from "../../i18n/visible.js";
import { Icon, type IconName } from "../Icon.js";
import { useUi } from "../hooks.js";

export const EndedScreen = ({ live, state }: { live: LiveRoom; state: RoomState }) => {
  const { app, text } = useUi();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    app.forget();
    heading.current?.focus();
  }, []);
  const { ended } = state;
  if (ended === null || ended.reason === "LeftHere") return <main class="ended" />;
  const own = state.chat.filter(({ identity }) => identity === state.joined?.identity);
  return (
    <main class="ended">
      <section class="card lone" data-testid="ended" data-reason={ended.reason} role="alert">
        <span class="lone-mark">
          <Icon name="clock" size={28} />
        </span>
        <h2 ref={heading} tabIndex={-1}>
          {text.of(`ended.${ended.reason}`)}
        </h2>
        <p>{text.of(`ended.${ended.reason}.text`)}</p>
        <ul class="ways">
          <Way icon="hall" title={text.of("ended.again")} detail={text.of("ended.again.text")}>
            <button type="button" class="primary" data-testid="enter-again" onClick={() => void app.lobby(live.room)}>
              {text.of("rooms.enter")}
            </button>
          </Way>
          <Way icon="forum" title={text.of("ended.rooms")} detail={text.of("ended.rooms.text")}>
            <button type="button" class="plain" data-testid="see-rooms" onClick={() => void app.rooms()}>
              {text.of("ended.rooms")}
            </button>
          </Way>
          {own.length > 0 && (
            <Way icon="download" title={text.of("ended.save")} detail={text.of("ended.save.text")}>
              <button
                type="button"
                class="plain"
                data-testid="save-own"
                onClick={() => save(own.map((message) => `${text.date(message.at)}\n${message.text}`).join("\n\n"))}
              >
                {text.of("ended.save.do")}
              </button>
            </Way>
          )}
        </ul>
        {ended.detail !== null && (
          <details>
            <summary>{text.of("ended.details")}</summary>
            <p dir="auto">{visible(ended.detail)}</p>
          </details>
        )}
      </section>
    </main>
  );
};

interface WayProps {
  readonly icon: IconName;
  readonly title: string;
  readonly detail: string;
  readonly children: preact.ComponentChildren;
}

const Way = ({ icon, title, detail, children }: WayProps) => (
  <li>
    <Icon name={icon} />
    <span>
      <strong>{title}</strong>
      <small>{detail}</small>
    </span>
    {children}
  </li>
);

/** Offers a text as a download; it does not leave the device. */
const save = (written: string): void => {
  const address = URL.createObjectURL(new Blob([written], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "town-hall.txt";
  link.click();
  URL.revokeObjectURL(address);
};
