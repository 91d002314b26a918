// The path of the API on the page's own origin. VITE_API_URL may be a whole address: only its path counts,
// so that the same build works under every host name that nginx answers to.
export function apiBase(configured, origin) {
  const path = new URL(configured || "/api/v1", origin).pathname;
  return path.replace(/\/+$/, "");
}

const BASE = apiBase(import.meta.env.VITE_API_URL, window.location.origin);

export class ApiError extends Error {
  constructor(status, message, requestId) {
    super(message);
    this.status = status;
    this.requestId = requestId;
  }
}

async function exchange(method, path, { body, token } = {}) {
  let reply;
  try {
    reply = await fetch(BASE + path, {
      method,
      headers: {
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new ApiError(0, "The server cannot be reached. Check your connection and try again.");
  }
  if (reply.status === 204) return null;
  const content = await reply.json().catch(() => ({}));
  if (reply.ok) return content;
  const error = content.error ?? {};
  const fields = Object.entries(error.fields ?? {}).map(([name, fault]) => `${name}: ${fault}`);
  const text = reply.status === 429 ? "Too many requests. Wait a minute and try again." : error.message;
  throw new ApiError(
    reply.status,
    [text || `The server answered ${reply.status}.`, ...fields].join(" "),
    reply.headers.get("X-Request-ID"),
  );
}

// Tokens of one browser tab. An expired access token is renewed once, without the person noticing.
export class Session {
  constructor(store = window.sessionStorage) {
    this.store = store;
    this.tokens = JSON.parse(store.getItem("tokens") ?? "null");
  }

  get open() {
    return this.tokens !== null;
  }

  keep(tokens) {
    this.tokens = tokens;
    if (tokens) this.store.setItem("tokens", JSON.stringify(tokens));
    else this.store.removeItem("tokens");
  }

  register(credentials) {
    return exchange("POST", "/auth/register", { body: credentials });
  }

  async login(credentials) {
    this.keep(await exchange("POST", "/auth/login", { body: credentials }));
  }

  async logout() {
    const body = { refresh_token: this.tokens.refresh_token };
    this.keep(null);
    await exchange("POST", "/auth/logout", { body }).catch(() => {}); // logged out here in any case
  }

  async ask(method, path, body) {
    try {
      return await exchange(method, path, { body, token: this.tokens?.access_token });
    } catch (error) {
      if (error.status !== 401 || !this.open) throw error;
    }
    try {
      const refresh = { refresh_token: this.tokens.refresh_token };
      this.keep(await exchange("POST", "/auth/refresh", { body: refresh }));
    } catch (error) {
      if (error.status === 401) this.keep(null);
      throw error;
    }
    return exchange(method, path, { body, token: this.tokens.access_token });
  }
}

// What runs: the page's own release, and that of the API it talks to.
export async function releases() {
  const [page, api] = await Promise.allSettled([
    fetch("/release.json", { cache: "no-store" }).then((reply) => reply.json()),
    exchange("GET", "/health"),
  ]);
  return { page: page.value ?? null, api: api.value ?? null };
}
