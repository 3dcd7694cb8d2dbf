/** The token: it comes once in the address's fragment, and is gone from there before anything else happens. */

const KEY = "pars.token";

/** What is used of a window. */
export interface Place {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(data: null, unused: string, url: string): void };
  readonly sessionStorage: Pick<Storage, "getItem" | "setItem">;
}

/** The token of this tab; undefined when it never came with one. */
export const takeToken = (place: Place): string | undefined => {
  const token = new URLSearchParams(place.location.hash.slice(1)).get("token");
  if (token !== null) {
    place.history.replaceState(null, "", place.location.pathname + place.location.search);
    place.sessionStorage.setItem(KEY, token);
  }
  return place.sessionStorage.getItem(KEY) ?? undefined;
};
