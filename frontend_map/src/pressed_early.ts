// What is pressed while a page still comes waits for the page's programs. A plain script in the head, which imports
// nothing: without it a form would be sent to the page's own address, and a button's press would be lost.
(() => {
  const later = new Map<Element, () => void>();
  let isReady = false;
  /** Forms and buttons of our programs; a form with a method, an address or a search is the browser's own. */
  const waits = (target: EventTarget | null): target is HTMLFormElement => target instanceof HTMLFormElement && !target.matches("[method], [action], [role=search]");

  const hold = (event: Event, on: Element, again: () => void): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    later.set(on, again);
  };
  window.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      if (isReady || !waits(form)) return;
      hold(event, form, () => form.requestSubmit(submitter));
    },
    true,
  );
  window.addEventListener(
    "click",
    (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("button[type=button]") : null;
      if (isReady || button === null) return;
      hold(event, button, () => button.click());
    },
    true,
  );
  // Modules have run by then: they are deferred.
  document.addEventListener("DOMContentLoaded", () => {
    isReady = true;
    for (const again of later.values()) again();
    later.clear();
  });
})();
