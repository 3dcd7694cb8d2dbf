/** The frame of the screens outside a room: title, language and look, content. */
import type { ComponentChildren } from "preact";
import { useUi, useStore } from "./hooks.js";
import { Icon } from "./Icon.js";

interface FrameProps {
  readonly title: string;
  readonly subtitle?: ComponentChildren;
  readonly onBack?: () => void;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly footer?: ComponentChildren;
}

export const Frame = ({ title, subtitle, onBack, aside, children, footer }: FrameProps) => {
  const { text } = useUi();
  return (
    <div class="frame">
      <header class="top">
        {onBack !== undefined && (
          <button type="button" class="icon-button" aria-label={text.of("app.back")} data-testid="back" onClick={onBack}>
            <Icon name="back" />
          </button>
        )}
        <div class="top-title">
          <h1 tabIndex={-1}>
            <bdi>{title}</bdi>
          </h1>
          {subtitle !== undefined && <p class="top-sub">{subtitle}</p>}
        </div>
        {aside}
        <Preferences />
      </header>
      <main class="content" id="main">
        {children}
      </main>
      {footer !== undefined && <footer class="foot">{footer}</footer>}
    </div>
  );
};

/** Language, named in itself, and look. */
export const Preferences = () => {
  const { app, text } = useUi();
  const { language, theme } = useStore(app.store);
  return (
    <div class="preferences">
      <button
        type="button"
        class="quiet"
        lang={language === "fa" ? "en" : "fa"}
        data-testid="language"
        onClick={() => app.choose({ language: language === "fa" ? "en" : "fa" })}
      >
        {text.of("app.language")}
      </button>
      <button
        type="button"
        class="quiet"
        data-testid="theme"
        onClick={() => app.choose({ theme: theme === "dark" ? "light" : "dark" })}
      >
        {text.of(theme === "dark" ? "app.theme.light" : "app.theme.dark")}
      </button>
    </div>
  );
};

interface CardProps {
  readonly title: string;
  readonly testid: string;
  /** Of a refusal: its name. */
  readonly reason?: string;
  readonly children: ComponentChildren;
}

/** One thing to be said, and what can be done about it. */
export const Card = ({ title, testid, reason, children }: CardProps) => (
  <section class="card lone" data-testid={testid} data-reason={reason} role="alert">
    <span class="lone-mark">
      <Icon name="info" size={28} />
    </span>
    <h2>{title}</h2>
    {children}
  </section>
);

/** After a refusal: once more, or to the rooms. */
export const WaysOn = ({ onAgain }: { onAgain: () => void }) => {
  const { app, text } = useUi();
  return (
    <div class="lone-buttons">
      <button type="button" class="primary" data-testid="try-again" onClick={onAgain}>
        {text.of("app.retry")}
      </button>
      <button type="button" class="plain" data-testid="see-rooms" onClick={() => void app.rooms()}>
        {text.of("ended.rooms")}
      </button>
    </div>
  );
};
