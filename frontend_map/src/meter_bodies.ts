// What is sent of meters: as the server takes it, from what was typed.
export type Values = Record<string, string>;

/** Serial numbers as they were typed or pasted: one a line, or with commas between them. */
export const serialsIn = (typed: string): string[] => typed.split(/[\n,;]+/).map((serial) => serial.trim()).filter((serial) => serial !== "");

/** What a verification is sent as; an empty day is none. */
export const verificationBody = (values: Values): Record<string, unknown> => ({
  day: values["day"],
  is_fit: values["is_fit"] === "true",
  valid_until: values["valid_until"] === "" ? null : values["valid_until"],
  document: values["document"] ?? "",
});
