/** Devices to choose among, by the names that their drivers give them: text of others. */
import { visible } from "../i18n/visible.js";
import type { Device } from "../state/devices.js";
import { useUi } from "./hooks.js";

export const DeviceOptions = ({ devices }: { devices: readonly Device[] }) => {
  const { text } = useUi();
  return (
    <>
      {devices.map(({ id, label }, index) => (
        <option key={id} value={id}>
          {label === "" ? text.of("devices.unnamed", { n: index + 1 }) : visible(label)}
        </option>
      ))}
    </>
  );
};
