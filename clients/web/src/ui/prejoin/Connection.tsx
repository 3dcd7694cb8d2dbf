/** What was checked before entering: node, host, encryption; and what the media server will see. */
import type { Lobby } from "../../daemon/types.js";
import { Icon, type IconName } from "../Icon.js";
import { useUi } from "../hooks.js";

export const Connection = ({ lobby, canEncrypt }: { lobby: Lobby; canEncrypt: boolean }) => {
  const { text } = useUi();
  return (
    <section class="card check">
      <h2>{text.of("pre.connection")}</h2>
      <ul class="checks">
        <Check icon="shield" good title={text.of("pre.node")} detail={text.of("pre.node.text")} testid="check-node" />
        <Check
          icon="bars"
          good={lobby.host}
          title={text.of(lobby.host ? "pre.host" : "pre.noHost")}
          detail={text.of(`kind.${lobby.kind}`)}
          testid="check-host"
        />
        <Check
          icon="lock"
          good={canEncrypt}
          title={text.of(canEncrypt ? "pre.encrypt" : "status.enc.cannot")}
          detail={text.of(canEncrypt ? "pre.encrypt.text" : "pre.cannotEncrypt")}
          testid="check-encryption"
        />
        <Check icon="eye" good={false} title={text.of("pre.direct")} detail={text.of("pre.direct.text")} testid="check-address" />
      </ul>
    </section>
  );
};

interface CheckProps {
  readonly icon: IconName;
  readonly good: boolean;
  readonly title: string;
  readonly detail: string;
  readonly testid: string;
}

const Check = ({ icon, good, title, detail, testid }: CheckProps) => (
  <li class={good ? "good" : "caution"} data-testid={testid} data-good={good}>
    <span class="check-mark">
      <Icon name={icon} />
    </span>
    <span>
      <strong>{title}</strong>
      <small>{detail}</small>
    </span>
    <Icon name={good ? "check" : "info"} />
  </li>
);
