// The field page: fills in where the phone is. Everything else is the server's.
import { element, fieldOf } from "./page";

const form = element("position", HTMLFormElement);
const button = element("locate", HTMLButtonElement);
const message = element("locate-message");
const kind = element("kind", HTMLSelectElement);
const field = (name: string): HTMLInputElement | HTMLSelectElement => fieldOf(form, name);

function say(text: string): void {
  message.textContent = text;
  message.hidden = false;
}

function locate(): void {
  say(message.dataset["waiting"] ?? "");
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(
    (position) => {
      field("lon").value = position.coords.longitude.toFixed(6);
      field("lat").value = position.coords.latitude.toFixed(6);
      form.requestSubmit();
    },
    () => {
      button.disabled = false;
      say(message.dataset["denied"] ?? "");
    },
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 10_000 },
  );
}

if ("geolocation" in navigator && window.isSecureContext) {
  button.hidden = false;
  button.addEventListener("click", locate);
}
kind.addEventListener("change", () => {
  if (field("lon").value !== "" && field("lat").value !== "") form.requestSubmit();
});
