/** What would give a connector more amps: the answer to "why not faster?". */
import type { Connector } from "../api/schema";
import { t, type Key } from "./i18n.svelte";

/** By the code of the reason that binds; reasons that are not here explain themselves. */
const REMEDIES: Record<string, Key> = {
  no_wish: "more.mode",
  standing_off: "more.mode",
  schedule_off: "more.schedule",
  standing_fixed: "more.amps",
  schedule_fixed: "more.schedule",
  solar: "more.sun",
  solar_min: "more.sun",
  solar_wait: "more.sun",
  solar_turn: "more.sun",
  solar_blind: "more.meter",
  save_power: "more.savePower",
  circuit: "more.circuit",
  connector_limit: "more.nothing",
  car_limit: "more.car",
  car_idle: "more.wakeCar",
  making_room: "more.seconds",
  fuse: "more.house",
  peak: "more.house",
  unheard: "more.wires",
};

export function moreFor(connector: Connector): string {
  const binding = [...connector.limits, ...(connector.wish ? [connector.wish] : [])];
  const key = binding.map((reason) => REMEDIES[reason.code]).find(Boolean);
  return key ? t(key) : "";
}
