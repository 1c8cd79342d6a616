/** What charge-now will do, before it is done: energy, how much of it from the grid, who must give way. */
import type { Circuit, Connector, Prices, State } from "../api/schema";

export interface Asked {
  connectors: Connector[];
  /** null: whatever the limits allow. */
  amps: number | null;
  /** Seconds; null: no end by time. */
  for_s: number | null;
  energy_kwh: number | null;
}

export interface Estimate {
  /** Amps that each of the connectors can have, in their order. */
  amps: number[];
  power_w: number;
  energy_kwh: number | null;
  lasts_s: number | null;
  /** null: no meter tells. */
  grid_kwh: number | null;
  /** Names of those that are likely to get less. */
  others: string[];
}

export function estimate(state: State, asked: Asked): Estimate | null {
  const amps = shares(state, asked);
  const power_w = asked.connectors.reduce((sum, one, i) => sum + powerAt(state, one, amps[i] ?? 0), 0);
  if (power_w <= 0) return null;
  const { energy_kwh, lasts_s } = bounds(power_w, asked);
  return { amps, power_w, energy_kwh, lasts_s, grid_kwh: gridPart(state, asked, power_w, energy_kwh), others: others(state, asked, amps) };
}

/** What is bought, and what the sun's part would have earned; without a meter as if all were bought. */
export function costOf(guess: Estimate, prices: Prices | null): number | null {
  if (!prices || guess.energy_kwh === null) return null;
  const bought = guess.grid_kwh ?? guess.energy_kwh;
  return bought * prices.grid_per_kwh + (guess.energy_kwh - bought) * prices.feed_in_per_kwh;
}

/** An amp at a time to whoever has least, until wires, circuit or wish allow no more. */
function shares(state: State, asked: Asked): number[] {
  const amps = asked.connectors.map(() => 0);
  const used = new Map<string, number>();
  let left = asked.amps ?? Infinity;
  const fits = (i: number) => {
    const one = asked.connectors[i]!;
    const limit_a = circuitOf(state, one)?.limit_a ?? Infinity;
    return left >= 1 && (amps[i] ?? 0) + 1 <= one.limit_a && (used.get(one.circuit) ?? 0) + 1 <= limit_a;
  };
  for (;;) {
    const open = amps.map((_, i) => i).filter(fits);
    const next = open.sort((a, b) => (amps[a] ?? 0) - (amps[b] ?? 0) || a - b)[0];
    if (next === undefined) return amps;
    const circuit = asked.connectors[next]!.circuit;
    amps[next] = (amps[next] ?? 0) + 1;
    used.set(circuit, (used.get(circuit) ?? 0) + 1);
    left -= 1;
  }
}

const circuitOf = (state: State, connector: Connector): Circuit | undefined =>
  state.circuits.find((one) => one.name === connector.circuit);

function powerAt(state: State, connector: Connector, amps: number): number {
  const volts = circuitOf(state, connector)?.volts ?? 240;
  return amps * volts * Math.max(1, connector.phases.length);
}

/** The first end that comes counts. */
function bounds(power_w: number, asked: Asked): { energy_kwh: number | null; lasts_s: number | null } {
  const byTime = asked.for_s === null ? Infinity : (power_w * asked.for_s) / 3_600_000;
  const energy_kwh = Math.min(byTime, asked.energy_kwh ?? Infinity);
  if (!Number.isFinite(energy_kwh)) return { energy_kwh: null, lasts_s: null };
  return { energy_kwh, lasts_s: (energy_kwh * 3_600_000) / power_w };
}

/** As if the sun stayed as it is: what the cars take now and what is exported stays sun. */
function gridPart(state: State, asked: Asked, power_w: number, energy_kwh: number | null): number | null {
  if (energy_kwh === null || state.flow.grid_w === null) return null;
  const mine_w = asked.connectors.reduce((sum, one) => sum + (one.power_w ?? 0), 0);
  const spare_w = Math.max(0, mine_w - state.flow.grid_w);
  return energy_kwh * (1 - Math.min(1, spare_w / power_w));
}

function others(state: State, asked: Asked, amps: number[]): string[] {
  const mine = new Map(asked.connectors.map((one, i) => [one.key, amps[i] ?? 0]));
  const tight = new Set(
    state.circuits
      .filter((circuit) => {
        const there = state.connectors.filter((one) => one.circuit === circuit.name);
        const used = there.reduce((sum, one) => sum + (mine.get(one.key) ?? one.may_draw_a ?? 0), 0);
        return used > circuit.limit_a;
      })
      .map((circuit) => circuit.name),
  );
  const losing = state.connectors.filter((one) => !mine.has(one.key) && tight.has(one.circuit) && (one.offered_a ?? 0) > 0);
  return losing.map((one) => one.name);
}
