// Small behaviours, each bound by a data attribute; every page works without them.

// The menu is a popover on narrow screens and plain on wide ones.
const menu = document.getElementById("menu-list");
const wide = matchMedia("(min-width: 70rem)");
const fit = () => (wide.matches ? menu?.removeAttribute("popover") : menu?.setAttribute("popover", ""));
fit();
wide.addEventListener("change", fit);

// On narrow screens filters stay folded until they are wanted, or in use.
const asked = [...new URLSearchParams(location.search)];
const filtered = asked.some(([name, value]) => value && !["tab", "page", "after"].includes(name));
const fold = () => {
  for (const box of document.querySelectorAll("[data-closed-when-narrow]"))
    box.open = wide.matches || filtered;
};
fold();
wide.addEventListener("change", fold);

// data-copy="text": put it on the clipboard and say so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = said), 1500);
});

// data-dialog="id": open a <dialog>; closing returns the focus by itself.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});

// What is wider or higher than its box can be scrolled by keyboard, and says what it is.
const scrollers = () => {
  for (const box of document.querySelectorAll(".table-wrap, .table-scroll, pre.json")) {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (!scrolls || box.tabIndex >= 0) continue;
    box.tabIndex = 0;
    if (box.tagName === "PRE") continue;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.querySelector("caption")?.textContent.trim() || "Table");
  }
};
scrollers();
addEventListener("resize", scrollers);
document.addEventListener("htmx:load", scrollers);
