/** Charts: what is drawn, from columns of numbers; uPlot does the drawing. */
import type uPlot from "uplot";

import type { Key } from "./i18n.svelte";

export type Colour = "sun" | "grid" | "battery" | "car" | "house" | "limit";

export interface Layer {
  label: Key;
  colour: Colour;
  values: (number | null)[];
  /** Areas and bars are stacked in the order given; lines and limits (which go in steps) are not. */
  kind: "area" | "line" | "bar" | "limit";
}

/** On or off over time, along the foot of the chart. null: not known. */
export interface Band {
  label: Key;
  on: (boolean | null)[];
}

export interface ChartData {
  /** Seconds since 1970. */
  at_s: number[];
  layers: Layer[];
  unit: "kW" | "kWh" | "A";
  band?: Band;
}

const isStacked = (layer: Layer | undefined) => layer?.kind === "area" || layer?.kind === "bar";

/** The sums from the first stacked layer up to each: null only where nothing at all is known. */
export function stacked(layers: Layer[]): (number | null)[][] {
  let below: (number | null)[] = [];
  return layers.map((layer) => {
    if (!isStacked(layer)) return layer.values;
    below = layer.values.map((value, i) => (value === null ? (below[i] ?? null) : value + (below[i] ?? 0)));
    return below;
  });
}

/** Data for uPlot: taller stacks first, so that lower ones are painted over them; lines last. */
export function painted(data: ChartData): { layers: Layer[]; columns: uPlot.AlignedData } {
  const sums = stacked(data.layers);
  const order = data.layers.map((_, i) => i);
  const stacks = order.filter((i) => isStacked(data.layers[i])).reverse();
  const lines = order.filter((i) => !isStacked(data.layers[i]));
  const chosen = [...stacks, ...lines];
  return {
    layers: chosen.flatMap((i) => data.layers[i] ?? []),
    columns: [data.at_s, ...chosen.map((i) => sums[i] ?? [])] as uPlot.AlignedData,
  };
}

export const hasBars = (data: ChartData) => data.layers.some((layer) => layer.kind === "bar");

/** From when to when a chart shows, with room for the first and the last bar. */
export function extent(data: ChartData): { min: number; max: number } {
  const [first = 0, second = first + 3600] = data.at_s;
  const half = hasBars(data) ? (second - first) / 2 : 0;
  return { min: first - half, max: (data.at_s.at(-1) ?? first) + half };
}

export interface Stretch {
  from: number;
  /** Exclusive. */
  to: number;
}

/** The stretches of a band that are on, as places in the columns. */
export function stretches(on: Band["on"]): Stretch[] {
  const found: Stretch[] = [];
  on.forEach((value, i) => {
    const last = found.at(-1);
    if (value !== true) return;
    if (last && last.to === i) last.to = i + 1;
    else found.push({ from: i, to: i + 1 });
  });
  return found;
}

export const isEmpty = (data: ChartData) => data.layers.every((layer) => layer.values.every((value) => value === null));

export const inKilo = (values: (number | null)[] | undefined, length: number): (number | null)[] =>
  values ? values.map((value) => (value === null ? null : value / 1000)) : Array<null>(length).fill(null);

/** What comes in and nothing that goes out: import without export, discharge without charging. */
export const onlyPositive = (values: (number | null)[]) => values.map((value) => (value === null ? null : Math.max(0, value)));
