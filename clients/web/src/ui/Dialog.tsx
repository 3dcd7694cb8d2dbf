/** A dialog or a sheet: focus goes to its heading, stays inside, and back to where it came from. Escape is no answer. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useUi } from "./hooks.js";
import { Icon } from "./Icon.js";

const FOCUSABLE = 'button:not([disabled]), input:not([disabled]), select, textarea, a[href], [tabindex="0"]';

interface DialogProps {
  readonly title: string;
  readonly testid: string;
  readonly children: ComponentChildren;
  /** Pressed Escape or the closing button; without it the dialog has to be answered. */
  readonly onClose?: (() => void) | undefined;
  readonly alert?: boolean;
  /** State for tests, as `data-` attributes. */
  readonly data?: Readonly<Record<string, string>>;
}

export const Dialog = ({ title, testid, children, onClose, alert = false, data = {} }: DialogProps) => {
  const { text } = useUi();
  const heading = useId();
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useEffect(() => {
    const opener = document.activeElement;
    const dialog = box.current;
    dialog?.querySelector("h2")?.focus();
    return () => {
      const { activeElement } = document;
      // Whoever has gone on elsewhere, to another dialog's opener, stays there.
      const isHere = activeElement === null || activeElement === document.body || dialog?.contains(activeElement) === true;
      if (isHere && opener instanceof HTMLElement) opener.focus();
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    // Three times Escape leaves a room from anywhere.
    if (event.key !== "Escape") event.stopPropagation();
    else close.current?.();
    if (event.key === "Tab") keepInside(event, box.current);
  };

  return (
    <div class="scrim" onMouseDown={stay}>
      <div
        ref={box}
        class="dialog"
        tabIndex={-1}
        role={alert ? "alertdialog" : "dialog"}
        aria-modal="true"
        aria-labelledby={heading}
        data-testid={testid}
        {...Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]))}
        onKeyDown={onKeyDown}
      >
        <div class="dialog-head">
          <h2 id={heading} tabIndex={-1}>
            {title}
          </h2>
          {onClose !== undefined && (
            <button
              type="button"
              class="icon-button"
              aria-label={text.of("app.close")}
              data-testid={`${testid}-close`}
              onClick={onClose}
            >
              <Icon name="close" />
            </button>
          )}
        </div>
        {children}
      </div>
    </div>
  );
};

/** A press beside a dialog, or on its text, does not take the focus out of it. */
const stay = (event: MouseEvent): void => {
  if (event.target === event.currentTarget) event.preventDefault();
};

const keepInside = (event: KeyboardEvent, box: HTMLElement | null): void => {
  const inside = [...(box?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
  const first = inside[0];
  const last = inside[inside.length - 1];
  const { activeElement } = document;
  const atEdge = event.shiftKey
    ? activeElement === first || !inside.includes(activeElement as HTMLElement)
    : activeElement === last;
  if (!atEdge) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
};
