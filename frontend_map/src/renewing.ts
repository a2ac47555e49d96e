// Parts of a page that are asked for again: the server renders them, in one place and one language.

/** Replace the content of the element `id` by what the server shows at this address now. */
export async function renew(...ids: string[]): Promise<void> {
  const response = await fetch(window.location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ids) {
    const fresh = page.getElementById(id);
    const present = document.getElementById(id);
    if (fresh !== null && present !== null) present.replaceChildren(...fresh.childNodes);
  }
}
