import { startHeaderSearch } from "./header_search";
import "./styles/base.css";

// A menu that is open closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.account-menu[open]")) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  }
});

startHeaderSearch();
