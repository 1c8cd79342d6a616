/** The frames of one bus as they come: over a socket, with what came before fetched once. */
import { getFrames } from "../api/calls";
import { API, Failure } from "../api/client";
import type { Frame } from "../api/schema";

const KEPT = 500;
const AGAIN_MS = 2000;

export class FrameStream {
  frames = $state.raw<Frame[]>([]);
  paused = $state(false);
  private waiting: Frame[] = [];
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bus: string) {}

  start(): () => void {
    void this.fetch();
    this.open();
    return () => {
      clearTimeout(this.retry);
      const old = this.socket;
      this.socket = null;
      old?.close();
    };
  }

  pause(on: boolean): void {
    this.paused = on;
    if (!on) this.take([]);
  }

  private open(): void {
    const url = new URL(`buses/${encodeURIComponent(this.bus)}/live`, API);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const opened = new WebSocket(url);
    this.socket = opened;
    opened.onmessage = (event: MessageEvent<string>) => this.take(JSON.parse(event.data) as Frame[]);
    opened.onclose = () => {
      if (this.socket !== opened) return;
      this.retry = setTimeout(() => {
        void this.fetch();
        this.open();
      }, AGAIN_MS);
    };
  }

  private async fetch(): Promise<void> {
    try {
      this.take((await getFrames(this.bus, this.frames.at(-1)?.number ?? 0)).frames);
    } catch (error) {
      // The page says already that the daemon does not answer.
      if (!(error instanceof Failure)) throw error;
    }
  }

  /** Numbers begin again when the daemon has restarted. */
  private take(news: Frame[]): void {
    this.waiting = [...this.waiting, ...news].slice(-KEPT);
    if (this.paused) return;
    const first = this.waiting[0]?.number ?? Infinity;
    const last = this.frames.at(-1)?.number ?? 0;
    const fresh = first <= 1 && last > 1 ? this.waiting : this.waiting.filter((frame) => frame.number > last);
    const before = fresh === this.waiting ? [] : this.frames;
    this.waiting = [];
    if (fresh.length) this.frames = [...before, ...fresh].slice(-KEPT);
  }
}
