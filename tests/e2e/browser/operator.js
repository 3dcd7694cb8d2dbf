// What an operator of the media server can put into a room with the server's key: somebody else's place, and media and data
// that nobody sealed. Runs in a page, beside livekit-client as npm has it; nothing of the product is in it.
globalThis.operator = (() => {
  const L = globalThis.LivekitClient;
  const rooms = [];
  const join = async (url, token) => {
    const room = new L.Room({ publishDefaults: { simulcast: false, videoCodec: 'vp8', red: false } });
    rooms.push(room);
    await room.connect(url, token);
    return room;
  };
  return {
    /** Takes a seat's place and sends a camera, a microphone and a text, all in the clear, claiming `encryption`. */
    inject: async ({ url, token, encryption, text }) => {
      const room = await join(url, token);
      room.localParticipant.encryptionType = encryption;
      // What the microphone hears, as it is: the driver looks for it.
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      for (const track of await L.createLocalTracks({ audio, video: true })) {
        await room.localParticipant.publishTrack(track);
      }
      // Again and again, so that whoever carries it has it in memory at any moment.
      const say = () => room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true });
      await say();
      const again = setInterval(() => void say().catch(() => undefined), 100);
      room.once(L.RoomEvent.Disconnected, () => clearInterval(again));
      return [...room.localParticipant.trackPublications.values()].map(({ trackInfo }) => trackInfo.encryption);
    },
    /** Plays whatever comes, as a client that does not encrypt: shows that what is sent can be played. */
    listen: async ({ url, token }) => {
      const room = await join(url, token);
      const texts = [];
      globalThis.heard = texts;
      room.on(L.RoomEvent.DataReceived, (bytes) => texts.push(new TextDecoder().decode(bytes)));
      room.on(L.RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
    },
    heard: async () => globalThis.heard ?? [],
    leave: async () => {
      for (const room of rooms.splice(0)) await room.disconnect();
    },
  };
})();
