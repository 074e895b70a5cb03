// The door: a name, and the invitation in the link's fragment, which goes to the server to join.
import { part, tell } from "./page";
import { Refused, type Server } from "./server";

const INVITATION_NEEDED =
  "This room is joined by an invitation: open the link that you were sent.";

export class Door {
  private readonly name = part<HTMLInputElement>("name");
  private readonly enter = part<HTMLButtonElement>("enter");
  private readonly welcome = part("door-note").textContent ?? "";
  private identity = "";
  /** Of somebody who is inside: no more in the address bar, bookmarked and shared. */
  private kept = new URLSearchParams();

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
    // A link that is opened where the page is open already loads nothing.
    addEventListener("hashchange", () => {
      if (part("door").hidden) this.keepInvitation();
      else if (!this.identity && !this.enter.disabled) this.show("");
    });
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
    const shut = this.invitationNeeded && identity === "" && !this.link().has("invitation");
    const guest = this.link().get("for") ?? "";
    if (guest) this.name.value = guest;
    this.name.readOnly = guest !== "";
    part("join").hidden = shut;
    const said = shut ? `${note} ${INVITATION_NEEDED}`.trim() : note;
    tell(part("door-note"), said || this.welcome);
    tell(part("door-error"), "");
    if (identity) this.enter.focus();
    else this.name.focus();
  }

  hide(): void {
    part("door").hidden = true;
    this.keepInvitation();
  }

  private async join(): Promise<void> {
    if (this.identity) return this.entered(this.identity);
    const name = this.name.value.trim();
    if (!name) return this.complain("Write a name by which the others know you.");
    this.enter.disabled = true;
    try {
      const { identity } = await this.server.join(name, this.link().get("invitation") ?? "");
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

  private link(): URLSearchParams {
    const opened = new URLSearchParams(location.hash.slice(1));
    return opened.has("invitation") ? opened : this.kept;
  }

  private keepInvitation(): void {
    this.kept = this.link();
    if (location.hash) history.replaceState(null, "", location.pathname);
  }

  private complain(text: string): void {
    tell(part("door-error"), text);
    if (!part("name-label").hidden) this.name.focus();
  }
}
