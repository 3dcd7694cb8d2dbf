/** Starts the encryption worker: the only script that this page may start besides itself (Trusted Types). */
import address from "./worker.ts?worker&url";

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const { trustedTypes } = globalThis as { trustedTypes?: Policies };

const only = (url: string): string => {
  if (url !== address) throw new TypeError("this page starts no other script");
  return url;
};

const policy = trustedTypes?.createPolicy("pars-worker", { createScriptURL: only });

export const startWorker = (): Worker =>
  new Worker(policy?.createScriptURL(address) ?? only(address), { type: "module", name: "encryption" });
