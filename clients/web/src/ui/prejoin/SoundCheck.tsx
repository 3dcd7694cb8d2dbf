/** Microphone with its level, loudspeaker with a tone. Nothing is sent. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Device, Meter, devicesOf, openMicrophone, playTone } from "../../state/devices.js";
import { DeviceOptions } from "../DeviceOptions.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";

const PERIOD_MS = 100;
const SEGMENTS = 24;
const AUDIBLE = 0.25;

interface SoundCheckProps {
  readonly device: string | undefined;
  readonly onDevice: (device: string) => void;
}

type Test = "idle" | "open" | "denied";

export const SoundCheck = ({ device, onDevice }: SoundCheckProps) => {
  const { text } = useUi();
  const [test, setTest] = useState<Test>("idle");
  const [devices, setDevices] = useState<readonly Device[]>([]);
  return (
    <section class="card check">
      <h2>{text.of("pre.sound")}</h2>
      <p class="second">{text.of("pre.sound.text")}</p>
      {test === "open" ? (
        <>
          <label class="field">
            <Icon name="mic" />
            <span class="hidden">{text.of("pre.microphone")}</span>
            <select
              data-testid="microphone-select"
              value={device ?? devices[0]?.id ?? ""}
              onChange={(event) => onDevice(event.currentTarget.value)}
            >
              <DeviceOptions devices={devices} />
            </select>
          </label>
          <LevelMeter device={device} onOpen={setDevices} onDenied={() => setTest("denied")} />
        </>
      ) : (
        <button type="button" class="plain wide" data-testid="microphone-test" onClick={() => setTest("open")}>
          <Icon name="mic" />
          {text.of("pre.microphone.start")}
        </button>
      )}
      {test === "denied" && (
        <p class="note caution" role="alert" data-testid="microphone-denied">
          {text.of("pre.denied")}
        </p>
      )}
      <button type="button" class="plain wide" data-testid="tone" onClick={() => void playTone()}>
        <Icon name="speaker" />
        {text.of("pre.tone")}
      </button>
    </section>
  );
};

interface LevelMeterProps {
  readonly device: string | undefined;
  readonly onOpen: (devices: readonly Device[]) => void;
  readonly onDenied: () => void;
}

/** Opens the microphone and tells its level; gives what closes it. What cannot be measured does not stay open. */
const listen = async (device: string | undefined, told: (level: number) => void): Promise<() => void> => {
  const context = new AudioContext();
  let track: MediaStreamTrack | undefined;
  try {
    track = await openMicrophone(device);
    const meter = new Meter(context, track);
    const timer = setInterval(() => told(meter.level), PERIOD_MS);
    return () => {
      clearInterval(timer);
      meter.close();
      track?.stop();
      void context.close();
    };
  } catch (error) {
    track?.stop();
    void context.close();
    throw error;
  }
};

/** Opens the microphone while it is shown, and closes it with itself. */
const LevelMeter = ({ device, onOpen, onDenied }: LevelMeterProps) => {
  const { text } = useUi();
  const [level, setLevel] = useState(0);
  const [heard, setHeard] = useState(false);
  const told = useRef({ onOpen, onDenied });
  told.current = { onOpen, onDenied };
  useEffect(() => {
    let isOver = false;
    let close = (): void => undefined;
    const open = async (): Promise<void> => {
      const stop = await listen(device, setLevel);
      if (isOver) return stop();
      close = stop;
      told.current.onOpen(await devicesOf("audioinput"));
    };
    open().catch(() => isOver || told.current.onDenied());
    return () => {
      isOver = true;
      close();
    };
  }, [device]);
  useEffect(() => {
    if (level >= AUDIBLE) setHeard(true);
  }, [level]);

  return (
    <>
      <div
        class="level"
        role="meter"
        aria-label={text.of("pre.level")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(level * 100)}
        data-testid="level"
      >
        {Array.from({ length: SEGMENTS }, (_, place) => (
          <span key={place} class={place < level * SEGMENTS ? "on" : ""} />
        ))}
      </div>
      <p class={heard ? "level-word ok" : "level-word"} role="status" data-testid="level-word">
        {text.of(heard ? "pre.level.well" : "pre.level.quiet")}
      </p>
    </>
  );
};
