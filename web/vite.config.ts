import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { mockDaemon } from "./dev/mock.ts";
import { offlineShell } from "./scripts/offline-shell.ts";
import { precompressed } from "./scripts/precompressed.ts";

// TWCMASTER=http://localhost:8080 npm run dev works against a real daemon, otherwise recorded answers are served.
const daemon = process.env.TWCMASTER;

export default defineConfig({
  // Relative: the page works below any prefix of a reverse proxy.
  base: "./",
  plugins: [svelte(), offlineShell(), precompressed(), ...(daemon ? [] : [mockDaemon()])],
  build: {
    outDir: "../src/twcmaster/api/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Nothing as data: or inline; the page's content security policy allows neither.
    assetsInlineLimit: 0,
  },
  server: daemon ? { proxy: { "/api": { target: daemon, ws: true, changeOrigin: true } } } : {},
});
