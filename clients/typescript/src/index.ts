/** `@pars/session`: what a dapp needs of the Town Hall. The session client itself comes with the daemon. */
export * from "./eligibility.js";
