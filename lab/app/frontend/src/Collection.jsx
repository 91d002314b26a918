import { useCallback, useEffect, useState } from "react";

const PAGE = 20;

export default function Collection({ kind, session, onExpired }) {
  const [page, setPage] = useState(null);
  const [offset, setOffset] = useState(0);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");

  const attempt = useCallback(
    async (work) => {
      setProblem("");
      try {
        return await work();
      } catch (error) {
        if (error.status === 401) onExpired();
        else setProblem(error.requestId ? `${error.message} (request ${error.requestId})` : error.message);
      }
    },
    [onExpired],
  );
  const load = useCallback(
    () => attempt(async () => setPage(await session.ask("GET", `${kind.path}?limit=${PAGE}&offset=${offset}`))),
    [attempt, session, kind, offset],
  );
  useEffect(() => {
    load();
  }, [load]);

  const create = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const body = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    return attempt(async () => {
      const made = await session.ask("POST", kind.path, body);
      form.reset();
      setPage(await session.ask("GET", `${kind.path}?limit=${PAGE}&offset=0`));
      setOffset(0);
      setSaid(`Created ${made.name}.`);
    });
  };

  return (
    <>
      <NewOne kind={kind} onSubmit={create} />
      <p role="status">{said}</p>
      <p role="alert">{problem}</p>
      {page ? <Table kind={kind} page={page} onMove={setOffset} /> : !problem && <p>Loading…</p>}
    </>
  );
}

function NewOne({ kind, onSubmit }) {
  return (
    <form className="card" onSubmit={onSubmit} aria-labelledby="new">
      <h2 id="new">New {kind.one}</h2>
      <div className="fields">
        <label>
          Name
          <input name="name" required maxLength={80} />
        </label>
        {kind.choices.map(([name, label, values]) => (
          <label key={name}>
            {label}
            <select name={name}>
              {values.map((value) => (
                <option key={value}>{value}</option>
              ))}
            </select>
          </label>
        ))}
        <label className="wide">
          About
          <input name="description" maxLength={2000} />
        </label>
      </div>
      <button className="primary">Create {kind.one}</button>
    </form>
  );
}

function Table({ kind, page, onMove }) {
  const last = Math.min(page.offset + page.limit, page.total);
  return (
    <section className="card" aria-labelledby="list">
      <h2 id="list">{kind.title}</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              {kind.columns.map(([name, label]) => (
                <th key={name} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {page.items.map((item) => (
              <tr key={item.id}>
                {kind.columns.map(([name]) => (
                  <td key={name}>{item[name]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row">
        <button disabled={page.offset === 0} onClick={() => onMove(Math.max(0, page.offset - page.limit))}>
          Newer
        </button>
        <span>{page.total ? `${page.offset + 1}–${last} of ${page.total.toLocaleString("en")}` : "None yet"}</span>
        <button disabled={last >= page.total} onClick={() => onMove(page.offset + page.limit)}>
          Older
        </button>
      </div>
    </section>
  );
}
