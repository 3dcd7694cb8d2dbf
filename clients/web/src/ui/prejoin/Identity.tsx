/** Known or anonymous, with what each gives away. */
import { useEffect, useState } from "preact/hooks";
import type { Form, Lobby } from "../../daemon/types.js";
import { shortAccount } from "../../i18n/names.js";
import { visible } from "../../i18n/visible.js";
import type { Wallet } from "../../state/wallet.js";
import { Crowd } from "./Crowd.js";
import { useUi } from "../hooks.js";

/** Below this, people may guess. */
const FEW = 20;

export interface Choice {
  readonly form: Form;
  readonly wallet: Wallet | null;
  readonly account: string | null;
}

interface IdentityProps {
  readonly lobby: Lobby;
  readonly wallets: readonly Wallet[];
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
}

export const Identity = ({ lobby, wallets, choice, onChoice }: IdentityProps) => {
  const { text } = useUi();
  const { anonymous, known } = lobby;
  const mayHide = anonymous.allowed && anonymous.ready;
  return (
    <fieldset class="identity">
      <legend>
        <h2 class="page-title">{text.of("pre.how")}</h2>
      </legend>
      <div class={`card option ${choice.form === "anonymous" ? "chosen-anon" : ""}`} data-disabled={!mayHide}>
        <label class="option-head">
          <input
            type="radio"
            name="form"
            data-testid="form-anonymous"
            disabled={!mayHide}
            checked={choice.form === "anonymous"}
            onChange={() => onChoice({ ...choice, form: "anonymous" })}
          />
          <span class="option-title">{text.of("pre.anonymous")}</span>
          {mayHide && <span class="chip anon">{text.of("pre.suggested")}</span>}
        </label>
        <div class="option-body">
          <div class="option-words">
            <p>{text.of("pre.anonymous.text")}</p>
            <WhyNotAnonymous lobby={lobby} />
            {mayHide && <p class="anon-note">{text.of("pre.anonymous.name")}</p>}
            {mayHide && <p class="second">{text.of("pre.limits")}</p>}
          </div>
          {mayHide && (
            <div class="crowd-box">
              <p class="k" data-testid="k" data-k={anonymous.k}>
                {text.of("pre.k", { k: anonymous.k })}
              </p>
              <p class={anonymous.k < FEW ? "note caution" : "second"}>
                {text.of(anonymous.k < FEW ? "pre.k.few" : "pre.k.text", { k: anonymous.k })}
              </p>
              <Crowd k={anonymous.k} />
            </div>
          )}
        </div>
      </div>
      <div class={`card option ${choice.form === "known" ? "chosen" : ""}`} data-disabled={!known.allowed}>
        <label class="option-head">
          <input
            type="radio"
            name="form"
            data-testid="form-known"
            disabled={!known.allowed}
            checked={choice.form === "known"}
            onChange={() => onChoice({ ...choice, form: "known" })}
          />
          <span class="option-title">{text.of("pre.known")}</span>
        </label>
        <div class="option-body option-words">
          <p>{text.of("pre.known.text")}</p>
          {!known.allowed && known.reason !== null && (
            <p class="note caution" data-testid="known-reason">
              {text.of(`refused.${known.reason}`)}
            </p>
          )}
          {choice.form === "known" && known.allowed && (
            <Signer lobby={lobby} wallets={wallets} choice={choice} onChoice={onChoice} />
          )}
        </div>
      </div>
    </fieldset>
  );
};

const WhyNotAnonymous = ({ lobby: { kind, anonymous } }: { lobby: Lobby }) => {
  const { text } = useUi();
  if (anonymous.allowed && anonymous.ready) return null;
  const sentence =
    kind === "Committee"
      ? text.of("pre.anonymous.committee")
      : anonymous.allowed || anonymous.reason === null
        ? text.of("pre.anonymous.notReady")
        : text.of(`refused.${anonymous.reason}`);
  return (
    <p class="note caution" data-testid="anonymous-reason">
      {sentence}
    </p>
  );
};

/** Which wallet and account sign. */
const Signer = ({ lobby, wallets, choice, onChoice }: IdentityProps) => {
  const { text } = useUi();
  const [accounts, setAccounts] = useState<readonly string[]>([]);
  const { wallet } = choice;
  useEffect(() => {
    if (wallet === null) return;
    let isOver = false;
    const take = (all: readonly string[]): void => {
      // The index knows who may sign; a wallet that shows others has nothing to offer here.
      const able = all.filter((account) => lobby.known.accounts.includes(account.toLowerCase()));
      if (isOver) return;
      setAccounts(able);
      onChoice({ form: "known", wallet, account: able[0] ?? null });
    };
    wallet.accounts().then(take, () => take([]));
    return () => {
      isOver = true;
    };
  }, [wallet]);

  if (wallets.length === 0) {
    return (
      <p class="note caution" data-testid="no-wallet">
        {text.of("pre.wallet.none")}
      </p>
    );
  }
  return (
    <div class="signer">
      <label class="field">
        <span>{text.of("pre.wallet")}</span>
        <select
          data-testid="wallet-select"
          value={wallet?.id ?? ""}
          onChange={(event) =>
            onChoice({ form: "known", account: null, wallet: wallets.find(({ id }) => id === event.currentTarget.value) ?? null })
          }
        >
          {wallets.map(({ id, name }) => (
            <option key={id} value={id}>
              {name === null ? text.of("pre.wallet.dev") : visible(name)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{text.of("pre.account")}</span>
        <select
          data-testid="account-select"
          dir="ltr"
          value={choice.account ?? ""}
          onChange={(event) => onChoice({ ...choice, account: event.currentTarget.value })}
        >
          {accounts.map((account) => (
            <option key={account} value={account}>
              {shortAccount(account)}
            </option>
          ))}
        </select>
      </label>
      <p class="second">{text.of("pre.known.lasting")}</p>
    </div>
  );
};
