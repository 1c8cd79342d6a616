/** Requests to the daemon. Every failure becomes a Failure that says what happened and what to do. */
import type { Problem } from "./schema";

/** Relative to the page, so that a reverse proxy's prefix stays. */
export const API = new URL("api/v1/", document.baseURI);

/** Longer than any answer takes, except listening on a port, which says its own. */
const PATIENCE_MS = 15_000;

export class Failure extends Error {
  constructor(
    /** HTTP status; 0: no answer at all. */
    readonly status: number,
    readonly type: string,
    readonly detail: string,
    readonly todo: string,
  ) {
    super(detail);
  }
}

export interface Asked {
  method?: string;
  query?: Record<string, string | number | null | undefined>;
  body?: unknown;
  /** The version that a change builds on. */
  ifMatch?: string | number;
  patienceMs?: number;
}

/** Called when an answer says that the login has ended. */
let onStranger: () => void = () => undefined;

export function whenStranger(call: () => void): void {
  onStranger = call;
}

export function address(path: string, query: Asked["query"] = {}): URL {
  const url = new URL(path, API);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await send(path, asked);
  if (!response.ok) throw await failureOf(response);
  return (response.status === 204 ? undefined : await bodyOf(response)) as T;
}

/** An answer can break off after its first line, too. */
async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw unreachable(error);
  }
}

const unreachable = (error: unknown) =>
  new Failure(0, "unreachable", error instanceof Error ? error.message : String(error), "");

async function send(path: string, asked: Asked): Promise<Response> {
  // No page of somebody else can send this header along with our cookie.
  const headers = new Headers({ Accept: "application/json", "X-Twcmaster": "page" });
  if (asked.ifMatch !== undefined) headers.set("If-Match", `"${asked.ifMatch}"`);
  const raw = asked.body instanceof Blob;
  if (asked.body !== undefined) headers.set("Content-Type", raw ? "application/zip" : "application/json");
  try {
    return await fetch(address(path, asked.query), {
      method: asked.method ?? (asked.body === undefined ? "GET" : "POST"),
      headers,
      body: raw ? (asked.body as Blob) : asked.body === undefined ? undefined : JSON.stringify(asked.body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(asked.patienceMs ?? PATIENCE_MS),
    });
  } catch (error) {
    throw unreachable(error);
  }
}

async function failureOf(response: Response): Promise<Failure> {
  const problem = await problemOf(response);
  if (response.status === 401) onStranger();
  return new Failure(
    response.status,
    problem?.type ?? "http",
    problem?.detail ?? response.statusText,
    problem?.what_to_do ?? "",
  );
}

async function problemOf(response: Response): Promise<Problem | null> {
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return null;
  try {
    return (await response.json()) as Problem;
  } catch {
    return null;
  }
}
