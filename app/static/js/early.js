// Loaded before the first paint: says that JavaScript runs, so that nothing moves when app.js comes.
document.documentElement.classList.add("js");
