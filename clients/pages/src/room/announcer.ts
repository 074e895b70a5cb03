// What a screen reader says: whole messages and what happens, not every word as it comes.
import { made, part } from "./page";

const KEPT = 20;

export function announce(text: string): void {
  const place = part("announcements");
  place.append(made("span", "", text));
  while (place.childElementCount > KEPT) place.firstElementChild?.remove();
}
