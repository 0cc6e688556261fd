// Reads the revision every second and replaces the content of the page when it has changed.
let revision = 0;
const state = document.getElementById("state");
const keyed = () => [...document.querySelectorAll("main [data-key]")];

// Opened tables stay open, and the focus stays where it was.
function replace(body) {
  const open = new Set(keyed().filter((one) => one.open).map((one) => one.dataset.key));
  const focus = document.activeElement?.closest("main [data-key]")?.dataset.key;
  document.querySelector("main").innerHTML = body;
  for (const one of keyed()) {
    if (open.has(one.dataset.key)) one.open = true;
    if (one.dataset.key === focus) (one.querySelector("summary") ?? one).focus({ preventScroll: true });
  }
}

async function refresh() {
  try {
    const metrics = await (await fetch("/metrics.json", { cache: "no-store" })).json();
    if (metrics.revision !== revision) {
      replace(await (await fetch("/body", { cache: "no-store" })).text());
      document.title = document.querySelector("h1").textContent;
      revision = metrics.revision;
    }
    state.textContent = "Live: this page follows the running demo.";
  } catch {
    state.textContent = "The demo has ended. These are the last numbers.";
  }
  setTimeout(refresh, 1000);
}

refresh();
