import { lazy, Suspense, useState } from "react";
import { BUILDS, SQUADS } from "./kinds.js";
import { Login } from "./Login.jsx";
import { Release } from "./Release.jsx";
import "./reload.js";

// Loaded only by who has logged in: the form to log in shows without it.
const Collection = lazy(() => import("./Collection.jsx"));

export function App({ session }) {
  const [loggedIn, setLoggedIn] = useState(session.open);
  const [kind, setKind] = useState(SQUADS);

  const logout = async () => {
    await session.logout();
    setLoggedIn(false);
  };

  return (
    <>
      <header>
        <h1>GW2 WvW Builder</h1>
        {loggedIn && (
          <nav aria-label="Main">
            {[SQUADS, BUILDS].map((one) => (
              <button key={one.path} aria-current={one === kind ? "page" : undefined} onClick={() => setKind(one)}>
                {one.title}
              </button>
            ))}
            <button onClick={logout}>Log out</button>
          </nav>
        )}
      </header>
      <main>
        {loggedIn ? (
          <Suspense fallback={<p>Loading…</p>}>
            <Collection key={kind.path} kind={kind} session={session} onExpired={() => setLoggedIn(false)} />
          </Suspense>
        ) : (
          <Login session={session} onLogin={() => setLoggedIn(true)} />
        )}
      </main>
      <footer>
        <Release />
      </footer>
    </>
  );
}
