/** Who is looking at the page, and what they may do. */
import { getAuth, logOut } from "../api/calls";
import { whenStranger } from "../api/client";
import type { AuthState, Scope } from "../api/schema";

/** null: not known yet, because the daemon has not answered. */
let state = $state.raw<AuthState | null>(null);

export const auth = () => state;
export const me = () => state?.me ?? null;

/** Offline nobody knows; what is shown then is old and greyed, and the daemon decides in any case. */
export const may = (scope: Scope) => state?.me?.scopes.includes(scope) ?? false;

export async function whoAmI(): Promise<void> {
  state = await getAuth();
}

export async function leave(): Promise<void> {
  await logOut();
  await whoAmI();
}

whenStranger(() => {
  if (state?.me) state = { ...state, me: null };
});
