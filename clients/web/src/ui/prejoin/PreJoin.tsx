/** Before entering: check, identity, how to speak, and the status line as it will be. */
import { useState } from "preact/hooks";
import type { Lobby } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import { means } from "../../media/guard.js";
import { FEW } from "../../state/room-state.js";
import { Frame } from "../Frame.js";
import { Icon, type IconName } from "../Icon.js";
import { type CellView, Status } from "../Status.js";
import { useStore, useUi } from "../hooks.js";
import { kindIcon, seatsOf } from "../Rooms.js";
import { Connection } from "./Connection.js";
import { type Choice, Identity, mayHide } from "./Identity.js";
import { SoundCheck } from "./SoundCheck.js";
import { Steps } from "./Steps.js";

export const PreJoin = ({ lobby }: { lobby: Lobby }) => {
  const { app, text } = useUi();
  const { wallets } = useStore(app.store);
  const [choice, setChoice] = useState<Choice>(() => firstChoice(lobby, wallets[0] ?? null));
  const [textOnly, setTextOnly] = useState(false);
  const [microphone, setMicrophone] = useState<string>();
  const canEncrypt = means() !== undefined;
  const wallet = choice.wallet ?? wallets[0] ?? null;
  const isReady = choice.form === "anonymous" ? mayHide(lobby) : lobby.known.allowed && choice.account !== null;
  const last = choice.form === "known" ? "pre.step.sign" : "pre.step.proof";
  const enter = (): void =>
    void app.enter(lobby, {
      ...choice,
      wallet,
      textOnly,
      account: choice.form === "known" ? choice.account : null,
      chosen: { microphone, camera: undefined },
    });

  return (
    <Frame
      title={lobby.title === null ? text.of("rooms.sealed") : visible(lobby.title)}
      subtitle={<Facts lobby={lobby} />}
      onBack={() => void app.rooms()}
      aside={<Steps keys={["pre.step.check", "pre.step.identity", last, "pre.step.enter"]} at={1} />}
      footer={<Foot choice={choice} isReady={isReady && canEncrypt && lobby.sitting !== null} onEnter={enter} />}
    >
      <div class="prejoin" data-testid="prejoin">
        <div class="prejoin-side">
          {!textOnly && <SoundCheck device={microphone} onDevice={setMicrophone} />}
          <Connection lobby={lobby} canEncrypt={canEncrypt} />
          {lobby.kind !== "Committee" && (
            <p class="second with-icon">
              <Icon name="cameraOff" />
              {text.of("pre.camera.none")}
            </p>
          )}
        </div>
        <div class="prejoin-main">
          <Identity lobby={lobby} wallets={wallets} choice={{ ...choice, wallet }} onChoice={setChoice} />
          <Voice textOnly={textOnly} onTextOnly={setTextOnly} />
          {lobby.power !== null && <p class="second">{text.of("pre.power", { power: text.amount(lobby.power) })}</p>}
        </div>
        <Forecast lobby={lobby} choice={choice} textOnly={textOnly} />
      </div>
    </Frame>
  );
};

/** Kind, seats and end of the room. */
const Facts = ({ lobby }: { lobby: Lobby }) => {
  const { text } = useUi();
  return (
    <>
      <Icon name={kindIcon[lobby.kind]} size={14} /> {text.of(`kind.${lobby.kind}`)} · {seatsOf(lobby, text)}
      {lobby.sitting !== null && <> · {text.of("pre.endsAt", { time: text.time(lobby.sitting.endsAt) })}</>}
    </>
  );
};

/** The status line as it will be. */
const Forecast = ({ lobby, choice, textOnly }: { lobby: Lobby; choice: Choice; textOnly: boolean }) => {
  const { text } = useUi();
  return (
    <section class="card forecast">
      <p>
        <strong>{text.of("pre.forecast")}</strong>
        <small>{text.of("pre.forecast.text")}</small>
      </p>
      <Status cells={forecast(text, choice, lobby, textOnly)} />
    </section>
  );
};

