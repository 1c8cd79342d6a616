/** Every endpoint that the page uses, one line each: paths stand here and nowhere else. */
import type {
  AuditLog,
  AuthState,
  Bus,
  BusDetail,
  CancelChargeNow,
  ChargeNowIn,
  Config,
  ConfigDraft,
  ConfigCheck,
  DebugAnswer,
  Frames,
  Heard,
  LogPage,
  Logins,
  Me,
  MeterTried,
  NewToken,
  Ports,
  Restored,
  Role,
  Schedule,
  Series,
  Sessions,
  SetMode,
  SetPriority,
  Settings,
  State,
  Summary,
  Tokens,
  TokenIn,
  User,
  Users,
  WindowIn,
} from "./schema";
import { address, ask } from "./client";

export type Command = SetMode | ChargeNowIn | CancelChargeNow | SetPriority;
export type Period = "day" | "week" | "month" | "year";

const part = encodeURIComponent;

// ── now ──
export const getState = () => ask<State>("state");
export const getSettings = () => ask<Settings>("settings");
export const command = (body: Command, version?: number) => ask<Settings>("commands", { body, ifMatch: version });
export const getLog = (after = 0, most = 200) => ask<LogPage>("log", { query: { after, most } });

// ── schedule ──
export const getSchedule = (scope: string) => ask<Schedule>("schedule", { query: { scope } });
export const putSchedule = (scope: string, windows: WindowIn[], version: number) =>
  ask<Schedule>("schedule", { method: "PUT", query: { scope }, body: { windows }, ifMatch: version });

// ── history ──
export const getSeries = (from: Date, to: Date) =>
  ask<Series>("history/series", { query: { from: from.toISOString(), to: to.toISOString() } });
export const getEnergy = (period: Period, date?: string) => ask<Summary>("history/energy", { query: { period, date } });
export const getSessions = (from: Date, to: Date, before?: number | null) =>
  ask<Sessions>("history/sessions", { query: { from: from.toISOString(), to: to.toISOString(), before, most: 50 } });
export const sessionsCsv = (from: Date, to: Date) =>
  address("history/sessions.csv", { from: from.toISOString(), to: to.toISOString() }).href;
export const seriesCsv = (from: Date, to: Date) =>
  address("history/series.csv", { from: from.toISOString(), to: to.toISOString() }).href;

// ── buses ──
export const getBuses = () => ask<Bus[]>("buses");
export const getBus = (bus: string) => ask<BusDetail>(`buses/${part(bus)}`);
export const getFrames = (bus: string, after: number) => ask<Frames>(`buses/${part(bus)}/frames`, { query: { after } });
export const sendMessage = (bus: string, hex: string) =>
  ask<DebugAnswer>(`buses/${part(bus)}/messages`, { body: { hex } });
export const recording = (bus: string, seconds: number) => address(`buses/${part(bus)}/recording`, { seconds }).href;

// ── setup ──
export const getConfig = () => ask<Config>("config");
export const checkConfig = (toml: string) => ask<ConfigCheck>("config/check", { body: { toml } });
export const draftConfig = (changes: Record<string, unknown>) => ask<ConfigDraft>("config/draft", { body: { changes } });
export const putConfig = (toml: string, password: string, digest: string) =>
  ask<Config>("config", { method: "PUT", body: { toml, password }, ifMatch: digest });
export const getPorts = () => ask<Ports>("setup/ports");
export const listen = (link: string, seconds: number) =>
  ask<Heard>("setup/listen", { body: { link, seconds }, patienceMs: (seconds + 15) * 1000 });
export const tryMeter = (meter: Record<string, unknown>) => ask<MeterTried>("setup/meter", { body: { meter } });

// ── people ──
export const getAuth = () => ask<AuthState>("auth");
export const setUp = (code: string, password: string) => ask<Me>("auth/setup", { body: { code, password } });
export const logIn = (name: string, password: string) => ask<Me>("auth/login", { body: { name, password } });
export const logOut = () => ask<void>("auth/logout", { method: "POST" });
export const changePassword = (old_password: string, new_password: string) =>
  ask<void>("auth/password", { body: { old_password, new_password } });
export const getUsers = () => ask<Users>("auth/users");
export const addUser = (name: string, password: string, role: Role) =>
  ask<User>("auth/users", { body: { name, password, role } });
export const removeUser = (name: string) => ask<void>(`auth/users/${part(name)}`, { method: "DELETE" });
export const getTokens = () => ask<Tokens>("auth/tokens");
export const addToken = (wanted: TokenIn) => ask<NewToken>("auth/tokens", { body: wanted });
export const removeToken = (id: string) => ask<void>(`auth/tokens/${part(id)}`, { method: "DELETE" });
export const getLogins = () => ask<Logins>("auth/logins");
export const removeLogin = (id: string) => ask<void>(`auth/logins/${part(id)}`, { method: "DELETE" });
export const getAudit = () => ask<AuditLog>("auth/audit");

// ── backup ──
export const backupFile = () => address("backup").href;
export const diagnosticsFile = () => address("diagnostics").href;
export const restore = (archive: Blob) => ask<Restored>("backup", { method: "PUT", body: archive, patienceMs: 120_000 });
