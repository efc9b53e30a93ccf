// The scorecard page: waits for a scorecard that is on its way, prints, opens what a link points into.

const POLL_MS = 1500;
const SLOW_POLL_MS = 15000;

const standing = document.querySelector("[data-scorecard]");
if (standing && !("givenUp" in standing.dataset)) wait();

async function wait() {
  const { scorecard, branch, status } = standing.dataset;
  await new Promise((done) => setTimeout(done, status === "pending" ? POLL_MS : SLOW_POLL_MS));
  try {
    const response = await fetch(`/api/v1/conversations/${scorecard}/scorecard?branch=${branch}`);
    if (response.ok && (await response.json()).status !== status) {
      location.reload();
      return;
    }
  } catch {
    // The server is away for a moment; the next look finds it.
  }
  wait();
}

for (const print of document.querySelectorAll(".print")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// On paper everything is open.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
});

// A page that is the result of "End and score" begins at its headline.
if (document.referrer && new URL(document.referrer).pathname === location.pathname.replace(/\/scorecard$/, "")) {
  document.getElementById("story")?.focus({ preventScroll: true });
}
