/** Messages and their input. Whatever others wrote is only ever text. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Key } from "../../i18n/en.js";
import { visible } from "../../i18n/visible.js";
import type { LiveRoom } from "../../state/room.js";
import { type Message, type RoomState, maySend } from "../../state/room-state.js";
import { MAX_CHAT_BYTES } from "../../state/talk.js";
import { Icon } from "../Icon.js";
import { Face, Name } from "../Person.js";
import { useUi } from "../hooks.js";

/** Messages that come together are announced together. */
const BUNDLE_MS = 2_000;

interface ChatProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly nameOf: (identity: string) => string;
}

export const Chat = ({ live, state, nameOf }: ChatProps) => {
  const { text } = useUi();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = list.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  }, [state.chat.at(-1)?.id]);
  return (
    <div class="chat" id="chat">
      <div class="messages" ref={list} tabIndex={0} role="region" aria-label={text.of("chat.log")} data-testid="messages">
        {state.chat.length === 0 && <p class="second">{text.of("chat.empty")}</p>}
        {state.chat.map((message) => (
          <MessageRow key={message.id} live={live} state={state} message={message} name={nameOf(message.identity)} />
        ))}
      </div>
      <Announcer chat={state.chat} own={state.joined?.identity} nameOf={nameOf} />
      <ReactionRow state={state} nameOf={nameOf} />
      <Input live={live} state={state} />
    </div>
  );
};

interface MessageRowProps {
  readonly live: LiveRoom;
  readonly state: RoomState;
  readonly message: Message;
  readonly name: string;
}

const MessageRow = ({ live, state, message, name }: MessageRowProps) => {
  const { text } = useUi();
  const seat = state.seats.find(({ identity }) => identity === message.identity);
  return (
    <article class="message" data-testid="message" data-identity={message.identity} data-state={message.state}>
      <Face seat={seat ?? { identity: message.identity, account: null }} />
      <p class="message-head">
        <Name seat={seat} name={name} />
        <time>{text.time(message.at)}</time>
      </p>
      <p class="message-text" dir="auto" data-testid="message-text">
        {visible(message.text)}
      </p>
      {message.state === "failed" && (
        <p class="message-failed" role="alert">
          {text.of("chat.failed")}
          <button type="button" class="quiet" data-testid="message-retry" onClick={() => void live.talk.again(message.id)}>
            {text.of("app.retry")}
          </button>
        </p>
      )}
    </article>
  );
};

/** The log for screen readers: one message by itself, several as a number. */
const Announcer = ({
  chat,
  own,
  nameOf,
}: {
  chat: readonly Message[];
  own: string | undefined;
  nameOf: (identity: string) => string;
}) => {
  const { text } = useUi();
  const [said, setSaid] = useState("");
  const told = useRef(chat.length === 0 ? 0 : (chat[chat.length - 1]?.id ?? 0));
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const fresh = latest.current.filter(({ id, identity }) => id > told.current && identity !== own);
      told.current = latest.current[latest.current.length - 1]?.id ?? told.current;
      const [first] = fresh;
      if (first !== undefined)
        setSaid(
          fresh.length === 1 ? `${nameOf(first.identity)}: ${visible(first.text)}` : text.of("chat.new", { n: fresh.length }),
        );
    }, BUNDLE_MS);
  }, [chat]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const latest = useRef(chat);
  latest.current = chat;
  return (
    <p class="hidden" role="log" aria-live="polite">
      {said}
    </p>
  );
};

const ReactionRow = ({ state, nameOf }: { state: RoomState; nameOf: (identity: string) => string }) => {
  const { text } = useUi();
  if (state.reactions.length === 0) return null;
  return (
    <ul class="chips reactions" data-testid="reactions">
      {state.reactions.map(({ id, identity, text: reaction }) => (
        <li key={id} class="chip" data-testid="reaction" data-reaction={reaction} data-identity={identity}>
          {text.of("react.sent", { name: nameOf(identity), reaction: text.of(`react.${reaction}` as Key) })}
        </li>
      ))}
    </ul>
  );
};

const Input = ({ live, state }: { live: LiveRoom; state: RoomState }) => {
  const { text } = useUi();
  const [draft, setDraft] = useState("");
  const isLong = new TextEncoder().encode(draft).length > MAX_CHAT_BYTES;
  const isOpen = maySend(state);
  const send = (): void => {
    if (draft.trim() === "" || isLong || !isOpen) return;
    setDraft("");
    void live.talk.say(draft);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // Three times Escape leaves from here too.
    if (event.key !== "Escape") event.stopPropagation();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="chat-input"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        rows={1}
        dir="auto"
        value={draft}
        disabled={state.differs !== null}
        placeholder={text.of(state.differs === null ? "chat.input" : "chat.closed")}
        aria-label={text.of("chat.input")}
        aria-invalid={isLong}
        data-testid="chat-input"
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="send" aria-label={text.of("chat.send")} data-testid="chat-send" disabled={!isOpen || isLong}>
        <Icon name="send" />
      </button>
      {isLong && (
        <p class="note caution" role="alert">
          {text.of("chat.long")}
        </p>
      )}
    </form>
  );
};
