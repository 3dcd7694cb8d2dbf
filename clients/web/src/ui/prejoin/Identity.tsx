/** Known or anonymous, with what each gives away. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Form, Lobby } from "../../daemon/types.js";
import { shortAccount } from "../../i18n/names.js";
import { visible } from "../../i18n/visible.js";
import type { App } from "../../state/app.js";
import { FEW } from "../../state/room-state.js";
import { type Wallet, WalletError } from "../../state/wallet.js";
import { Crowd } from "./Crowd.js";
import { useUi } from "../hooks.js";

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

export const Identity = (props: IdentityProps) => {
  const { text } = useUi();
  return (
    <fieldset class="identity">
      <legend>
        <h2 class="page-title">{text.of("pre.how")}</h2>
      </legend>
      <Anonymous {...props} />
      <Known {...props} />
    </fieldset>
  );
};

interface OptionProps {
  readonly form: Form;
  readonly title: string;
  readonly choice: Choice;
  /** Whether it can be chosen. */
  readonly isOpen: boolean;
  readonly mark?: ComponentChildren;
  readonly onChoice: (choice: Choice) => void;
  readonly children: ComponentChildren;
}

/** One of the two ways to enter, with what it gives away. */
const Option = ({ form, title, choice, isOpen, mark, onChoice, children }: OptionProps) => {
  const isChosen = choice.form === form && (form === "known" || isOpen);
  return (
    <div class={`card option ${!isChosen ? "" : form === "known" ? "chosen" : "chosen-anon"}`} data-disabled={!isOpen}>
      <label class="option-head">
        <input
          type="radio"
          name="form"
          data-testid={`form-${form}`}
          disabled={!isOpen}
          checked={choice.form === form}
          onChange={() => onChoice({ ...choice, form })}
        />
        <span class="option-title">{title}</span>
        {mark}
      </label>
      {children}
    </div>
  );
};

/** As one of k. */
const Anonymous = ({ lobby, choice, onChoice }: IdentityProps) => {
  const { text } = useUi();
  const { k } = lobby.anonymous;
  const hides = mayHide(lobby);
  const mark = hides && <span class="chip anon">{text.of("pre.suggested")}</span>;
  return (
    <Option form="anonymous" title={text.of("pre.anonymous")} choice={choice} isOpen={hides} mark={mark} onChoice={onChoice}>
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
            <p class="k" data-testid="k" data-k={k}>
              {text.of("pre.k", { k })}
            </p>
            <p class={k < FEW ? "note caution" : "second"}>{text.of(k < FEW ? "pre.k.few" : "pre.k.text", { k })}</p>
            <Crowd k={k} />
          </div>
        )}
      </div>
    </Option>
  );
};

/** Under the own name. */
const Known = (props: IdentityProps) => {
  const { text } = useUi();
  const { lobby, wallets, choice, onChoice } = props;
  const { known, kind } = lobby;
  const asks = mayAsk(lobby, wallets);
  const names = known.allowed || asks;
  return (
    <Option form="known" title={text.of("pre.known")} choice={choice} isOpen={names} onChoice={onChoice}>
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
        {choice.form === "known" && names && <Signer {...props} />}
      </div>
    </Option>
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
