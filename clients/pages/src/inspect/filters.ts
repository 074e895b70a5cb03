// A field of filters may have been filled in before htmx listened to it.
export function takeEarlyInput(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>(".filters input[type=search]")) {
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
