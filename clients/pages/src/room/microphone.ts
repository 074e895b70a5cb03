// The microphone: on and off, and which one.
import { Room } from "livekit-client";
import { announce } from "./announcer";
import { made, part, tell } from "./page";

const CHOSEN = "longroom.microphone";

export class Microphone {
  private on = false;
  private isHeard = true;
  private readonly button = part<HTMLButtonElement>("microphone");
  private readonly devices = part<HTMLSelectElement>("devices");

  constructor(
    private readonly room: Room,
    private readonly failed: (text: string) => void,
  ) {
    if (navigator.mediaDevices === undefined) {
      this.button.disabled = true;
      this.button.title = "Browsers lend a microphone only to encrypted pages, and to this machine";
      this.button.setAttribute("aria-label", "Microphone: only on encrypted pages");
      return;
    }
    this.button.addEventListener("click", () => void this.set(!this.on));
    this.devices.addEventListener("change", () => void this.choose(this.devices.value));
    navigator.mediaDevices.addEventListener("devicechange", () => void this.list());
  }

  /** Of the agent: speaking is for the other people, too, so the button stays. */
  heard(yes: boolean): void {
    tell(part("unheard"), yes || !this.on ? "" : "The agent here reads, and does not listen.");
    this.isHeard = yes;
  }

  /** In a room that was joined again. */
  async restore(): Promise<void> {
    if (this.on) await this.set(true);
  }

  async off(): Promise<void> {
    if (this.on) await this.set(false);
  }

  private async set(on: boolean): Promise<void> {
    this.button.disabled = true;
    try {
      const deviceId = localStorage.getItem(CHOSEN);
      const options = deviceId ? { deviceId } : undefined;
      await this.room.localParticipant.setMicrophoneEnabled(on, options);
      this.on = on;
      if (on) await this.list();
    } catch (error) {
      this.on = false;
      this.failed(reasonOf(error));
    }
    this.button.disabled = false;
    this.button.ariaPressed = String(this.on);
    this.button.title = this.on ? "Mute the microphone" : "Speak";
    part("devices-label").hidden = !this.on;
    this.heard(this.isHeard);
    announce(this.on ? "The microphone is on" : "The microphone is off");
    this.button.focus({ preventScroll: true });
  }

  private async list(): Promise<void> {
    // Their names are told once the microphone was allowed.
    const found = await Room.getLocalDevices("audioinput", false);
    const used = this.room.getActiveDevice("audioinput");
    this.devices.replaceChildren(
      ...found.map(({ deviceId, label }, place) => {
        const option = made("option", "", label || `Microphone ${place + 1}`);
        option.value = deviceId;
        option.selected = deviceId === used;
        return option;
      }),
    );
  }

  private async choose(deviceId: string): Promise<void> {
    try {
      await this.room.switchActiveDevice("audioinput", deviceId);
      localStorage.setItem(CHOSEN, deviceId);
    } catch (error) {
      this.failed(reasonOf(error));
      await this.list();
    }
  }
}

function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError") {
    return "The browser did not allow the microphone. Allow it for this page, and press again.";
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return "No microphone was found. Connect one, and press again.";
  }
  if (name === "NotReadableError") return "Another program uses the microphone.";
  return "The microphone could not be turned on.";
}
