/** Who signs the seat statement: a wallet of the browser (EIP-6963), or the daemon's built-in one on the development chain. */
import type { Daemon } from "../daemon/client.js";
import type { TypedData } from "../daemon/types.js";

export interface Wallet {
  readonly id: string;
  /** What the wallet calls itself; null: the built-in one. */
  readonly name: string | null;
  /** Accounts it would sign for; may ask its owner. */
  accounts(): Promise<readonly string[]>;
  /** Signs EIP-712 typed data. */
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

interface Announcement {
  readonly info: { readonly uuid: string; readonly name: string };
  readonly provider: Provider;
}

const isAnnouncement = (detail: unknown): detail is Announcement => {
  const { info, provider } = (detail ?? {}) as Partial<Announcement>;
  return typeof info?.uuid === "string" && typeof info.name === "string" && typeof provider?.request === "function";
};

const walletOf = ({ info, provider }: Announcement): Wallet => ({
  id: info.uuid,
  name: info.name,
  accounts: async () => {
    const accounts = await provider.request({ method: "eth_requestAccounts" });
    return Array.isArray(accounts) ? accounts.map((account) => String(account).toLowerCase()) : [];
  },
  sign: async (account, typedData) =>
    String(await provider.request({ method: "eth_signTypedData_v4", params: [account, JSON.stringify(typedData)] })),
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
