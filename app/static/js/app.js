// What every page does on top of plain HTML: theme, menus, command menu, small conveniences.
// Everything here is an enhancement; each page works without it.

const root = document.documentElement;

// --- Theme: the form posts without JavaScript; with it the page changes in place ------------------

function applyTheme(theme) {
  if (theme === "system") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("themechange"));
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !("themeChoice" in button.dataset)) {
    return;
  }
  event.preventDefault();
  const year = 365 * 24 * 3600;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${button.value}; Path=/; Max-Age=${year}; SameSite=Lax${secure}`;
  applyTheme(button.value);
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new CustomEvent("themechange"));
});

// --- Menus and confirmations are details elements: close them on Escape and on a click elsewhere ----

const OPEN = "details.menu[open], details.confirm[open]";

document.addEventListener("click", (event) => {
  for (const details of document.querySelectorAll(OPEN)) {
    if (!details.contains(event.target)) {
      details.open = false;
    }
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") {
    return;
  }
  for (const details of document.querySelectorAll(OPEN)) {
    const hadFocus = details.contains(document.activeElement);
    details.open = false;
    if (hadFocus) {
      details.querySelector("summary").focus();
    }
  }
});

// Arrow keys walk through an open menu.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") {
    return;
  }
  const list = event.target.closest?.("details.menu[open], dialog.command[open]");
  if (!list) {
    return;
  }
  const items = [...list.querySelectorAll(".menu-panel a, .menu-panel button, li:not([hidden]) a")];
  if (items.length === 0) {
    return;
  }
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(at + step + items.length) % items.length].focus();
});

// --- Command menu: Ctrl K, and / for the page's search -------------------------------------------------

const command = document.querySelector("dialog.command");

function openCommand() {
  if (!command || command.open) {
    return;
  }
  command.showModal();
  const input = command.querySelector("input");
  input.value = "";
  filterCommands("");
  input.focus();
}

function filterCommands(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of command.querySelectorAll("li")) {
    const content = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => content.includes(word));
  }
}

if (command) {
  command.querySelector("input").addEventListener("input", (event) => filterCommands(event.target.value));
  command.querySelector("input").addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      command.querySelector("li:not([hidden]) a")?.click();
    }
  });
  command.addEventListener("click", (event) => {
    if (event.target === command) {
      command.close();
    }
  });
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-command]")) {
    openCommand();
  }
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openCommand();
    return;
  }
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    const search = document.querySelector("[data-search]");
    if (search) {
      search.focus();
      search.select();
    } else {
      openCommand();
    }
  }
});

// --- Selects that act at once; their button is for readers without JavaScript ---------------------------

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-submit]");
  if (field) {
    field.form.requestSubmit();
  }
});

// --- A box in the head of a table ticks all rows of the page; when some are ticked it says so ----------------

document.addEventListener("change", (event) => {
  const table = event.target.closest("table");
  const all = table?.querySelector("[data-tick-all]");
  if (!all) {
    return;
  }
  const boxes = [...table.querySelectorAll("tbody th input[type=checkbox]")];
  if (event.target === all) {
    boxes.forEach((box) => (box.checked = all.checked));
  }
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
});

// --- Fields that only some choices use; without JavaScript all are seen ------------------------------------

function showAsked(choice) {
  for (const field of choice.form.querySelectorAll("[data-asked-by]")) {
    field.hidden = !field.dataset.askedBy.split(" ").includes(choice.value);
  }
}

for (const choice of document.querySelectorAll("select[data-asks]")) {
  showAsked(choice);
  choice.addEventListener("change", () => showAsked(choice));
}

// --- A preview that the form has left behind is not confirmed ------------------------------------------------

document.addEventListener("input", (event) => {
  const preview = document.getElementById(event.target.form?.dataset.previewedIn ?? "");
  const notice = preview?.querySelector(".stale");
  if (notice) {
    notice.hidden = false;
    preview.querySelectorAll("form button").forEach((button) => (button.disabled = true));
  }
});

// --- A form is sent once -----------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") {
    return;
  }
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

// Back from the browser's cache: the form may be sent again.
addEventListener("pageshow", () => {
  document.querySelectorAll("select[data-asks]").forEach(showAsked);
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    print();
  }
});

// htmx sends the token of the page with each change it makes.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  if (token) {
    event.detail.headers["X-CSRF-Token"] = token;
  }
});

// On a phone the sections and the tabs are strips: the current one must be in sight.
for (const strip of document.querySelectorAll(".rail, .tabs")) {
  const current = strip.querySelector("[aria-current]");
  if (current && strip.scrollWidth > strip.clientWidth) {
    const from = current.getBoundingClientRect().left - strip.getBoundingClientRect().left + strip.scrollLeft;
    strip.scrollLeft = from - (strip.clientWidth - current.offsetWidth) / 2;
  }
}

// --- A part that could not be fetched --------------------------------------------------------------------

// An answer that is an error is shown as the page it is; where the session has ended, this page leads to sign in.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) {
    location.reload();
    return;
  }
  location.assign(event.detail.pathInfo.finalRequestPath || event.detail.pathInfo.requestPath);
});

// The session has ended meanwhile: the answer is the sign-in page, not a part of this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === "/sign-in") {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

function offline(shown) {
  const notice = document.querySelector(".offline");
  if (notice) {
    notice.hidden = !shown;
  }
}

document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) {
    offline(false);
  }
});
