/** Numbers, times and ages as people read them, in the language of the page. Unknown is always an en dash, never 0. */
import { language, t } from "./i18n.svelte";

export const UNKNOWN = "–";
/** A number and its unit stay on one line. */
export const NBSP = "\u00a0";

function number(value: number, digits: number): string {
  // -0.04 rounds to "-0.0".
  const rounded = Number(value.toFixed(digits)) || 0;
  return rounded.toLocaleString(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Offered: whole. */
export const wholeAmps = (amps: Maybe) => (known(amps) ? `${number(amps, 0)}${NBSP}A` : UNKNOWN);
/** Drawn: one decimal. */
export const drawnAmps = (amps: Maybe) => (known(amps) ? `${number(amps, 1)}${NBSP}A` : UNKNOWN);
/** A limit: as it was written. */
export const amps = (value: Maybe) => (known(value) ? `${value.toLocaleString(language(), { maximumFractionDigits: 1 })}${NBSP}A` : UNKNOWN);
export const volts = (value: Maybe) => (known(value) ? `${number(value, 0)}${NBSP}V` : UNKNOWN);
export const percent = (value: Maybe) => (known(value) ? `${number(value, 0)}${NBSP}%` : UNKNOWN);
export const share = (value: Maybe) => (known(value) ? percent(value * 100) : UNKNOWN);

/** One decimal under 10 kW, none above. */
export function kilowatts(power_w: Maybe): string {
  if (!known(power_w)) return UNKNOWN;
  const kilo = power_w / 1000;
  return `${number(kilo, Math.abs(kilo) < 9.95 ? 1 : 0)}${NBSP}kW`;
}

export const kilowattHours = (energy: Maybe) => (known(energy) ? `${number(energy, energy < 1000 ? 1 : 0)}${NBSP}kWh` : UNKNOWN);
export const count = (value: Maybe) => (known(value) ? value.toLocaleString(language()) : UNKNOWN);
/** `currency`: ISO 4217; unknown: the bare number. */
export function money(value: Maybe, currency: string | null): string {
  if (!known(value)) return UNKNOWN;
  return currency === null ? number(value, 2) : value.toLocaleString(language(), { style: "currency", currency });
}

/** "12 s", "4 min", "3 h", "2 days": one unit, rounded down. */
export function duration(seconds: number): string {
  if (seconds < 60) return t("time.seconds", { n: Math.max(0, Math.floor(seconds)) });
  if (seconds < 3600) return t("time.minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 172_800) return t("time.hours", { n: Math.floor(seconds / 3600) });
  return t("time.days", { n: Math.floor(seconds / 86_400) });
}

/** "2 h 10 min". */
export function longDuration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const rest = minutes % 60;
  const hours = t("time.hours", { n: Math.floor(minutes / 60) });
  return rest ? `${hours} ${t("time.minutes", { n: rest })}` : hours;
}

export const ago = (seconds: number) => t("time.ago", { age: duration(seconds) });

export const clockTime = (at: string | Date) =>
  new Date(at).toLocaleTimeString(language(), { hour: "numeric", minute: "2-digit" });

export const exactTime = (at: string | Date) =>
  new Date(at).toLocaleTimeString(language(), { hour: "numeric", minute: "2-digit", second: "2-digit" });

/** "16:20", "Tue 16:20", "3 Aug, 16:20": as short as it stays clear. */
export function moment(at: string | Date, now: Date = new Date()): string {
  const date = new Date(at);
  const days = Math.abs(date.getTime() - now.getTime()) / 86_400_000;
  if (date.toDateString() === now.toDateString()) return clockTime(date);
  if (days < 6) return `${date.toLocaleDateString(language(), { weekday: "short" })} ${clockTime(date)}`;
  return `${date.toLocaleDateString(language(), { day: "numeric", month: "short" })}, ${clockTime(date)}`;
}

/** Names of the days, Monday first. 2024 began on one. */
export function dayNames(width: "short" | "long"): string[] {
  return Array.from({ length: 7 }, (_, day) =>
    new Date(2024, 0, 1 + day).toLocaleDateString(language(), { weekday: width }),
  );
}
