import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "./App.jsx";

const squad = { id: 1, name: "Iron Guard", description: "", members: 5 };
const release = { version: "v3.1.0", commit: "0123456789abcdef", environment: "staging" };
let api;

class Double {
  open = false;
  login = vi.fn(async () => {
    this.open = true;
  });
  register = vi.fn(async () => {});
  logout = vi.fn(async () => {});
  ask = vi.fn(async (method) =>
    method === "POST" ? { id: 2, name: "Dawn Watch" } : { items: [squad], total: 1, limit: 20, offset: 0 },
  );
}

beforeEach(() => {
  api = { "/release.json": release, "/api/v1/health": release };
  vi.stubGlobal("fetch", vi.fn(async (path) => new Response(JSON.stringify(api[path]))));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function loggedIn(session = new Double()) {
  render(<App session={session} />);
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "commander" } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "long enough" } });
  fireEvent.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByText("Iron Guard");
  return session;
}

test("logging in shows the squads", async () => {
  const session = await loggedIn();
  expect(session.login).toHaveBeenCalledWith({ username: "commander", password: "long enough" });
  expect(session.register).not.toHaveBeenCalled();
  expect(screen.getByText("1–1 of 1")).toBeTruthy();
});

test("a refused login stays on the form and says why", async () => {
  const session = new Double();
  session.login = vi.fn(async () => Promise.reject(new Error("Wrong name or password.")));
  render(<App session={session} />);
  fireEvent.submit(screen.getByRole("form", { name: "Log in" }));
  expect(await screen.findByText("Wrong name or password.")).toBeTruthy();
  expect(screen.queryByRole("table")).toBeNull();
});

test("a new squad is sent and confirmed", async () => {
  const session = await loggedIn();
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Dawn Watch" } });
  fireEvent.click(screen.getByRole("button", { name: "Create squad" }));
  expect(await screen.findByText("Created Dawn Watch.")).toBeTruthy();
  expect(session.ask).toHaveBeenCalledWith("POST", "/squads", { name: "Dawn Watch" });
});

test("the footer names the release of page and API", async () => {
  render(<App session={new Double()} />);
  const footer = await screen.findByTestId("release");
  expect(footer.textContent).toBe("Release v3.1.0 (01234567) · API v3.1.0 (01234567) · staging");
});

test("a page older than its API says so", async () => {
  api["/api/v1/health"] = { ...release, commit: "fedcba98" };
  render(<App session={new Double()} />);
  expect(await screen.findByText(/not the same release/)).toBeTruthy();
});
