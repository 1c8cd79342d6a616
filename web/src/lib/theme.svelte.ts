/** Light or dark: the reader's choice, or the system's. */

export type Theme = "auto" | "light" | "dark";

const KEPT = "twcmaster-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

let chosen = $state<Theme>(kept());
let dark = $state(false);

function kept(): Theme {
  const name = localStorage.getItem(KEPT);
  return name === "light" || name === "dark" ? name : "auto";
}

export const theme = () => chosen;
export const isDark = () => dark;

export function chooseTheme(wanted: Theme): void {
  chosen = wanted;
  localStorage.setItem(KEPT, wanted);
  apply();
}

export function startTheme(): void {
  system.addEventListener("change", apply);
  apply();
}

function apply(): void {
  dark = chosen === "auto" ? system.matches : chosen === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
