/** Days, weeks, months and years, in the reader's own time. */
import type { Period } from "../api/calls";

export interface Span {
  from: Date;
  to: Date;
}

/** The period that a day lies in. Weeks begin on Monday. */
export function spanOf(period: Period, day: Date): Span {
  const [year, month, date] = [day.getFullYear(), day.getMonth(), day.getDate()];
  switch (period) {
    case "day":
      return { from: new Date(year, month, date), to: new Date(year, month, date + 1) };
    case "week": {
      const monday = date - ((day.getDay() + 6) % 7);
      return { from: new Date(year, month, monday), to: new Date(year, month, monday + 7) };
    }
    case "month":
      return { from: new Date(year, month, 1), to: new Date(year, month + 1, 1) };
    case "year":
      return { from: new Date(year, 0, 1), to: new Date(year + 1, 0, 1) };
  }
}

/** A day of the period before (-1) or after (+1). */
export function shifted(period: Period, day: Date, by: -1 | 1): Date {
  const { from, to } = spanOf(period, day);
  return by < 0 ? new Date(from.getTime() - 12 * 3600_000) : new Date(to.getTime() + 12 * 3600_000);
}

/** "2026-06-21", in local time. */
export function isoDate(day: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export function titleOf(period: Period, day: Date, language: string): string {
  const { from, to } = spanOf(period, day);
  if (period === "year") return String(from.getFullYear());
  if (period === "month") return from.toLocaleDateString(language, { month: "long", year: "numeric" });
  if (period === "day") return from.toLocaleDateString(language, { weekday: "short", day: "numeric", month: "long", year: "numeric" });
  const last = new Date(to.getTime() - 12 * 3600_000);
  const format = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  return format.formatRange(from, last);
}
