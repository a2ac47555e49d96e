// The registers' fields that are searched (select2) are named by their labels: the library names them by what is chosen,
// which at first is nothing.
(() => {
  const nameField = (field: Element): void => {
    const select = field.previousElementSibling;
    const name = select instanceof HTMLSelectElement ? select.labels[0]?.textContent.trim() : undefined;
    if (name === undefined || name === "") return;
    field.querySelector("[role=textbox]")?.setAttribute("aria-label", name);
    const box = field.querySelector("[role=combobox]");
    box?.setAttribute("aria-label", name);
    // Else the name would be what is chosen.
    box?.removeAttribute("aria-labelledby");
  };
  // The library makes them when it likes: once the page stands, and in each row that is added to a table.
  const watcher = new MutationObserver((changes) => {
    for (const change of changes)
      for (const added of change.addedNodes) if (added instanceof Element && added.matches(".select2-container")) nameField(added);
  });
  watcher.observe(document, { childList: true, subtree: true });
})();
