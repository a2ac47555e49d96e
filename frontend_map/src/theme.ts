// Dark or light: the system's wish until the reader chooses. The choice is a cookie, so that the server writes it into
// the next page and nothing flashes.
const YEAR_S = 365 * 24 * 3600;

export type Theme = "dark" | "light";

/** What is shown now. */
export function shownTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "dark" || chosen === "light") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Call whenever another theme is shown, by the reader's choice or the system's. Answers how to end that. */
export function onTheme(listener: (theme: Theme) => void): () => void {
  let shown = shownTheme();
  const look = (): void => {
    if (shown === shownTheme()) return;
    shown = shownTheme();
    listener(shown);
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  wish.addEventListener("change", look);
  return () => {
    watcher.disconnect();
    wish.removeEventListener("change", look);
  };
}

/** Show a theme and remember it. */
export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `tarmoq_theme=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
}

export function startThemeSwitch(): void {
  const button = document.getElementById("theme-switch");
  if (button === null) return;
  button.hidden = false;
  const tell = (): void => {
    button.setAttribute("aria-pressed", String(shownTheme() === "dark"));
  };
  button.addEventListener("click", () => {
    chooseTheme(shownTheme() === "dark" ? "light" : "dark");
    tell();
  });
  tell();
}
