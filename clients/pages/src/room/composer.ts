// Where one writes: Enter sends, the box grows with what is in it.
import { part } from "./page";

const MOST_PX = 200;

export function composer(send: (text: string) => void): void {
  const form = part<HTMLFormElement>("composer");
  const box = part<HTMLTextAreaElement>("text");
  const fit = (): void => {
    box.rows = Math.min(8, Math.max(1, box.value.split("\n").length));
    if (box.scrollHeight > box.clientHeight + 4 && box.clientHeight < MOST_PX) {
      box.rows = Math.min(8, box.rows + 1);
    }
  };
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    box.focus();
    if (!text) return;
    box.value = "";
    fit();
    send(text);
  });
}
