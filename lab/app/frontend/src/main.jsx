import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Session } from "./api.js";
import { App } from "./App.jsx";
import "./style.css";

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App session={new Session()} />
  </StrictMode>,
);
