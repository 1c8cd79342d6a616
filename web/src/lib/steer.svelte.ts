/** Changing what is wanted: every change can be taken back for ten seconds, and a refusal is told in words. */
import { command, getSettings, type Command } from "../api/calls";
import { Failure } from "../api/client";
import type { Mode, ScopeSettings } from "../api/schema";
import { t, translate } from "./i18n.svelte";

export const UNDO_MS = 10_000;

interface Note {
  text: string;
  bad: boolean;
  undo: (() => Promise<void>) | null;
}

let note = $state.raw<Note | null>(null);
let underWay = $state(0);
let lastWish: Promise<unknown> = Promise.resolve();
let timer: ReturnType<typeof setTimeout> | undefined;

export const currentNote = () => note;
export const isBusy = () => underWay > 0;

export function tell(text: string, undo: Note["undo"] = null, bad = false): void {
  clearTimeout(timer);
  note = { text, bad, undo };
  timer = setTimeout(closeNote, UNDO_MS);
}

export function closeNote(): void {
  clearTimeout(timer);
  note = null;
}

/** A failure in words: what happened, what to do. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Failure)) throw error;
  if (error.status === 0) return t("problem.unreachable");
  return [error.detail, error.todo].filter(Boolean).map(translate).join(" ");
}

/** Do it; a failure is told and gives false. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  underWay += 1;
  try {
    await action();
    return true;
  } catch (error) {
    tell(wordsOf(error), null, true);
    return false;
  } finally {
    underWay -= 1;
  }
}

/** A wish waits for the one before it: whoever changes their mind quickly gets what they said last. */
function inTurn(action: () => Promise<unknown>): Promise<boolean> {
  const mine = lastWish.then(() => attempt(action));
  lastWish = mine;
  return mine;
}

/** Send commands, each of which is undone by restoring the scope's mode and charge-now as they were. */
async function change(text: string, scope: string, commands: (before: ScopeSettings | undefined) => Command[]): Promise<boolean> {
  return inTurn(async () => {
    const before = (await getSettings()).scopes.find((one) => one.scope === scope);
    const wanted = commands(before);
    let version = 0;
    for (const one of wanted) version = (await command(one)).version;
    tell(text, () => takeBack(wanted, scope, before, version));
  });
}

/** Only what nobody has changed since: another's choice is not ours to take back. */
async function takeBack(done: Command[], scope: string, before: ScopeSettings | undefined, version: number): Promise<void> {
  const ok = await inTurn(async () => {
    for (const one of done) {
      const back = one.do === "set_mode" ? modeAsIn(scope, before) : chargeNowAsIn(scope, before);
      version = (await command(back, version)).version;
    }
  });
  if (ok) tell(t("note.undone"));
}

/** A standing mode. Whoever picks one wants it now: charge-now ends with it. */
export function setMode(scope: string, mode: Mode | null, text: string, amps: number | null = null): Promise<boolean> {
  return change(text, scope, (before) => [
    { do: "set_mode", scope, mode, amps },
    ...(before?.charge_now ? [{ do: "cancel_charge_now", scope } as const] : []),
  ]);
}

function modeAsIn(scope: string, before: ScopeSettings | undefined): Command {
  const standing = before?.standing ?? null;
  return {
    do: "set_mode",
    scope,
    mode: standing?.mode ?? null,
    amps: standing?.amps ?? null,
    until: standing?.until ?? null,
    then: standing?.then ?? null,
  };
}

export interface ChargeNowWish {
  amps: number | null;
  for_s: number | null;
  until: string | null;
  energy_kwh: number | null;
  until_unplugged: boolean;
}

export function chargeNow(scope: string, wish: ChargeNowWish, text: string): Promise<boolean> {
  return change(text, scope, () => [{ do: "charge_now", scope, ...wish }]);
}

export function cancelChargeNow(scope: string, text: string): Promise<boolean> {
  return change(text, scope, () => [{ do: "cancel_charge_now", scope }]);
}

function chargeNowAsIn(scope: string, before: ScopeSettings | undefined): Command {
  const wish = before?.charge_now;
  if (!wish) return { do: "cancel_charge_now", scope };
  const left = wish.energy_kwh === null ? null : Math.max(0.1, wish.energy_kwh - wish.charged_kwh);
  return {
    do: "charge_now",
    scope,
    amps: wish.amps,
    until: wish.until,
    energy_kwh: left,
    until_unplugged: wish.until_unplugged,
  };
}
