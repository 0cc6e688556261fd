// Reads the revision every second and replaces the content of the page when it has changed.
let revision = 0;
const state = document.getElementById("state");

async function refresh() {
  try {
    const metrics = await (await fetch("/metrics.json", { cache: "no-store" })).json();
    if (metrics.revision !== revision) {
      const body = await (await fetch("/body", { cache: "no-store" })).text();
      document.querySelector("main").innerHTML = body;
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
