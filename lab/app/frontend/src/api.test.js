import { afterEach, expect, test, vi } from "vitest";
import { apiBase, Session } from "./api.js";

const reply = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const store = () => {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
};

afterEach(() => vi.unstubAllGlobals());

test("only the path of an absolute API address counts", () => {
  expect(apiBase("https://staging.example.com/api/v1", "https://127.0.0.1:8443")).toBe("/api/v1");
  expect(apiBase("", "https://here")).toBe("/api/v1");
  expect(apiBase("/other/", "https://here")).toBe("/other");
});

test("an expired access token is renewed once and the request repeated", async () => {
  const session = new Session(store());
  session.keep({ access_token: "old", refresh_token: "r1" });
  const asked = vi
    .fn()
    .mockResolvedValueOnce(reply(401, { error: { message: "expired" } }))
    .mockResolvedValueOnce(reply(200, { access_token: "new", refresh_token: "r2" }))
    .mockResolvedValueOnce(reply(200, { items: [] }));
  vi.stubGlobal("fetch", asked);
  expect(await session.ask("GET", "/squads")).toEqual({ items: [] });
  expect(asked.mock.calls[2][1].headers.Authorization).toBe("Bearer new");
  expect(session.tokens.refresh_token).toBe("r2");
});

test("a refused refresh ends the session", async () => {
  const session = new Session(store());
  session.keep({ access_token: "old", refresh_token: "r1" });
  vi.stubGlobal("fetch", vi.fn(async () => reply(401, { error: { message: "ended" } })));
  await expect(session.ask("GET", "/squads")).rejects.toMatchObject({ status: 401 });
  expect(session.open).toBe(false);
});

test("an error says what happened and which request it was", async () => {
  const session = new Session(store());
  const body = { error: { message: "Some fields are not valid.", fields: { name: "too long" } } };
  vi.stubGlobal("fetch", vi.fn(async () => reply(422, body, { "X-Request-ID": "abc" })));
  await expect(session.ask("POST", "/squads", {})).rejects.toMatchObject({
    message: "Some fields are not valid. name: too long",
    requestId: "abc",
  });
});

test("an unreachable server gives a plain message", async () => {
  vi.stubGlobal("fetch", vi.fn(async () => Promise.reject(new TypeError("failed"))));
  await expect(new Session(store()).ask("GET", "/squads")).rejects.toThrow("cannot be reached");
});
