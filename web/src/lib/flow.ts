/** Where power comes from and goes to, as ribbons: pure sums and shapes, without any drawing. */
import type { Flow } from "../api/schema";

export type Node = "sun" | "grid" | "battery" | "house" | "car";

export interface Stream {
  node: Node;
  /** Into (left) or out of (right) the house's wires. */
  side: "in" | "out";
  power_w: number;
}

/** Less than this is the noise of meters. */
const NOISE_W = 25;

/** Every known stream; what is not measured is left out, what rests is kept with 0 W on its usual side. */
export function streams(flow: Flow): Stream[] {
  const found: Stream[] = [];
  const add = (node: Node, side: "in" | "out", power_w: number) =>
    found.push({ node, side, power_w: power_w < NOISE_W ? 0 : power_w });
  if (flow.solar_w !== null) add("sun", "in", flow.solar_w);
  if (flow.grid_w !== null) add("grid", flow.grid_w < -NOISE_W ? "out" : "in", Math.abs(flow.grid_w));
  if (flow.battery_w !== null) add("battery", flow.battery_w < -NOISE_W ? "out" : "in", Math.abs(flow.battery_w));
  if (flow.house_w !== null) add("house", "out", flow.house_w);
  if (flow.cars_w !== null) add("car", "out", flow.cars_w);
  return found;
}

export interface Ribbon extends Stream {
  /** Middle of the ribbon at its own end, and at the trunk; its width. All in the drawing's units. */
  endY: number;
  trunkY: number;
  width: number;
}

export interface Drawing {
  ribbons: Ribbon[];
  height: number;
}

const ROW = 46;
/** Less than a row, so that the widest ribbon stays within its own. */
const TRUNK = 42;
/** So that a kettle does not look like a car. */
const LEAST_SCALE_W = 2000;

/** Ribbons in rows; their widths follow the watts on both sides of the trunk. */
export function draw(found: Stream[]): Drawing {
  const sides = (["in", "out"] as const).map((side) => found.filter((stream) => stream.side === side));
  const rows = Math.max(...sides.map((side) => side.length), 1);
  const scale = Math.max(LEAST_SCALE_W, ...sides.map(total));
  const height = rows * ROW;
  return { height, ribbons: sides.flatMap((side) => arrange(side, scale, height)) };
}

const total = (side: Stream[]) => side.reduce((sum, stream) => sum + stream.power_w, 0);

function arrange(side: Stream[], scale_w: number, height: number): Ribbon[] {
  const top = (height - side.length * ROW) / 2;
  let trunkY = height / 2 - ((total(side) / scale_w) * TRUNK) / 2;
  return side.map((stream, row) => {
    const width = (stream.power_w / scale_w) * TRUNK;
    const ribbon = { ...stream, width, endY: top + (row + 0.5) * ROW, trunkY: trunkY + width / 2 };
    trunkY += width;
    return ribbon;
  });
}
