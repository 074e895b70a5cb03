// A call: joins the room that the web backend has opened, shows what is said and how each question
// fares, speaks through the microphone and types.
import { Room, RoomEvent, Track } from "/livekit-client.mjs";

const RESEND_MS = 5_000;
const AGENT = "concierge"; // what the page calls it
const part = (id) => document.getElementById(id);
const state = (text) => (part("state").textContent = text);

async function ask(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** A line of the conversation; its <small> is for the status of a question. */
function addLine(speaker) {
  const line = document.createElement("li");
  line.append(`${speaker}: `, document.createElement("span"), " ", document.createElement("small"));
  part("said").append(line);
  return line;
}

const setText = (line, text) => (line.querySelector("span").textContent = text);

class Call {
  #room = new Room();
  #questions = new Map(); // lines of typed questions, by id
  #segments = new Map(); // lines of what was heard and answered, by LiveKit's segment id

  async join(url, token) {
    // Before connecting: what is said at once is shown, too.
    this.#room.registerTextStreamHandler("lk.transcription", (reader, { identity }) =>
      this.#show(reader, identity === this.#room.localParticipant.identity ? identity : AGENT),
    );
    this.#room
      .on(RoomEvent.DataReceived, (data, from, _, topic) => {
        if (topic === "longroom.turn" && from?.isAgent) this.#status(data);
      })
      .on(RoomEvent.TrackSubscribed, (track) => {
        if (track.kind === Track.Kind.Audio) part("call").append(track.attach());
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((one) => one.remove()))
      .on(RoomEvent.Disconnected, () => {
        part("call").hidden = true;
        state("The call has ended.");
      });
    await this.#room.connect(url, token);
    await this.#room.startAudio(); // allowed, because a button was pressed
    part("microphone").ariaPressed = "false";
    part("call").hidden = false;
    state("You are in the call.");
  }

  async hear(on) {
    await this.#room.localParticipant.setMicrophoneEnabled(on);
  }

  async hangUp() {
    await this.#room.disconnect();
  }

  async type(text) {
    const id = crypto.randomUUID();
    const line = addLine(this.#room.localParticipant.identity);
    setText(line, text);
    this.#questions.set(id, line);
    await this.#send(id, text);
  }

  /** Again until the agent has told that it has it: an id is taken once. */
  async #send(id, text) {
    if (this.#room.state === "disconnected" || this.#questions.get(id).dataset.outcome) return;
    setTimeout(() => this.#send(id, text).catch((error) => state(error.message)), RESEND_MS);
    const options = { topic: "lk.chat", streamId: id };
    const writer = await this.#room.localParticipant.streamText(options);
    await writer.write(text);
    await writer.close();
  }

  /** An answer comes word by word in one stream; what was heard, whole in each of several. */
  async #show(reader, speaker) {
    const segment = reader.info.attributes?.["lk.segment_id"] ?? reader.info.id;
    if (!this.#segments.has(segment)) this.#segments.set(segment, addLine(speaker));
    let text = "";
    for await (const words of reader) {
      text += words;
      setText(this.#segments.get(segment), text);
    }
  }

  #status(data) {
    const { question_id: id, outcome, reason } = JSON.parse(new TextDecoder().decode(data));
    const line = this.#questions.get(id) ?? part("spoken");
    line.dataset.outcome = outcome;
    line.querySelector("small").textContent = reason ? `${outcome}: ${reason}` : outcome;
  }
}

/** Runs `action` instead of what the browser does, and tells what went wrong. */
function on(id, event, action) {
  part(id).addEventListener(event, async (happened) => {
    happened.preventDefault();
    try {
      await action(happened.currentTarget);
    } catch (error) {
      state(error.message);
    }
  });
}

let call;

on("caller", "submit", async (form) => {
  await ask("/sign-in", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  part("said").replaceChildren();
  for (const { role, by, said } of await ask("/messages"))
    setText(addLine(role === "user" ? by : AGENT), said);
  const { url, token } = await ask("/calls", { method: "POST" });
  call = new Call();
  await call.join(url, token);
});

on("microphone", "click", async (button) => {
  const pressed = button.ariaPressed !== "true";
  await call.hear(pressed);
  button.ariaPressed = pressed;
});

on("typed", "submit", async (form) => {
  const text = new FormData(form).get("text");
  form.reset();
  await call.type(text);
});

on("hang-up", "click", () => call.hangUp());

part("caller").hidden = false;
state("");
