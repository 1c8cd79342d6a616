/** Which page is open: the part of the address behind "#/". Works below any prefix and without a network. */

export const PAGES = ["now", "schedule", "history", "more", "bus", "setup", "log", "access"] as const;
export type Page = (typeof PAGES)[number];

let page = $state<Page>(read());

function read(): Page {
  const name = location.hash.replace(/^#\/?/, "").split("/")[0];
  return PAGES.find((known) => known === name) ?? "now";
}

export const currentPage = () => page;

export function go(to: Page): void {
  location.hash = `#/${to}`;
}

export function startRouter(): void {
  addEventListener("hashchange", () => {
    page = read();
    scrollTo(0, 0);
  });
}
