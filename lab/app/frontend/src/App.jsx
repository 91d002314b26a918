import { useState } from "react";
import { BUILDS, Collection, SQUADS } from "./Collection.jsx";
import { Login } from "./Login.jsx";
import { Release } from "./Release.jsx";

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
          <Collection key={kind.path} kind={kind} session={session} onExpired={() => setLoggedIn(false)} />
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
