/** From the answers of the setup flow to the config file's sections. Pure; the daemon checks everything again. */
import type { Mode } from "../api/schema";

export type MeterKind = "none" | "keep" | "http" | "mqtt" | "modbus";
export type Role = "grid" | "pv" | "house";

export interface Answers {
  name: string;
  link: string;
  breaker_a: number;
  /** What part of the breaker may be used for hours. */
  rule: 0.8 | 1;
  wires_a: number;
  phases: 1 | 3;
  volts: number;
  meter: MeterKind;
  role: Role;
  url: string;
  path: string;
  host: string;
  topic: string;
  register: number;
  mode: Mode;
  amps: number;
  currency: string;
  /** For one kWh; null: no prices, and the history shows none. */
  grid_price: number | null;
  feed_in_price: number | null;
}

type Section = Record<string, unknown>;
type Values = Record<string, unknown>;

const list = (values: Values, name: string): Section[] => (Array.isArray(values[name]) ? (values[name] as Section[]) : []);
const number = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);
const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The flow knows one bus on one circuit. More than that is for the file itself. */
export const isSimple = (values: Values) => list(values, "bus").length <= 1 && list(values, "circuit").length <= 1;

export const meterCount = (values: Values) => list(values, "meter").length;

/** The answers that the present file would give. */
export function answersFrom(values: Values, region: "america" | "elsewhere", currency: string): Answers {
  const circuit = list(values, "circuit")[0] ?? {};
  const bus = list(values, "bus")[0] ?? {};
  const control = (values["control"] ?? {}) as Section;
  const prices = (values["prices"] ?? {}) as Section;
  const america = region === "america";
  const known = "limit_a" in circuit;
  return {
    name: text((values["site"] as Section | undefined)?.["name"]) || "Home",
    link: text(bus["link"]),
    breaker_a: number(circuit["limit_a"], america ? 50 : 32),
    // A limit that stands in the file already is what may be used.
    rule: known || !america ? 1 : 0.8,
    wires_a: number(bus["connector_limit_a"], america ? 40 : 32),
    phases: circuit["phases"] === 3 || (!known && !america) ? 3 : 1,
    volts: number(circuit["volts"], america ? 240 : 230),
    meter: list(values, "meter").length ? "keep" : "none",
    role: "grid",
    url: "http://",
    path: "power",
    host: "",
    topic: "",
    register: 0,
    mode: (text(control["mode"]) || "fixed") as Mode,
    amps: number(control["amps"], 0),
    currency: text(prices["currency"]) || currency,
    grid_price: "grid_per_kwh" in prices ? number(prices["grid_per_kwh"], 0) : null,
    feed_in_price: "feed_in_per_kwh" in prices ? number(prices["feed_in_per_kwh"], 0) : null,
  };
}

/** Continuous amps per phase. Rounded down: the rest of an amp is no reason to exceed a breaker. */
export const limitOf = (answers: Answers) => Math.floor(answers.breaker_a * answers.rule * 10 + 1e-9) / 10;

/** Sections as a whole, with what else stood in them. */
export function changesFor(answers: Answers, before: Values): Record<string, unknown> {
  const circuit = list(before, "circuit")[0] ?? {};
  const bus = list(before, "bus")[0] ?? {};
  const name = text(circuit["name"]) || "garage";
  const control = { ...((before["control"] as Section | undefined) ?? {}), mode: answers.mode, amps: startAmps(answers) };
  const changes: Record<string, unknown> = {
    site: { ...((before["site"] as Section | undefined) ?? {}), name: answers.name },
    circuit: [{ ...circuit, name, limit_a: limitOf(answers), volts: answers.volts, phases: answers.phases }],
    bus: [{ ...bus, name: text(bus["name"]) || "garage", link: answers.link, circuit: name, connector_limit_a: answers.wires_a }],
    control,
  };
  const meter = meterOf(answers);
  if (meter) changes["meter"] = [meter];
  else if (answers.meter === "none") changes["meter"] = list(before, "meter").length ? null : undefined;
  if (answers.grid_price !== null) changes["prices"] = pricesOf(answers, answers.grid_price);
  else if ("prices" in before) changes["prices"] = null;
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

const startAmps = (answers: Answers) => (answers.mode === "fixed" ? answers.amps || limitOf(answers) : 0);

const pricesOf = (answers: Answers, grid_per_kwh: number): Section => ({
  currency: answers.currency.toUpperCase(),
  grid_per_kwh,
  ...(answers.feed_in_price === null ? {} : { feed_in_per_kwh: answers.feed_in_price }),
});

/** The money of the place that the browser's language names; euros where it is none of these. */
const MONEY: Record<string, string> = { US: "USD", CA: "CAD", MX: "MXN", GB: "GBP", CH: "CHF", AU: "AUD", NZ: "NZD", NO: "NOK", SE: "SEK", DK: "DKK", PL: "PLN", CZ: "CZK" };
export const currencyOf = (language: string) => MONEY[/-([A-Z]{2})$/.exec(language)?.[1] ?? ""] ?? "EUR";

/** The `[[meter]]` section, or null where none is added. */
export function meterOf(answers: Answers): Section | null {
  const common = { name: answers.role, role: answers.role };
  switch (answers.meter) {
    case "http":
      return { ...common, kind: "http", url: answers.url, power_w: answers.path };
    case "mqtt":
      return { ...common, kind: "mqtt", host: answers.host, topic: answers.topic, power_w: answers.path || "@" };
    case "modbus":
      return { ...common, kind: "modbus", host: answers.host, power_w: { register: answers.register, type: "s32" } };
    default:
      return null;
  }
}
