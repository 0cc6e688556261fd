// Asks for the numbers every second and draws the page again when there is a newer picture.
let revision = 0;
const state = document.getElementById("state");

async function refresh() {
  try {
    const metrics = await (await fetch("/metrics.json", { cache: "no-store" })).json();
    if (metrics.revision !== revision) {
      const picture = await (await fetch("/picture", { cache: "no-store" })).text();
      document.querySelector("main").innerHTML = picture;
      document.title = document.querySelector("h1").textContent;
      revision = metrics.revision;
    }
    state.textContent = "Live: this page follows the running demo.";
  } catch {
    state.textContent = "The demo has ended; this is the last picture.";
  }
  setTimeout(refresh, 1000);
}

refresh();
