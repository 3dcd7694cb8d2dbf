/** The status line: who hears me, who am I, is it encrypted, is it recorded, which network. Never hidden, never reordered. */
import { Icon, type IconName } from "./Icon.js";
import { useUi } from "./hooks.js";

export type Cell = "hear" | "id" | "enc" | "rec" | "net";

export interface CellView {
  readonly cell: Cell;
  readonly icon: IconName;
  readonly title: string;
  /** On phones. */
  readonly short: string;
  readonly detail: string;
  /** `waits` and `recorded` fill the cell: something is asked or rests, something is kept. */
  readonly tone: "plain" | "live" | "anon" | "ok" | "caution" | "danger" | "waits" | "recorded";
}

interface StatusProps {
  readonly cells: readonly CellView[];
  /** Opens the cell's explanation; left out in a forecast. */
  readonly onOpen?: (cell: Cell) => void;
}

export const Status = ({ cells, onOpen }: StatusProps) => {
  const { text } = useUi();
  return (
    <ul class="status" aria-label={text.of("status.line")} data-testid="status">
      {cells.map((view) => (
        <li key={view.cell}>
          <StatusCell view={view} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
};

const StatusCell = ({ view, onOpen }: { view: CellView; onOpen: StatusProps["onOpen"] }) => {
  const content = (
    <>
      <Icon name={view.icon} />
      <span class="status-words">
        <span class="status-title">{view.title} </span>
        <span class="status-short">{view.short} </span>
        <span class="status-detail">{view.detail}</span>
      </span>
    </>
  );
  const shared = { class: `status-cell tone-${view.tone}`, "data-testid": `status-${view.cell}`, "data-tone": view.tone };
  if (onOpen === undefined) return <div {...shared}>{content}</div>;
  return (
    <button type="button" {...shared} onClick={() => onOpen(view.cell)}>
      {content}
    </button>
  );
};
