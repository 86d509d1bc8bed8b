// Sets the theme before the first paint: the user's choice, else the system's.
const choice = localStorage.getItem("theme") || "auto";
const dark = matchMedia("(prefers-color-scheme: dark)");
const apply = (value) =>
  document.documentElement.setAttribute(
    "data-bs-theme",
    value === "auto" ? (dark.matches ? "dark" : "light") : value,
  );
apply(choice);
dark.addEventListener("change", () => apply(localStorage.getItem("theme") || "auto"));
addEventListener("DOMContentLoaded", () => {
  const select = document.querySelector("[data-theme-select]");
  if (!select) return;
  select.value = choice;
  select.addEventListener("change", () => {
    localStorage.setItem("theme", select.value);
    apply(select.value);
  });
});
