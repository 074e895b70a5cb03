// The door: a name, and the invitation in the link's fragment, which goes to the server to join.
import { part, tell } from "./page";
import { Refused, type Server } from "./server";

export class Door {
  private readonly name = part<HTMLInputElement>("name");
  private readonly enter = part<HTMLButtonElement>("enter");
  private identity = "";

  constructor(
    private readonly server: Server,
    private readonly invitationNeeded: boolean,
    private readonly entered: (identity: string) => void,
  ) {
    part("join").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.join();
    });
    part("other-name").addEventListener("click", () => void this.forget());
  }

  /** `identity`: who has left, and may come back. */
  show(note: string, identity = ""): void {
    this.identity = identity;
    part("room").hidden = true;
    part("leave").hidden = true;
    part("door").hidden = false;
    part("name-label").hidden = identity !== "";
    part("other-name").hidden = identity === "";
    this.enter.textContent = identity ? `Join again as ${identity}` : "Join";
    if (note) tell(part("door-note"), note);
    tell(part("door-error"), "");
    if (identity) this.enter.focus();
    else this.name.focus();
  }

  hide(): void {
    part("door").hidden = true;
  }

  private async join(): Promise<void> {
    if (this.identity) return this.entered(this.identity);
    const name = this.name.value.trim();
    const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation") ?? "";
    if (!name) return this.complain("Write a name by which the others know you.");
    if (this.invitationNeeded && !invitation) {
      return this.complain("This room is joined by an invitation: open the link that you were sent.");
    }
    this.enter.disabled = true;
    try {
      const { identity } = await this.server.join(name, invitation);
      // Out of the address bar, and of what is bookmarked and shared.
      history.replaceState(null, "", location.pathname);
      this.entered(identity);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.complain(error.message);
    } finally {
      this.enter.disabled = false;
    }
  }

  private async forget(): Promise<void> {
    try {
      await this.server.forget();
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 0) return this.complain(String(error));
    }
    this.show("");
  }

  private complain(text: string): void {
    tell(part("door-error"), text);
    if (!part("name-label").hidden) this.name.focus();
  }
}
