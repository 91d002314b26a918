// A new release has other files than a page that is open already knows: the page is loaded anew. Not twice in a row, so
// that a file that is really missing does not do that for ever.
window.addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(sessionStorage.getItem("reloaded")) < 10_000) return;
  sessionStorage.setItem("reloaded", String(Date.now()));
  event.preventDefault();
  window.location.reload();
});
