/** Words in the language of the reader. English is always there; others come when they are wanted. */
import type { Sentence } from "../api/schema";
import en from "../i18n/en.json";

export type Key = keyof typeof en;
type Words = Record<Key, string>;
/** Rules for sentences that the daemon writes: [pattern of the English text, words]. The first that fits is taken. */
type Rules = [string, string][];

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "twcmaster-language";

interface Loaded {
  language: Language;
  words: Words;
  rules: { pattern: RegExp; words: string }[];
}

let loaded = $state.raw<Loaded>({ language: "en", words: en, rules: [] });

export const chosenLanguage = () => loaded.language;

/** For Intl: the reader's own region where the language fits ("en-GB", with its 24-hour clock). */
export function language(): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === loaded.language) ?? loaded.language;
}

export async function startLanguage(): Promise<void> {
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept, ...navigator.languages].map((tag) => tag?.split("-")[0]);
  try {
    await setLanguage((wanted.find((tag) => tag && tag in LANGUAGES) ?? "en") as Language);
  } catch {
    // A page in English is better than none; its words are part of the first load.
    await setLanguage("en");
  }
}

export async function chooseLanguage(wanted: Language): Promise<void> {
  await setLanguage(wanted);
  localStorage.setItem(KEPT, wanted);
}

async function setLanguage(wanted: Language): Promise<void> {
  loaded = wanted === "de" ? await german() : { language: "en", words: en, rules: [] };
  document.documentElement.lang = wanted;
}

async function german(): Promise<Loaded> {
  const [words, rules] = await Promise.all([import("../i18n/de.json"), import("../i18n/sentences.de.json")]);
  const compiled = (rules.default as Rules).map(([pattern, text]) => ({ pattern: new RegExp(`^${pattern}$`), words: text }));
  return { language: "de", words: words.default, rules: compiled };
}

export const isKey = (text: string): text is Key => text in en;

/** The words for a key, with {names} filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return loaded.words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A sentence of the daemon in the reader's language; in English where no rule knows it. */
export function say(sentence: Sentence | null | undefined): string {
  return sentence ? translate(sentence.text) : "";
}

export const translate = (text: string): string => unbroken(localTimes(byRule(text)));

/** A number and its unit stay on one line. */
const unbroken = (text: string) => text.replace(/(\d) (?=(?:kWh?|A|V|s|min|h)\b|%)/g, "$1\u00a0");

function byRule(text: string): string {
  for (const { pattern, words } of loaded.rules) {
    const found = pattern.exec(text);
    if (found) return words.replace(/\$(\d)/g, (_, group: string) => part(found[Number(group)] ?? ""));
  }
  return text;
}

/** What a rule has caught: a sentence of its own, or a number. */
function part(caught: string): string {
  const said = byRule(caught);
  return said === caught ? caught.replace(/(?<![\d.])(\d+)\.(\d+)(?![\d.])/g, "$1,$2") : said;
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MOMENT = new RegExp(`(?:(${DAYS.join("|")}) |(\\d{1,2}) (${MONTHS.join("|")}) )?(?<![\\d.:])(\\d{1,2}):(\\d\\d)(?![\\d:])`, "g");

/** "Tue 21:30" and "3 Aug 21:30" as the reader's own clock and calendar say it. */
function localTimes(text: string): string {
  return text.replace(MOMENT, (_, day?: string, date?: string, month?: string, hour?: string, minute?: string) => {
    const time = new Date(2024, 0, 1, Number(hour), Number(minute)).toLocaleTimeString(language(), { hour: "numeric", minute: "2-digit" });
    if (day) return `${new Date(2024, 0, 1 + DAYS.indexOf(day)).toLocaleDateString(language(), { weekday: "short" })} ${time}`;
    if (!date || !month) return time;
    const on = new Date(2024, MONTHS.indexOf(month), Number(date));
    return `${on.toLocaleDateString(language(), { day: "numeric", month: "short" })} ${time}`;
  });
}
