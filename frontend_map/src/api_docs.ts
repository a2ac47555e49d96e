// Swagger UI, which the page has loaded before this, on the site's own description.
import "./styles/api_docs.css";
import { settingsOf } from "./page";

interface SwaggerRequest {
  headers: Record<string, string>;
}
declare global {
  interface Window {
    SwaggerUIBundle: (options: Record<string, unknown>) => unknown;
  }
}

const { schema } = settingsOf<{ schema: string }>("api-settings");
const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";

window.SwaggerUIBundle({
  url: schema,
  dom_id: "#swagger",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  // Nobody else is asked whether the description is valid.
  validatorUrl: null,
  requestInterceptor: (request: SwaggerRequest): SwaggerRequest => {
    request.headers["X-CSRFToken"] = token;
    return request;
  },
});
