/** What a browser calls itself, in two words. */
import { t } from "./i18n.svelte";

/** The first that fits: most browsers claim to be several others too. */
const BROWSERS = { Firefox: /Firefox|FxiOS/, Edge: /Edg/, Opera: /OPR/, Chrome: /Chrome|CriOS/, Safari: /Safari/ };
const SYSTEMS = { Android: /Android/, iPhone: /iPhone/, iPad: /iPad/, Windows: /Windows/, Mac: /Mac OS/, Linux: /Linux/ };

const found = (names: Record<string, RegExp>, agent: string) =>
  Object.entries(names).find(([, pattern]) => pattern.test(agent))?.[0];

export function agentName(agent: string): string {
  const [browser, system] = [found(BROWSERS, agent), found(SYSTEMS, agent)];
  return browser && system ? t("access.on", { browser, system }) : agent.slice(0, 60);
}
