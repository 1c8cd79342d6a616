/** Something that a page fetches: loading, there, or a failure in words. */
import { wordsOf } from "./steer.svelte";

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  problem = $state("");
  private turn = 0;

  constructor(private readonly get: () => Promise<T>) {}

  /** Fetch it (again). Answers that come in the wrong order are dropped. */
  load = async (): Promise<void> => {
    const turn = ++this.turn;
    try {
      const value = await this.get();
      if (turn === this.turn) [this.value, this.problem] = [value, ""];
    } catch (error) {
      const words = wordsOf(error);
      if (turn === this.turn) this.problem = words;
    }
  };
}
