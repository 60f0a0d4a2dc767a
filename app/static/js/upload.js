// A file is sent without leaving the page, so that a refused one can be sent again, read another way, by one click.
// Without JavaScript the form posts as it is, and the file has to be chosen again.

const form = document.querySelector("form[data-upload]");
let pressed = null;

function busy(on) {
  for (const button of document.querySelectorAll("form[data-upload] button, #refusal button")) {
    button.disabled = on;
  }
  if (on) {
    pressed?.setAttribute("aria-busy", "true");
  } else {
    pressed?.removeAttribute("aria-busy");
  }
}

// What the server says about the file takes the place of what it said before; the form stays as it is.
function show(text) {
  const told = new DOMParser().parseFromString(text, "text/html").getElementById("refusal");
  if (!told) {
    location.reload();
    return;
  }
  document.getElementById("refusal").replaceWith(document.adoptNode(told));
  told.tabIndex = -1;
  told.focus();
}

async function send() {
  const sent = new FormData(form, pressed);
  busy(true);
  try {
    const answer = await fetch(form.action, { method: "POST", body: sent, headers: { Accept: "text/html" } });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    show(await answer.text());
  } catch {
    document.querySelector(".offline").hidden = false;
  }
  busy(false);
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pressed = event.submitter ?? form.querySelector("button");
    send();
  });
  document.addEventListener("click", (event) => {
    const way = event.target.closest("[data-say]");
    if (way) {
      form.elements[way.dataset.say].value = way.dataset.value;
      form.requestSubmit(pressed);
    }
  });
}
