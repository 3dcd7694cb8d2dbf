/** Known or anonymous, with what each gives away. */
import { useEffect, useState } from "preact/hooks";
import type { Form, Lobby } from "../../daemon/types.js";
import { shortAccount } from "../../i18n/names.js";
import { visible } from "../../i18n/visible.js";
import type { App } from "../../state/app.js";
import { type Wallet, WalletError } from "../../state/wallet.js";
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

/** Whether this lobby's member can enter without a name. */
export const mayHide = ({ anonymous }: Lobby): boolean => anonymous.allowed && anonymous.ready;

/** A wallet of the browser may hold accounts that the own node does not know; the built-in one does not. */
const asksMore = ({ name }: Wallet): boolean => name !== null;

/** Whether it is worth asking a wallet: no account that the node knows may enter, another one may. */
const mayAsk = ({ known }: Lobby, wallets: readonly Wallet[]): boolean =>
  !known.allowed && known.reason === "NotEligible" && wallets.some(asksMore);

export const Identity = ({ lobby, wallets, choice, onChoice }: IdentityProps) => {
  const { text } = useUi();
  const { anonymous, kind, known } = lobby;
  const hides = mayHide(lobby);
  const asks = mayAsk(lobby, wallets);
  const names = known.allowed || asks;
  return (
    <fieldset class="identity">
      <legend>
        <h2 class="page-title">{text.of("pre.how")}</h2>
      </legend>
      <div class={`card option ${choice.form === "anonymous" && hides ? "chosen-anon" : ""}`} data-disabled={!hides}>
        <label class="option-head">
          <input
            type="radio"
            name="form"
            data-testid="form-anonymous"
            disabled={!hides}
            checked={choice.form === "anonymous"}
            onChange={() => onChoice({ ...choice, form: "anonymous" })}
          />
          <span class="option-title">{text.of("pre.anonymous")}</span>
          {hides && <span class="chip anon">{text.of("pre.suggested")}</span>}
        </label>
        <div class="option-body">
          <div class="option-words">
            <p>{text.of("pre.anonymous.text")}</p>
            <WhyNotAnonymous lobby={lobby} />
            {hides && (
              <p class="anon-note" data-testid="anonymous-rejoin">
                {text.of("pre.anonymous.name")}
              </p>
            )}
            {hides && <p class="second">{text.of("pre.limits")}</p>}
          </div>
          {hides && (
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
      <div class={`card option ${choice.form === "known" ? "chosen" : ""}`} data-disabled={!names}>
        <label class="option-head">
          <input
            type="radio"
            name="form"
            data-testid="form-known"
            disabled={!names}
            checked={choice.form === "known"}
            onChange={() => onChoice({ ...choice, form: "known" })}
          />
          <span class="option-title">{text.of("pre.known")}</span>
        </label>
        <div class="option-body option-words">
          <p>{text.of("pre.known.text")}</p>
          {/* Said wherever a seat without a name can have been taken, before anything is signed (DECISIONS O-4). */}
          {names && kind !== "Committee" && (
            <p class="note caution" data-testid="known-rejoin">
              {text.of("pre.known.rejoin")}
            </p>
          )}
          {!known.allowed && known.reason !== null && (
            <p class="note caution" data-testid="known-reason">
              {text.of(asks ? "pre.known.ask" : `refused.${known.reason}`)}
            </p>
          )}
          {choice.form === "known" && names && (
            <Signer lobby={lobby} wallets={wallets} choice={choice} onChoice={onChoice} />
          )}
        </div>
      </div>
    </fieldset>
  );
};

const WhyNotAnonymous = ({ lobby }: { lobby: Lobby }) => {
  const { kind, anonymous } = lobby;
  const { text } = useUi();
  if (mayHide(lobby)) return null;
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

/** What a wallet has answered so far; `other`: its accounts are none of those that may enter. */
type Answer = "waiting" | "able" | "other" | "refused" | "failed";

/** Accounts of a wallet that are asked about at once. */
const ASKED = 20;

/** Of a wallet's accounts those that may enter; the daemon judges what it did not know. */
const ableOf = async (app: App, lobby: Lobby, wallet: Wallet): Promise<readonly string[]> => {
  const all = await wallet.accounts();
  const isAmong = (accounts: readonly string[]) => (account: string) => accounts.includes(account.toLowerCase());
  const known = all.every(isAmong(lobby.known.accounts));
  const judged = known || !asksMore(wallet) ? lobby.known : await app.judge(lobby, all.slice(0, ASKED));
  return all.filter(isAmong(judged.accounts));
};

/** Asks the wallet which of its accounts may enter; `again` counts how often its owner wanted that. */
const useAccounts = (
  { lobby, choice: { wallet }, onChoice }: IdentityProps,
  again: number,
): { readonly answer: Answer; readonly accounts: readonly string[] } => {
  const { app } = useUi();
  const [told, setTold] = useState<{ answer: Answer; accounts: readonly string[] }>({ answer: "waiting", accounts: [] });
  useEffect(() => {
    if (wallet === null) return;
    let isOver = false;
    const take = (answer: Answer, accounts: readonly string[]): void => {
      if (isOver) return;
      setTold({ answer, accounts });
      onChoice({ form: "known", wallet, account: accounts[0] ?? null });
    };
    setTold({ answer: "waiting", accounts: [] });
    ableOf(app, lobby, wallet).then(
      (able) => take(able.length === 0 ? "other" : "able", able),
      (error) => take(error instanceof WalletError && error.reason === "walletRefused" ? "refused" : "failed", []),
    );
    return () => {
      isOver = true;
    };
  }, [wallet, again]);
  return told;
};

/** Which wallet and account sign. */
const Signer = (props: IdentityProps) => {
  const { lobby, wallets, choice, onChoice } = props;
  const { text } = useUi();
  const [again, setAgain] = useState(0);
  const { answer, accounts } = useAccounts(props, again);

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
          value={choice.wallet?.id ?? ""}
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
      {answer === "able" ? (
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
      ) : (
        <NoAccount answer={answer} able={lobby.known.accounts} onAgain={() => setAgain(again + 1)} />
      )}
      <p class="second">{text.of("pre.known.lasting")}</p>
    </div>
  );
};

/** At most so many of the accounts that may enter are named. */
const NAMED = 3;

interface NoAccountProps {
  readonly answer: Exclude<Answer, "able">;
  readonly able: readonly string[];
  readonly onAgain: () => void;
}

/** Why no account can be chosen, and the way to ask the wallet once more. */
const NoAccount = ({ answer, able, onAgain }: NoAccountProps) => {
  const { text } = useUi();
  if (answer === "waiting") {
    return (
      <p class="second" role="status" data-testid="wallet-answer" data-answer={answer}>
        {text.of("pre.wallet.waiting")}
      </p>
    );
  }
  const named = able.slice(0, NAMED).map(shortAccount).join(", ");
  return (
    <div class="note caution no-account" role="alert" data-testid="wallet-answer" data-answer={answer}>
      <p>
        {answer !== "other"
          ? text.of(`pre.wallet.${answer}`)
          : named === ""
            ? text.of("pre.wallet.none.able")
            : text.of("pre.wallet.other", { accounts: named })}
      </p>
      <button type="button" class="plain" data-testid="wallet-again" onClick={onAgain}>
        {text.of("pre.wallet.again")}
      </button>
    </div>
  );
};
