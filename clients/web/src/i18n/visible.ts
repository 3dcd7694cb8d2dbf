/** Text of others: characters that turn or hide their surroundings are shown as what they are. */

/**
 * Bidirectional controls, controls other than tab and line feed, and what is drawn as nothing: soft hyphen, fillers, spaces
 * without width, tags. Joiners (U+200C, U+200D) belong to words and emoji.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export const visible = (text: string): string =>
  text.replace(HIDDEN, (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
