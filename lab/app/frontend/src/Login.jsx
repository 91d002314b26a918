import { useState } from "react";

export function Login({ session, onLogin }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const credentials = { username: form.get("username"), password: form.get("password") };
    setBusy(true);
    setProblem("");
    try {
      if (event.nativeEvent.submitter?.value === "register") await session.register(credentials);
      await session.login(credentials);
      onLogin();
    } catch (error) {
      setProblem(error.message);
      setBusy(false);
    }
  };

  return (
    <form className="card" onSubmit={submit} aria-labelledby="login">
      <h2 id="login">Log in</h2>
      <label>
        Name
        <input name="username" autoComplete="username" required minLength={3} maxLength={40} />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required minLength={10} />
      </label>
      <p role="alert">{problem}</p>
      <div className="row">
        <button value="login" className="primary" disabled={busy}>
          Log in
        </button>
        <button value="register" disabled={busy}>
          Create an account
        </button>
      </div>
    </form>
  );
}