const firstChoice = (lobby: Lobby, wallet: Choice["wallet"]): Choice => {
  return { form: mayHide(lobby) || !lobby.known.allowed ? "anonymous" : "known", wallet, account: null };
};

const Foot = ({ choice, isReady, onEnter }: { choice: Choice; isReady: boolean; onEnter: () => void }) => {
  const { app, text } = useUi();
  return (
    <>
      <p class="second with-icon">
        <Icon name="info" />
        {text.of(choice.form === "anonymous" ? "pre.note.anonymous" : "pre.note.known")}
      </p>
      <div class="foot-buttons">
        <button type="button" class="plain" onClick={() => void app.rooms()}>
          {text.of("app.back")}
        </button>
        <button type="button" class="primary" data-testid="enter" disabled={!isReady} onClick={onEnter}>
          {text.of(choice.form === "anonymous" ? "pre.go.anonymous" : "pre.go.known")}
        </button>
      </div>
    </>
  );
};

const Voice = ({ textOnly, onTextOnly }: { textOnly: boolean; onTextOnly: (textOnly: boolean) => void }) => {
  const { text } = useUi();
  const options: readonly { value: boolean; icon: IconName; title: string; detail: string; testid: string }[] = [
    { value: false, icon: "mic", title: text.of("pre.voice.own"), detail: text.of("pre.voice.own.text"), testid: "voice-own" },
    { value: true, icon: "text", title: text.of("pre.voice.text"), detail: text.of("pre.voice.text.text"), testid: "voice-text" },
  ];
  return (
    <fieldset class="voices">
      <legend>
        <h3>{text.of("pre.speak")}</h3>
      </legend>
      {options.map(({ value, icon, title, detail, testid }) => (
        <label key={testid} class={`card voice ${value === textOnly ? "chosen" : ""}`}>
          <span class="voice-head">
            <Icon name={icon} />
            <strong>{title}</strong>
            <input
              type="radio"
              name="voice"
              data-testid={testid}
              checked={value === textOnly}
              onChange={() => onTextOnly(value)}
            />
          </span>
          <small>{detail}</small>
        </label>
      ))}
    </fieldset>
  );
};

const forecast = (
  text: ReturnType<typeof useUi>["text"],
  choice: Choice,
  lobby: Lobby,
  textOnly: boolean,
): readonly CellView[] => {
  const isAnonymous = choice.form === "anonymous";
  return [
    {
      cell: "hear",
      icon: textOnly ? "text" : "micOff",
      title: text.of("status.hear.nobody"),
      short: text.of("status.hear.short"),
      detail: text.of(textOnly ? "status.hear.text.sub" : "status.forecast.muted"),
      tone: "plain",
    },
    {
      cell: "id",
      icon: isAnonymous ? "star" : "person",
      title: text.of(isAnonymous ? "status.id.anonymous" : "status.id.known"),
      short: text.of(isAnonymous ? "status.id.anonymous" : "status.id.known"),
      // Who may not enter is none of the k.
      detail: !isAnonymous
        ? text.of("pre.known.text")
        : mayHide(lobby)
          ? text.of("pre.k", { k: lobby.anonymous.k })
          : text.of("status.outside"),
      tone: !isAnonymous ? "plain" : mayHide(lobby) && lobby.anonymous.k < FEW ? "caution" : "anon",
    },
    {
      cell: "enc",
      icon: "lock",
      title: text.of("status.enc.on"),
      short: text.of("status.enc.short"),
      detail: text.of("status.forecast.codes"),
      tone: "ok",
    },
    {
      cell: "rec",
      icon: "noRecord",
      title: text.of("status.rec.no"),
      short: text.of("status.rec.no"),
      detail: text.of("status.forecast.rec"),
      tone: "plain",
    },
    {
      cell: "net",
      icon: "bars",
      title: text.of("status.net.full"),
      short: text.of("status.net.short"),
      detail: text.of("status.net.direct"),
      tone: "caution",
    },
  ];
};
