/** Microphone and camera while in the room. */
import { useEffect, useState } from "preact/hooks";
import { type Device, devicesOf } from "../../state/devices.js";
import type { LiveRoom } from "../../state/room.js";
import { type RoomState, mayOpen } from "../../state/room-state.js";
import { DeviceOptions } from "../DeviceOptions.js";
import { Dialog } from "../Dialog.js";
import { useUi } from "../hooks.js";

export const Devices = ({ live, state, onClose }: { live: LiveRoom; state: RoomState; onClose: () => void }) => {
  const { text } = useUi();
  const { chosen } = live.senders;
  const choose = (change: Partial<typeof chosen>): void => {
    live.senders.chosen = { ...chosen, ...change };
    // What is open closes; the new device opens by the next press.
    void live.senders.closeAll();
  };
  return (
    <Dialog title={text.of("devices.title")} testid="devices-panel" onClose={onClose}>
      {state.joined?.textOnly === true ? (
        <p>{text.of("pre.voice.text.text")}</p>
      ) : (
        <>
          <DeviceSelect
            kind="audioinput"
            label={text.of("pre.microphone")}
            value={chosen.microphone}
            testid="device-microphone"
            onChange={(microphone) => choose({ microphone })}
          />
          {mayOpen(state, "camera") && (
            <DeviceSelect
              kind="videoinput"
              label={text.of("devices.camera")}
              value={chosen.camera}
              testid="device-camera"
              onChange={(camera) => choose({ camera })}
            />
          )}
        </>
      )}
      <KeyList />
    </Dialog>
  );
};

interface DeviceSelectProps {
  readonly kind: "audioinput" | "videoinput";
  readonly label: string;
  readonly value: string | undefined;
  readonly testid: string;
  readonly onChange: (device: string) => void;
}

const DeviceSelect = ({ kind, label, value, testid, onChange }: DeviceSelectProps) => {
  const { text } = useUi();
  const [devices, setDevices] = useState<readonly Device[]>([]);
  useEffect(() => {
    devicesOf(kind).then(setDevices, () => undefined);
  }, [kind]);
  if (devices.length === 0) return <p class="second">{`${label}: ${text.of("devices.none")}`}</p>;
  return (
    <label class="field">
      <span>{label}</span>
      <select data-testid={testid} value={value ?? devices[0]?.id} onChange={(event) => onChange(event.currentTarget.value)}>
        <DeviceOptions devices={devices} />
      </select>
    </label>
  );
};

const KEYS = [
  ["M", "keys.m"],
  ["Space", "keys.space"],
  ["H", "keys.h"],
  ["R", "keys.r"],
  ["C", "keys.c"],
  ["P", "keys.p"],
  ["V", "keys.v"],
  ["S", "keys.s"],
  ["1–5", "keys.15"],
  ["F6", "keys.f6"],
  ["Esc", "keys.esc"],
  ["Esc × 3", "keys.exit"],
  ["?", "keys.help"],
] as const;

const KeyList = () => {
  const { text } = useUi();
  return (
    <section class="keys">
      <h3>{text.of("keys.title")}</h3>
      <dl>
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd dir="ltr">{key}</kbd>
            </dt>
            <dd>{text.of(does)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
};
