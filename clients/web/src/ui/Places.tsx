/** The places outside a room. */
import { Icon } from "./Icon.js";
import { useUi } from "./hooks.js";

export const Places = ({ at }: { at: "rooms" | "recordings" }) => {
  const { app, text } = useUi();
  return (
    <nav class="places" aria-label={text.of("places.title")}>
      <button
        type="button"
        aria-current={at === "rooms" ? "page" : undefined}
        data-testid="nav-rooms"
        onClick={() => void app.rooms()}
      >
        <Icon name="hall" />
        {text.of("rooms.title")}
      </button>
      <button
        type="button"
        aria-current={at === "recordings" ? "page" : undefined}
        data-testid="nav-recordings"
        onClick={() => void app.recordings()}
      >
        <Icon name="play" />
        {text.of("recordings.title")}
      </button>
    </nav>
  );
};
