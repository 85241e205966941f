// Two kindnesses of the desk's window; without them all works the same, with one more page load.
// 1. While somebody types, the lock waits; when nobody does, the page goes to the lock with what it shows.
const { idle, token } = document.body.dataset;
if (idle) {
  let timer;
  let told = Date.now();
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.replace("/unlock"), (Number(idle) + 5) * 1000);
  };
  addEventListener("input", () => {
    rest();
    if (Date.now() - told > 30_000) {
      told = Date.now();
      fetch("/awake", { method: "POST", body: new URLSearchParams({ form_token: token }) });
    }
  });
  rest();
}
