/** What charge-now will do, before it is done: energy, how much of it from the grid, who must give way. */
import type { Circuit, Connector, State } from "../api/schema";

export interface Asked {
  connectors: Connector[];
  /** null: whatever the limits allow. */
  amps: number | null;
  /** Seconds; null: no end by time. */
  for_s: number | null;
  energy_kwh: number | null;
}

export interface Estimate {
  /** Amps that each of the connectors can have. */
  amps: number;
  power_w: number;
  energy_kwh: number | null;
  lasts_s: number | null;
  /** null: no meter tells. */
  grid_kwh: number | null;
  /** Names of those that are likely to get less. */
  others: string[];
}

export function estimate(state: State, asked: Asked): Estimate | null {
  const first = asked.connectors[0];
  if (!first) return null;
  const each = Math.min(...asked.connectors.map((one) => ampsFor(state, one, asked)));
  const power_w = asked.connectors.reduce((sum, one) => sum + powerAt(state, one, each), 0);
  if (power_w <= 0) return null;
  const { energy_kwh, lasts_s } = bounds(power_w, asked);
  return { amps: each, power_w, energy_kwh, lasts_s, grid_kwh: gridPart(state, asked, power_w, energy_kwh), others: others(state, asked, each) };
}

function ampsFor(state: State, connector: Connector, asked: Asked): number {
  const circuit = circuitOf(state, connector);
  const share = circuit ? circuit.limit_a / sharing(asked.connectors, connector.circuit) : Infinity;
  const wanted = asked.amps === null ? Infinity : asked.amps / asked.connectors.length;
  return Math.floor(Math.min(wanted, connector.limit_a, share));
}

const sharing = (connectors: Connector[], circuit: string) => connectors.filter((one) => one.circuit === circuit).length;
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

function others(state: State, asked: Asked, each: number): string[] {
  const mine = new Set(asked.connectors.map((one) => one.key));
  const tight = new Set(
    state.circuits
      .filter((circuit) => {
        const there = state.connectors.filter((one) => one.circuit === circuit.name);
        const used = there.reduce((sum, one) => sum + (mine.has(one.key) ? each : (one.may_draw_a ?? 0)), 0);
        return used > circuit.limit_a;
      })
      .map((circuit) => circuit.name),
  );
  const losing = state.connectors.filter((one) => !mine.has(one.key) && tight.has(one.circuit) && (one.offered_a ?? 0) > 0);
  return losing.map((one) => one.name);
}
