import "./styles/base.css";

// A menu that is open closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.account-menu[open]")) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});
