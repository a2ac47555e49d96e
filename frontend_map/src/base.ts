import "./styles/base.css";
import { startThemeSwitch } from "./theme";

startThemeSwitch();

// A menu that is open closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.account-menu[open]")) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  }
});
