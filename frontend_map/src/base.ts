import { drawValues } from "./drawn_values";
import { startHeaderSearch } from "./header_search";
import "./styles/base.css";
import { startThemeSwitch } from "./theme";

drawValues(document);
startThemeSwitch();

// A menu that is open closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.account-menu[open], details.nav-more[open]")) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  }
});

// Another language shows what is seen now: the address may have changed since the page came.
document.addEventListener("submit", (event) => {
  const next = event.target instanceof HTMLFormElement && event.target.closest(".language-menu") !== null ? event.target.elements.namedItem("next") : null;
  if (next instanceof HTMLInputElement) next.value = `${window.location.pathname}${window.location.search}`;
});
startHeaderSearch();
// A phone that has kept the field page: whoever logs out takes along what they read, and so does whoever comes next.
const viewer = document.documentElement.dataset["viewer"] ?? "";
const before = window.localStorage.getItem("tarmoq-viewer");
if (before !== null && before !== viewer) {
  void import("./field_worker").then(({ forgetPages, handOver }) => (viewer === "" ? forgetPages() : handOver(viewer)));
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-logout]") || window.localStorage.getItem("tarmoq-viewer") === null) return;
  event.preventDefault();
  void import("./field_worker")
    .then(({ handOver }) => handOver(""))
    .finally(() => form.submit());
});
