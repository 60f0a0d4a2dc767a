// Live events: rows come from the server ready to show and go in at the top. The browser takes the
// stream up again by itself, from the last row on.

const place = document.querySelector("[data-live]");

if (place && "EventSource" in window) {
  const state = place.querySelector("[data-live-state]");
  const most = Number(place.dataset.most);
  const source = new EventSource(`${place.dataset.live}?after=${encodeURIComponent(place.dataset.after)}`);
  const tell = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  source.addEventListener("open", () => tell(state.dataset.on));
  source.addEventListener("error", () => tell(state.dataset.off));
  source.addEventListener("fact", (event) => {
    const body = place.querySelector("tbody");
    if (!body) {
      location.reload(); // the first event of all: the page has no table yet
      return;
    }
    body.insertAdjacentHTML("afterbegin", event.data);
    while (body.rows.length > most) body.deleteRow(-1);
  });
  addEventListener("pagehide", () => source.close());
}
