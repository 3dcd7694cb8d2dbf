/** Where somebody is on the way in. */
import type { Key } from "../../i18n/en.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";

export const Steps = ({ keys, at }: { keys: readonly Key[]; at: number }) => {
  const { text } = useUi();
  return (
    <ol class="steps" aria-label={text.of("pre.steps")}>
      {keys.map((key, index) => (
        <li key={key} class={index < at ? "done" : ""} aria-current={index === at ? "step" : undefined}>
          <span class="step-mark">{index < at ? <Icon name="check" size={14} /> : text.number(index + 1)}</span>
          {text.of(key)}
        </li>
      ))}
    </ol>
  );
};
