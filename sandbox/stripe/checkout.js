const form = document.getElementById("card");
for (const choice of document.querySelectorAll("[data-number]")) {
  choice.addEventListener("click", () => {
    form.elements.number.value = choice.dataset.number.replace(/(.{4})(?=.)/g, "$1 ");
    for (const other of document.querySelectorAll("[data-number]")) {
      other.setAttribute("aria-pressed", String(other === choice));
    }
  });
}
for (const each of document.forms) {
  each.addEventListener("submit", (event) => {
    // The pressed button must stay enabled until its own value has been collected.
    setTimeout(() => { event.submitter.disabled = true; }, 0);
  });
}
const back = document.getElementById("return");
if (back) {
  const { payload, session, local } = back.dataset;
  if (local) {
    setTimeout(() => { location.href = local; }, 1500);
  } else {
    fetch("/sim/stripe/return", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ payload, session }),
    });
    (window.opener ?? window.parent).postMessage({ kind: "stripe-return", payload, session }, location.origin);
  }
}
