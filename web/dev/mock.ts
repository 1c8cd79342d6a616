/**
 * A daemon for `npm run dev` and screenshots: recorded answers, chosen by scene. Never part of the build.
 * http://localhost:5173/__scene/NAME switches; a scene is recorded/NAME.json, whose parts replace those of base.json.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Plugin } from "vite";

type Json = Record<string, unknown>;

const read = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8")) as Json;

export function mockDaemon(): Plugin {
  let scene = "base";
  let number = 1;
  return {
    name: "mock-daemon",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        const path = new URL(request.url ?? "/", "http://mock").pathname;
        if (path.startsWith("/__scene/")) {
          scene = path.slice("/__scene/".length);
          response.end(scene);
        } else if (path.startsWith("/api/v1/")) {
          answer(response, { ...read("base"), ...(scene === "base" ? {} : read(scene)) }, path.slice("/api/v1/".length));
        } else {
          next();
        }
      });
    },
  };

  function answer(response: ServerResponse, answers: Json, path: string): void {
    response.setHeader("Content-Type", "application/json");
    const found = answers[path];
    if (found === undefined) response.statusCode = 404;
    const body = path === "state" ? { ...(found as Json), number: number++, at: new Date().toISOString() } : found;
    response.end(JSON.stringify(body ?? { type: "not_found", detail: `Nothing recorded for ${path}.`, what_to_do: "" }));
  }
}
