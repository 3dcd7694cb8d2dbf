/** Icons: 20 px grid, 1.6 px strokes, in the colour of the text. They always stand beside a word. */

const paths = {
  mic: "M10 2.8a2.6 2.6 0 0 0-2.6 2.6v4a2.6 2.6 0 0 0 5.2 0v-4A2.6 2.6 0 0 0 10 2.8ZM5 9.2a5 5 0 0 0 10 0M10 14.2v3",
  micOff:
    "M12.6 8.5V5.4a2.6 2.6 0 0 0-4.9-1.2M7.4 7.4v2a2.6 2.6 0 0 0 4.2 2M5 9.2a5 5 0 0 0 8.4 3.7M15 9.2c0 .7-.1 1.3-.4 1.9M10 14.2v3M3.4 3l13.2 14",
  lock: "M5.2 9h9.6v7.6H5.2zM7.2 9V6.4a2.8 2.8 0 0 1 5.6 0V9M10 12v1.6",
  unlock: "M5.2 9h9.6v7.6H5.2zM7.2 9V6.2a2.8 2.8 0 0 1 5.3-1.3M10 12v1.6",
  noRecord: "M4.8 4.8 15.2 15.2M6.9 3.9a7 7 0 0 1 9.2 9.2M13.6 16a7 7 0 0 1-9.6-9.6",
  record: "M10 3.4a6.6 6.6 0 1 1 0 13.2 6.6 6.6 0 0 1 0-13.2ZM10 7.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8Z",
  bars: "M4 16v-2.6M8 16v-5.2M12 16V7.6M16 16V4",
  star: "m10 2.6 1.7 2.2 2.8-.4-.4 2.8 2.3 1.7v2.2l-2.3 1.7.4 2.8-2.8-.4L10 17.4l-1.7-2.2-2.8.4.4-2.8-2.3-1.7V8.9l2.3-1.7-.4-2.8 2.8.4ZM10 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z",
  person: "M10 3.4a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM4 16.6c.6-3 3-4.6 6-4.6s5.4 1.6 6 4.6",
  people:
    "M7.6 4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2ZM2.6 16c.4-2.8 2.4-4.2 5-4.2s4.6 1.4 5 4.2M13 4.4a2.4 2.4 0 0 1 0 4.4M14.6 12.2c1.6.6 2.6 1.9 2.8 3.8",
  hand: "M6.2 10.6V5.2a1.1 1.1 0 0 1 2.2 0v4M8.4 9V3.9a1.1 1.1 0 0 1 2.2 0V9M10.6 9V4.7a1.1 1.1 0 0 1 2.2 0V10M12.8 9.6V6.6a1.1 1.1 0 0 1 2.2 0v5.2c0 3.2-2 5.4-4.8 5.4-2.4 0-3.6-1-4.6-2.8L3.8 11.6c-.7-1.3 1-2.2 1.9-1.1l1.4 1.7",
  smile: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM7 11.6c1.6 2.4 4.4 2.4 6 0M7.6 8v.4M12.4 8v.4",
  text: "M4.4 6V4.2h11.2V6M10 4.2v11.6M7.8 15.8h4.4",
  gear: "M10 7.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2ZM10 2.8v2M10 15.2v2M2.8 10h2M15.2 10h2M4.9 4.9l1.4 1.4M13.7 13.7l1.4 1.4M4.9 15.1l1.4-1.4M13.7 6.3l1.4-1.4",
  leave: "M8.4 4H4.6v12h3.8M11.6 6.8 14.8 10l-3.2 3.2M14.6 10H8",
  camera: "M3 6h9v8H3zM12 9l4.6-2.6v7.2L12 11",
  cameraOff: "M6 6h6v5.4M12 14H3V6.4M12.6 9.2l4-2.8v7.2l-2-1.1M3 3l14 14",
  share: "M3 4.4h14v9H3zM10 11V7M8 8.6l2-2 2 2M7 16.4h6",
  chat: "M3.4 4.4h13.2v9H9l-3.4 3v-3H3.4z",
  list: "M7 5.4h9.6M7 10h9.6M7 14.6h9.6M3.6 5.4h.2M3.6 10h.2M3.6 14.6h.2",
  check: "m4.4 10.4 3.6 3.6 7.6-8",
  back: "M12.4 4.4 6.8 10l5.6 5.6",
  next: "M7.6 4.4 13.2 10l-5.6 5.6",
  close: "m5 5 10 10M15 5 5 15",
  info: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM10 9.2v4.4M10 6.4v.4",
  send: "M3.4 4.2 17 10 3.4 15.8 5.2 10zM5.2 10h6",
  speaker: "M3.4 8v4h2.8l3.8 3.2V4.8L6.2 8zM12.6 7.4a3.6 3.6 0 0 1 0 5.2M14.8 5.2a6.8 6.8 0 0 1 0 9.6",
  hall: "M4.2 16.6V9.4a5.8 5.8 0 0 1 11.6 0v7.2M7 16.6V9.8a3 3 0 0 1 6 0v6.8",
  forum:
    "M10 8.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6ZM10 3.4v.4M10 16.2v.4M3.4 10h.4M16.2 10h.4M5.3 5.3l.3.3M14.4 14.4l.3.3M5.3 14.7l.3-.3M14.4 5.6l.3-.3",
  committee: "M7 7h6v6H7zM10 3.4v1.4M10 15.2v1.4M3.4 10h1.4M15.2 10h1.4",
  clock: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM10 6v4.2l2.8 1.6",
  eye: "M2.6 10c3.4-6 11.4-6 14.8 0-3.4 6-11.4 6-14.8 0ZM10 7.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4Z",
  more: "M4.8 10h.2M9.9 10h.2M15 10h.2",
  shield: "M10 3 4.4 5v4.6c0 3.6 2.2 6 5.6 7.4 3.4-1.4 5.6-3.8 5.6-7.4V5zM7.4 10l1.9 1.9 3.3-3.6",
  download: "M10 3.4v9M6.6 9.2 10 12.6l3.4-3.4M4 16.4h12",
  wave: "M3.6 9v2M6.8 6.6v6.8M10 4.6v10.8M13.2 7.2v5.6M16.4 9v2",
} as const;

export type IconName = keyof typeof paths;

/** Icons that point along the line of reading. */
const MIRRORED: readonly IconName[] = ["back", "next", "leave", "send", "list", "chat"];

export const Icon = ({ name, size = 20 }: { name: IconName; size?: number }) => (
  <svg
    class={MIRRORED.includes(name) ? "icon mirrored" : "icon"}
    width={size}
    height={size}
    viewBox="0 0 20 20"
    aria-hidden="true"
  >
    <path d={paths[name]} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);
