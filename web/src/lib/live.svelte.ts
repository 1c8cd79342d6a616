/** The newest state of the site, and how old it is. Reconnects by itself; falls back to asking where sockets are blocked. */
import { getState } from "../api/calls";
import { API, Failure } from "../api/client";
import type { State } from "../api/schema";
import { whoAmI } from "./access.svelte";

/** Older than this, numbers are shown as stale. */
export const STALE_S = 8;
/** The socket speaks about once a second; so long without a word and it is dead. */
const SILENCE_MS = 10_000;
/** Without a socket, a state is asked for this often: some proxies block sockets, or let them hang. */
const ASK_EVERY_MS = 3_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
const LOGIN_NEEDED = 4401;
const KEPT = "twcmaster-last-state";
const KEEP_EVERY_MS = 30_000;
/** The name of this very file, which changes with what is in it. */
const BUILD = import.meta.url;

type Link = "connecting" | "live" | "lost";

let state = $state.raw<State | null>(null);
let heardAt = $state(0);
let now = $state(Date.now());
let link = $state<Link>("connecting");

let socket: WebSocket | null = null;
let wait_ms = FIRST_WAIT_MS;
let retry: ReturnType<typeof setTimeout> | undefined;
let keptAt = 0;
let openedAt = 0;
let askedAt = 0;

export const site = () => state;
export const linkState = () => link;
/** Seconds since the newest state came; null: there is none. */
export const age_s = () => (state ? Math.max(0, (now - heardAt) / 1000) : null);
export const isStale = () => (age_s() ?? Infinity) > STALE_S;
/** What the site's own clock shows: on a demo, or where a device's clock is wrong, it is not this device's. */
export const siteNow = () => new Date(state ? new Date(state.at).getTime() + (now - heardAt) : now);
/** How far the site's clock is ahead of this device's, which may be in another zone. */
export function zoneAhead_ms(): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(state?.at ?? "") ?? [];
  if (!sign && !state?.at.endsWith("Z")) return 0;
  const site_min = (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
  return (site_min + siteNow().getTimezoneOffset()) * 60_000;
}

/** Begin, and go on until `stop` is called. */
export function start(): () => void {
  recall();
  open();
  const ticker = setInterval(tick, 1000);
  const wake = () => document.visibilityState === "visible" && hurry();
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", hurry);
  return () => {
    clearInterval(ticker);
    clearTimeout(retry);
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("online", hurry);
    drop();
    link = "connecting";
  };
}

function tick(): void {
  now = Date.now();
  if (now - Math.max(heardAt, openedAt) > SILENCE_MS) lose();
  if (socket?.readyState !== WebSocket.OPEN && now - Math.max(askedAt, openedAt) > ASK_EVERY_MS) void askOnce();
}

function open(): void {
  drop();
  const url = new URL("live", API);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(url);
  socket = opened;
  openedAt = Date.now();
  opened.onmessage = (event: MessageEvent<string>) => take(JSON.parse(event.data) as State);
  opened.onclose = (event) => {
    if (socket !== opened) return;
    if (event.code === LOGIN_NEEDED) void whoAmI().catch(() => undefined);
    lose();
  };
}

function drop(): void {
  const old = socket;
  socket = null;
  old?.close();
}

function lose(): void {
  link = "lost";
  drop();
  clearTimeout(retry);
  retry = setTimeout(open, wait_ms * (0.75 + Math.random() / 2));
  wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
}

async function askOnce(): Promise<void> {
  askedAt = Date.now();
  try {
    take(await getState());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

function hurry(): void {
  if (link !== "lost") return;
  wait_ms = FIRST_WAIT_MS;
  clearTimeout(retry);
  open();
}

function take(newest: State): void {
  state = newest;
  heardAt = now = Date.now();
  link = "live";
  wait_ms = FIRST_WAIT_MS;
  if (heardAt - keptAt > KEEP_EVERY_MS) keep();
}

/** What an offline page shows, greyed and with its age. */
function keep(): void {
  keptAt = heardAt;
  localStorage.setItem(KEPT, JSON.stringify({ build: BUILD, at: heardAt, state }));
}

function recall(): void {
  const text = localStorage.getItem(KEPT);
  if (!text || state) return;
  const kept = parsed(text);
  // Another build may have kept a state of another shape.
  if (kept?.build !== BUILD) return;
  state = kept.state;
  heardAt = kept.at;
}

function parsed(text: string): { build?: string; at: number; state: State } | null {
  try {
    return JSON.parse(text) as { at: number; state: State };
  } catch {
    return null;
  }
}

/** Without a login nobody shall see what was there. */
export function forget(): void {
  localStorage.removeItem(KEPT);
  state = null;
  keptAt = 0;
}
