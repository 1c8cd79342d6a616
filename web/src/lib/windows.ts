/** Windows of the week: where they lie in each day, without any drawing. */
import type { Window, WindowIn } from "../api/schema";

export const DAY_MIN = 1440;

export interface Piece {
  window: Window;
  from_min: number;
  to_min: number;
}

export function minutes(time: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return hour * 60 + minute;
}

/** What of the windows falls on a day (0 is Monday). An end at or before the start is on the next day. */
export function piecesOf(windows: Window[], day: number): Piece[] {
  return windows.flatMap((window) => {
    const [start, end] = [minutes(window.start), minutes(window.end)];
    const over = end <= start;
    const pieces: Piece[] = [];
    if (over && end > 0 && window.days.includes((day + 6) % 7)) pieces.push({ window, from_min: 0, to_min: end });
    if (window.days.includes(day)) pieces.push({ window, from_min: start, to_min: over ? DAY_MIN : end });
    return pieces;
  });
}

/** Whole half hours, as a finger can hit them. */
export function halfHourAt(share: number): string {
  const at = Math.min(46, Math.max(0, Math.floor(share * 48)));
  return `${String(Math.floor(at / 2)).padStart(2, "0")}:${at % 2 ? "30" : "00"}`;
}

export function later(time: string, by_min: number): string {
  const at = (minutes(time) + by_min) % DAY_MIN;
  return `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
}

export const asInput = (window: Window): WindowIn => ({ ...window, start: window.start.slice(0, 5), end: window.end.slice(0, 5) });
