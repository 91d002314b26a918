import { useEffect, useState } from "react";
import { releases } from "./api.js";
import { VERSION } from "./version.js";

const named = (release) => `${release.version} (${String(release.commit).slice(0, 8)})`;

export function Release() {
  const [running, setRunning] = useState(null);
  useEffect(() => {
    releases().then(setRunning);
  }, []);
  if (!running) return <p>Release …</p>;
  const { page, api } = running;
  const apart = page && api && page.commit !== api.commit;
  return (
    <p data-testid="release">
      Release {page ? named(page) : `${VERSION} (not deployed)`} · API {api ? named(api) : "not reachable"}
      {api && ` · ${api.environment}`}
      {apart && <strong> · page and API are not the same release: reload the page</strong>}
    </p>
  );
}
