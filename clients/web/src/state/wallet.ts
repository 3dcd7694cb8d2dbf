/** Who signs the seat statement: a wallet of the browser (EIP-6963), or the daemon's built-in one on the development chain. */
import type { Daemon } from "../daemon/client.js";
import type { TypedData } from "../daemon/types.js";

/**
 * Why a wallet did not sign: its owner said no, it holds the account no longer (or never did), it is on another chain than the
 * room; `wallet`: anything else.
 */
export type WalletReason = "wallet" | "walletRefused" | "walletAccount" | "walletChain";

export class WalletError extends Error {
  override readonly name = "WalletError";

  constructor(readonly reason: WalletReason) {
    super(`the wallet did not sign: ${reason}`);
  }
}

export interface Wallet {
  readonly id: string;
  /** What the wallet calls itself; null: the built-in one. */
  readonly name: string | null;
  /** Accounts it would sign for, lower case; may ask its owner. Rejects with `WalletError`. */
  accounts(): Promise<readonly string[]>;
  /** Signs EIP-712 typed data: 0x and 65 bytes in hex. Rejects with `WalletError`. */
  sign(account: string, typedData: TypedData): Promise<string>;
}

/** The built-in wallet of chain 7072. */
export const devWallet = (daemon: Pick<Daemon, "call">): Wallet => ({
  id: "dev",
  name: null,
  accounts: () => daemon.call("dev.accounts", {}),
  sign: async (account, typedData) => (await daemon.call("dev.sign", { account, typedData })).signature,
});

interface Provider {
  request(call: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

/** EIP-6963. The icon that `info` may hold is not read: nothing of a wallet is drawn but its name, as text. */
interface Announcement {
  readonly info: { readonly uuid: string; readonly name: string };
  readonly provider: Provider;
}

const isAnnouncement = (detail: unknown): detail is Announcement => {
  const { info, provider } = (detail ?? {}) as Partial<Announcement>;
  return typeof info?.uuid === "string" && typeof info.name === "string" && typeof provider?.request === "function";
};

/** Errors of EIP-1193: "user rejected", "unauthorized" (of an account), "chain disconnected". */
const reasons: Readonly<Record<number, WalletReason>> = { 4001: "walletRefused", 4100: "walletAccount", 4901: "walletChain" };

const ask = async (provider: Provider, method: string, params: readonly unknown[] = []): Promise<unknown> => {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    throw new WalletError(reasons[(error as { code?: number } | null)?.code ?? 0] ?? "wallet");
  }
};

const ADDRESS = /^0x[0-9a-f]{40}$/u;

const addresses = (answer: unknown): readonly string[] =>
  Array.isArray(answer) ? answer.map((account) => String(account).toLowerCase()).filter((text) => ADDRESS.test(text)) : [];

const SIGNATURE = /^0x[0-9a-f]{130}$/iu;

/** Chain and account are asked before anything is shown for signing: wallets say little about why they refuse. */
const walletOf = ({ info, provider }: Announcement): Wallet => ({
  id: info.uuid,
  name: info.name,
  accounts: async () => addresses(await ask(provider, "eth_requestAccounts")),
  sign: async (account, typedData) => {
    if (Number(await ask(provider, "eth_chainId")) !== Number(typedData.domain["chainId"])) throw new WalletError("walletChain");
    if (!addresses(await ask(provider, "eth_accounts")).includes(account.toLowerCase())) throw new WalletError("walletAccount");
    const signature = String(await ask(provider, "eth_signTypedData_v4", [account, JSON.stringify(typedData)]));
    if (!SIGNATURE.test(signature)) throw new WalletError("wallet");
    return signature.toLowerCase();
  },
});

/** Hears of every wallet that the browser has; gives back what ends that. */
export const findWallets = (scope: EventTarget, found: (wallet: Wallet) => void): (() => void) => {
  const hear = (event: Event): void => {
    const { detail } = event as CustomEvent<unknown>;
    if (isAnnouncement(detail)) found(walletOf(detail));
  };
  scope.addEventListener("eip6963:announceProvider", hear);
  scope.dispatchEvent(new Event("eip6963:requestProvider"));
  return () => scope.removeEventListener("eip6963:announceProvider", hear);
};
