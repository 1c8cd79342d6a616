/** Writes sw.js: a service worker that keeps exactly the files of this build, so that the page opens without a network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

export function offlineShell(): Plugin {
  let root = "";
  return {
    name: "offline-shell",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => name !== "index.html");
      const files = ["./", ...built, "manifest.webmanifest", "icon.svg", "icon-192.png"].sort();
      const digest = createHash("sha256");
      for (const part of Object.values(bundle)) digest.update(part.type === "chunk" ? part.code : part.source);
      const head = `const VERSION = "${digest.digest("hex").slice(0, 12)}";\nconst FILES = ${JSON.stringify(files)};\n`;
      const source = head + readFileSync(join(root, "src/service-worker.js"), "utf8");
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
