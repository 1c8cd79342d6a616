/** Charts: what is drawn, from columns of numbers; uPlot does the drawing. */
import type uPlot from "uplot";

import type { Key } from "./i18n.svelte";

export type Colour = "sun" | "grid" | "battery" | "car" | "house";

export interface Layer {
  label: Key;
  colour: Colour;
  values: (number | null)[];
  /** Areas and bars are stacked in the order given; lines are not. */
  kind: "area" | "line" | "bar";
}

export interface ChartData {
  /** Seconds since 1970. */
  at_s: number[];
  layers: Layer[];
  unit: "kW" | "kWh" | "A";
}

/** The sums from the first stacked layer up to each: null only where nothing at all is known. */
export function stacked(layers: Layer[]): (number | null)[][] {
  let below: (number | null)[] = [];
  return layers.map((layer) => {
    if (layer.kind === "line") return layer.values;
    below = layer.values.map((value, i) => (value === null ? (below[i] ?? null) : value + (below[i] ?? 0)));
    return below;
  });
}

/** Data for uPlot: taller stacks first, so that lower ones are painted over them; lines last. */
export function painted(data: ChartData): { layers: Layer[]; columns: uPlot.AlignedData } {
  const sums = stacked(data.layers);
  const order = data.layers.map((_, i) => i);
  const stacks = order.filter((i) => data.layers[i]?.kind !== "line").reverse();
  const lines = order.filter((i) => data.layers[i]?.kind === "line");
  const chosen = [...stacks, ...lines];
  return {
    layers: chosen.flatMap((i) => data.layers[i] ?? []),
    columns: [data.at_s, ...chosen.map((i) => sums[i] ?? [])] as uPlot.AlignedData,
  };
}

export const isEmpty = (data: ChartData) => data.layers.every((layer) => layer.values.every((value) => value === null));

export const inKilo = (values: (number | null)[] | undefined, length: number): (number | null)[] =>
  values ? values.map((value) => (value === null ? null : value / 1000)) : Array<null>(length).fill(null);

/** What comes in and nothing that goes out: import without export, discharge without charging. */
export const onlyPositive = (values: (number | null)[]) => values.map((value) => (value === null ? null : Math.max(0, value)));
