import { mount } from "svelte";

import App from "./App.svelte";
import "./app.css";
import { startLanguage } from "./lib/i18n.svelte";
import { startRouter } from "./lib/router.svelte";
import { startTheme } from "./lib/theme.svelte";

async function main(): Promise<void> {
  startTheme();
  startRouter();
  await startLanguage();
  const target = document.getElementById("app");
  if (!target) throw new Error("index.html has no #app");
  mount(App, { target });
  // Only where browsers allow it: over https and on the machine itself.
  if (import.meta.env.PROD && "serviceWorker" in navigator) await navigator.serviceWorker.register("sw.js");
}

void main();
