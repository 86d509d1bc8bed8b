// Small behaviours, each bound by a data attribute; every page works without them.

// The menu is a popover on narrow screens and plain on wide ones.
const menu = document.getElementById("menu-list");
const wide = matchMedia("(min-width: 60rem)");
const fit = () => (wide.matches ? menu?.removeAttribute("popover") : menu?.setAttribute("popover", ""));
fit();
wide.addEventListener("change", fit);

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
