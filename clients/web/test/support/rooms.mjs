/** Invented rooms and people for tests and pictures. */
import { createHash } from "node:crypto";

const hex = (label, bytes) =>
  createHash("sha256")
    .update(label)
    .digest("hex")
    .slice(0, 2 * bytes);
export const base64 = (label) => createHash("sha256").update(label).digest("base64");
export const roomId = (name) => `0x${hex(`room ${name}`, 32)}`;
export const identityOf = (label) => hex(`seat ${label}`, 8);
export const accountOf = (label) => `0x${hex(`account ${label}`, 20)}`;

const now = () => Math.floor(Date.now() / 1000);
const sitting = () => ({ id: 1, openedAt: now() - 1320, endsAt: now() + 5400 });

const summary = (kind, title, more) => ({
  room: roomId(kind),
  kind,
  title,
  host: true,
  sitting: sitting(),
  minBalance: "100",
  ...more,
});

export const summaries = () => [
  summary("TownHall", "Season 4 budget: legal aid and translation", { seats: 41, capacity: 1000 }),
  summary("OpenForum", "سال اول مهاجرت: پرسش و پاسخ", { seats: 121, capacity: 500 }),
  summary("Committee", "Safe signers: key rotation", { seats: 9, capacity: 25 }),
  {
    ...summary("later", "PIP-7014: should the quorum be lower?", { seats: null, capacity: 1000 }),
    kind: "TownHall",
    sitting: null,
    host: false,
  },
];

export const lobbyOf = (room, more = {}) => {
  const found = summaries().find((other) => other.room === room);
  const isCommittee = found.kind === "Committee";
  return {
    ...found,
    agenda: [
      { minutes: 10, text: "Opening" },
      { minutes: 25, text: "Grants for legal aid" },
      { minutes: 15, text: "Translation fund" },
      { minutes: 10, text: "Questions" },
    ],
    languages: ["en", "fa"],
    known: { allowed: true, reason: null, accounts: [accountOf("me")] },
    anonymous: { allowed: !isCommittee, reason: isCommittee ? "AnonymousNotAllowed" : null, ready: !isCommittee, k: 214 },
    power: "12500000000000",
    at: now(),
    chainId: 7072,
    devWallet: true,
    ...more,
  };
};

export const seat = (number, label, more = {}) => ({
  seat: number,
  identity: identityOf(label),
  anonymous: true,
  role: "member",
  account: null,
  verified: true,
  hand: null,
  muted: false,
  live: true,
  recorder: false,
  unshared: false,
  ...more,
});

const known = (label, more) => ({ anonymous: false, account: accountOf(label), ...more });

/** The roster of a room, the own seat with number 40 among it. */
export const seatsOf = (kind, own) => {
  const many = (count, from) =>
    Array.from({ length: count }, (_, index) =>
      seat(from + index, `${kind} ${from + index}`, index % 9 === 4 ? known(`${kind} ${from + index}`) : {}),
    );
  const mine = seat(40, "me", own);
  if (kind === "Committee") {
    const others = Array.from({ length: 8 }, (_, index) =>
      seat(index + 1, `c${index}`, known(`c${index}`, index === 0 ? { role: "moderator" } : {})),
    );
    return [...others, { ...mine, ...known("me"), ...own }];
  }
  const people = [
    seat(1, "ff leila", known("leila", { role: "moderator" })),
    seat(2, "ff saman", known("saman", kind === "TownHall" ? { role: "presenter" } : {})),
    seat(3, "ff nasrin", known("nasrin", kind === "TownHall" ? { role: "presenter" } : {})),
    seat(4, "jasmine", { hand: 1 }),
    seat(5, "dariush", known("dariush", { hand: 2 })),
    seat(6, "walnut", { hand: 3 }),
  ];
  return [...people, ...many(kind === "TownHall" ? 33 : 113, 100), mine];
};

/** How recording stands, as the daemon tells it. */
export const recordingOf = (room, more = {}) => ({
  room,
  phase: "off",
  ask: null,
  agreed: null,
  recorder: null,
  since: null,
  participants: null,
  own: null,
  unsigned: null,
  ...more,
});

/** A row of the list of recordings. */
export const recordingRow = (span, more = {}) => ({
  recording: `0x${"ab".repeat(32)}`,
  span,
  room: roomId("TownHall"),
  state: "anchored",
  by: "other",
  key: true,
  cid: "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
  beganAt: now() - 3_600,
  endedAt: now() - 3_590,
  bytes: 100_000,
  copies: { confirmed: 2, asked: 2 },
  ...more,
});

/** What a whole one is found to be. */
export const verifiedOf = (span, more = {}) => ({
  span,
  cid: "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
  anchored: true,
  wraps: true,
  ending: "whole",
  segments: 4,
  torn: 0,
  bytes: 90_000,
  copies: { confirmed: 2, asked: 2 },
  ...more,
});

export const chatOf = () => [
  ["ff saman", "The table with all 38 requests is in PIP-7021, page 4."],
  ["jasmine", "Who checks the lawyers’ invoices?"],
  ["walnut", "بودجهٔ ترجمه برای لهجه‌های محلی هم هست؟"],
  ["ff nasrin", "Yes: item 3 covers Kurdish, Balochi and Azeri."],
];
