/** What is told in a room: how much of it is kept, and which of it is shown at once. */
import type { Notice } from "./room-state.js";

/** A server may invent senders without end. */
const MAX_KEPT = 64;
/** Shown at once of what may be pushed out. */
const SHOWN = 3;

/** What is told of a recording and of keys, and why nothing is sent: it stays until it is dismissed or over, whatever else is told. */
const stays = ({ key }: Notice): boolean =>
  key.startsWith("recording.") || key.startsWith("notice.stopped") || key === "notice.unshared";

/** With one more; the same sentence about the same seat stands once. */
export const withNotice = (notices: readonly Notice[], notice: Notice): readonly Notice[] => {
  if (notices.some(({ key, identity }) => key === notice.key && identity === notice.identity)) return notices;
  const all = [...notices, notice];
  const dropped = all.length > MAX_KEPT ? all.find((other) => !stays(other)) : undefined;
  return all.filter((other) => other !== dropped);
};

/** Those that are shown: first what stays, then the newest. */
export const shownOf = (notices: readonly Notice[]): readonly Notice[] => [
  ...notices.filter(stays),
  ...notices.filter((notice) => !stays(notice)).slice(-SHOWN),
];
