// The progress of an import, told by the server as it goes. Without JavaScript the page loads anew.

const card = document.querySelector("[data-import]");

function show(told) {
  const format = new Intl.NumberFormat(document.documentElement.dataset.locale);
  for (const figure of card.querySelectorAll("[data-count]")) {
    figure.textContent = format.format(told[figure.dataset.count]);
  }
  const whole = Math.max(told.rows_expected, told.rows_read, 1);
  card.querySelector("progress").value = Math.min(99, Math.floor((100 * told.rows_read) / whole));
}

if (card) {
  const stream = new EventSource(card.dataset.import);
  stream.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("over", (event) => {
    show(JSON.parse(event.data));
    stream.close();
    // What came of it, and the report, stand on the page as it is now.
    location.reload();
  });
  addEventListener("pagehide", () => stream.close());
}
