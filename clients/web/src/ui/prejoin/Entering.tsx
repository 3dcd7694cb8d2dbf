/** While the proof is made and the seat is checked. */
import { useEffect, useState } from "preact/hooks";
import type { Lobby, Stage } from "../../daemon/types.js";
import { visible } from "../../i18n/visible.js";
import type { Progress } from "../../state/app.js";
import { Frame } from "../Frame.js";
import { Icon } from "../Icon.js";
import { useUi } from "../hooks.js";
import { Steps } from "./Steps.js";

const STAGES: readonly Stage[] = ["tree", "proof", "sealed", "admitted", "verifying"];
const SLOW_MS = 15_000;
const STAR = "M20 3 25 8H32V15L37 20 32 25V32H25L20 37 15 32H8V25L3 20 8 15V8H15Z";
const OUTLINE = 100;

export const Entering = ({ lobby, progress }: { lobby: Lobby; progress: Progress }) => {
  const { app, text } = useUi();
  const isAnonymous = progress.form === "anonymous";
  const stages = isAnonymous ? STAGES : STAGES.filter((stage) => stage !== "proof");
  const percent = whole(progress, stages);
  const isSlow = useSlow(progress.since, progress.stage);
  return (
    <Frame
      title={lobby.title === null ? text.of("rooms.sealed") : visible(lobby.title)}
      subtitle={text.of(`kind.${lobby.kind}`)}
      aside={
        <Steps
          keys={["pre.step.check", "pre.step.identity", isAnonymous ? "pre.step.proof" : "pre.step.sign", "pre.step.enter"]}
          at={2}
        />
      }
    >
      <div class="entering" data-testid="entering" data-stage={progress.stage}>
        <ProofStar percent={percent} label={text.of(isAnonymous ? "proof.making" : "proof.signing")} />
        <h2>{text.of(progress.stage === "wallet" ? "proof.sign" : isAnonymous ? "proof.making" : "proof.signing")}</h2>
        <p class="second">{text.of(isAnonymous ? "proof.text" : "proof.signing.text")}</p>
        {/* Told at 0, 50 and 100 only. */}
        <p class="hidden" role="status">
          {isAnonymous ? text.of("proof.percent", { p: Math.floor(percent / 50) * 50 }) : ""}
        </p>
        <StageList stages={stages} at={progress.stage === "wallet" ? -1 : stages.indexOf(progress.stage)} />
        {isAnonymous && (
          <p class="anon-note" data-testid="entering-k">
            <strong>{text.of("pre.k", { k: lobby.anonymous.k })}</strong>
          </p>
        )}
        {isSlow && (
          <p class="note caution" role="status">
            {text.of("proof.slow")}
          </p>
        )}
        <button type="button" class="plain wide" data-testid="cancel" onClick={() => void app.cancel(lobby)}>
          {text.of("proof.cancel")}
        </button>
      </div>
    </Frame>
  );
};

/** How far it is, drawn along the outline of a star. */
const ProofStar = ({ percent, label }: { percent: number; label: string }) => {
  const { text } = useUi();
  return (
    <svg
      class="proof-star"
      viewBox="0 0 40 40"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <path class="proof-track" d={STAR} pathLength={OUTLINE} />
      <path class="proof-done" d={STAR} pathLength={OUTLINE} stroke-dasharray={`${percent} ${OUTLINE}`} />
      <text x="20" y="22.4" text-anchor="middle">{text.of("proof.part", { p: percent })}</text>
    </svg>
  );
};

/** What is done, what is under way, what comes. */
const StageList = ({ stages, at }: { stages: readonly Stage[]; at: number }) => {
  const { text } = useUi();
  return (
    <ul class="card stages">
      {stages.map((stage, index) => (
        <li key={stage} class={index < at ? "done" : index === at ? "now" : ""} data-testid={`stage-${stage}`}>
          <span class="stage-mark">{index < at && <Icon name="check" size={14} />}</span>
          <span>
            <strong>{text.of(`proof.${stage}`)}</strong>
            <small>{text.of(`proof.${stage}.text`)}</small>
          </span>
        </li>
      ))}
    </ul>
  );
};

/** Stages in equal parts; the proof's own percentage inside its part. */
const whole = ({ stage, percent }: Progress, stages: readonly Stage[]): number => {
  if (stage === "wallet") return 0;
  const part = 100 / stages.length;
  return Math.min(100, Math.round(stages.indexOf(stage) * part + (percent / 100) * part));
};

/** Said only as long as nothing was sent: before the statement is sealed. */
const useSlow = (since: number, stage: Progress["stage"]): boolean => {
  const [isSlow, setIsSlow] = useState(false);
  useEffect(() => {
    setIsSlow(false);
    const timer = setTimeout(() => setIsSlow(true), SLOW_MS - (performance.now() - since));
    return () => clearTimeout(timer);
  }, [stage]);
  return isSlow && (stage === "tree" || stage === "proof");
};
