/** The day's curve: of the whole site by source, or of one wall connector by its amps. Pure. */
import type { Connector, Series, State } from "../api/schema";
import { inKilo, onlyPositive, type Band, type ChartData, type Layer } from "./chart";

/** The means of an interval hold a trace of current when it flowed for a moment only. */
const FLOWS_A = 0.05;

type Column = (number | null)[];

const column = (series: Series, name: string): Column => series.columns[name] ?? series.at_s.map(() => null);
const known = (layer: Layer) => layer.values.some((value) => value !== null);

/** Keys of the wall connectors that were there on that day. */
export const connectorsOf = (series: Series): string[] =>
  Object.keys(series.columns)
    .filter((name) => name.endsWith(":offered_a"))
    .map((name) => name.slice(0, -":offered_a".length));

export function siteCurve(series: Series, state: State | null): ChartData {
  const of = (name: string) => inKilo(column(series, name), series.at_s.length);
  const layers: Layer[] = [
    { label: "flow.sun", colour: "sun", kind: "area", values: of("solar_w") },
    { label: "flow.battery", colour: "battery", kind: "area", values: onlyPositive(of("battery_w")) },
    { label: "flow.grid", colour: "grid", kind: "area", values: onlyPositive(of("grid_w")) },
    { label: "flow.car", colour: "car", kind: "line", values: of("cars_w") },
    { label: "chart.limit", colour: "limit", kind: "limit", values: inKilo(offered_w(series, state), series.at_s.length) },
  ];
  return { at_s: series.at_s, unit: "kW", layers: layers.filter(known), band: contactors(series, connectorsOf(series)) };
}

export function connectorCurve(series: Series, key: string): ChartData {
  const layers: Layer[] = [
    { label: "chart.drawn", colour: "car", kind: "area", values: column(series, `${key}:drawn_a`) },
    { label: "chart.limit", colour: "limit", kind: "limit", values: column(series, `${key}:offered_a`) },
  ];
  return { at_s: series.at_s, unit: "A", layers: layers.filter(known), band: contactors(series, [key]) };
}

/** What all cars together might have drawn: amps offered, times the volts and phases of today's wiring. */
function offered_w(series: Series, state: State | null): Column {
  const parts = connectorsOf(series).map((key) => {
    const connector = state?.connectors.find((one) => one.key === key);
    return { amps: column(series, `${key}:offered_a`), perAmp: wattsPerAmp(connector, state) };
  });
  return series.at_s.map((_, i) => {
    const told = parts.filter((part) => typeof part.amps[i] === "number");
    return told.length ? told.reduce((sum, part) => sum + (part.amps[i] ?? 0) * part.perAmp, 0) : null;
  });
}

function wattsPerAmp(connector: Connector | undefined, state: State | null): number {
  const circuit = state?.circuits.find((one) => one.name === connector?.circuit) ?? state?.circuits[0];
  return (circuit?.volts ?? 240) * (connector?.phases.length ?? 1);
}

/** Current flows through closed contactors only. */
function contactors(series: Series, keys: string[]): Band | undefined {
  const drawn = keys.map((key) => column(series, `${key}:drawn_a`));
  const on = series.at_s.map((_, i) => {
    const told = drawn.map((amps) => amps[i] ?? null).filter((amps) => amps !== null);
    return told.length ? told.some((amps) => amps >= FLOWS_A) : null;
  });
  return on.some((value) => value !== null) ? { label: "chart.contactor", on } : undefined;
}
