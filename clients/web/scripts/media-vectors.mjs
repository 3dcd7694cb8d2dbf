/** What the page's cryptor makes of fixed keys and frames; `node scripts/media-vectors.mjs` writes it where Rust reads it too. */
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { SendKey } from "../build/media/key.js";
import { bytes, hex, vp8 } from "../test/support/media.mjs";

export const file = new URL("../../../tests/vectors/room/media_page.json", import.meta.url);

const kdf = async (material) => {
  const ikm = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveBits"]);
  const how = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new TextEncoder().encode("LKFrameEncryptionKey"),
    info: new Uint8Array(128),
  };
  return new Uint8Array(await crypto.subtle.deriveBits(how, ikm, 256));
};

/** Frames of one key, so that its counters go on. */
const framesOf = async (label, index) => {
  const material = bytes(`vector media ${label}`);
  const key = await SendKey.of(index, material, bytes(`vector data ${label}`));
  const frames = [
    ["opus", 0x01020304, bytes(`opus ${label}`, 61)],
    ["opus", 0x01020304, bytes(`dtx ${label}`, 1)],
    ["vp8", 0xfffffffe, vp8(`key ${label}`, true, 1200)],
    ["vp8", 0xfffffffe, vp8(`delta ${label}`, false, 333)],
    ["vp8", 0, vp8(`smallest ${label}`, true, 10)],
    ["vp8", 0, vp8(`smallest delta ${label}`, false, 3)],
    ["opus", 0x01020304, bytes(`third ${label}`, 120)],
  ];
  const counters = new Map();
  const made = [];
  for (const [codec, ssrc, frame] of frames) {
    const counter = counters.get(ssrc) ?? 0;
    counters.set(ssrc, counter + 1);
    const sealed = await key.sealFrame(codec === "opus" ? "audio" : "video", ssrc, frame);
    made.push({ material: hex(material), index, codec, ssrc, counter, frame: hex(frame), sealed: hex(sealed) });
  }
  return made;
};

const dataOf = async (label, index) => {
  const material = bytes(`vector data ${label}`);
  const key = await SendKey.of(index, bytes(`vector media ${label}`), material);
  const made = [];
  for (const [counter, length] of [0, 1, 64, 5000].entries()) {
    const payload = bytes(`payload ${label} ${length}`, length);
    const { iv, payload: sealed } = await key.sealData(payload);
    made.push({ material: hex(material), index, counter, payload: hex(payload), iv: hex(iv), sealed: hex(sealed) });
  }
  return made;
};

const refusedOf = ([opus]) => {
  const { material, index, codec, sealed } = opus;
  const change = (why, bytesOfIt) => ({ why, material, index, codec, sealed: bytesOfIt });
  return [
    change("clear frame", hex(bytes("clear", 61))),
    change("empty", ""),
    change("no tag", sealed.slice(0, 2 * 10) + sealed.slice(-28)),
    change("iv of another length", `${sealed.slice(0, -4)}10${sealed.slice(-2)}`),
    change("changed header", `${sealed.slice(0, 2) === "00" ? "01" : "00"}${sealed.slice(2)}`),
    change(
      "changed last byte of the tag",
      `${sealed.slice(0, -30)}${sealed.slice(-30, -28) === "00" ? "01" : "00"}${sealed.slice(-28)}`,
    ),
  ];
};

export const make = async () => {
  const frames = [...(await framesOf("one", 0)), ...(await framesOf("two", 255))];
  const materials = [...new Set(frames.map(({ material }) => material))];
  return {
    kdf: await Promise.all(
      materials.map(async (material) => ({ material, key: hex(await kdf(new Uint8Array(Buffer.from(material, "hex")))) })),
    ),
    frames,
    data: [...(await dataOf("one", 0)), ...(await dataOf("two", 255))],
    refused: refusedOf(frames),
  };
};

export const text = async () => `${JSON.stringify(await make(), undefined, 1)}\n`;

if (import.meta.url === pathToFileURL(process.argv[1]).href) await writeFile(file, await text());
