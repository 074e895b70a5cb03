// A room's page: put together here, from the door to what is said.
import { announce } from "./announcer";
import { composer } from "./composer";
import { Connection } from "./connection";
import { Conversation } from "./conversation";
import { Door } from "./door";
import { History } from "./history";
import { Microphone } from "./microphone";
import { hasAnswer } from "./outcomes";
import { part } from "./page";
import { Presence } from "./presence";
import { Questions } from "./questions";
import { RecallStrip } from "./recall";
import { Refused, Server } from "./server";
import { Transcript } from "./transcript";
import { TranscriptView } from "./transcript_view";

const LOOK_MS = 1_000;

const told = document.body.dataset;
const address = told["address"] ?? "";
const server = new Server(address, told["csrf"] ?? "");
let identity = told["identity"] ?? "";

const recall = new RecallStrip();
const view = new TranscriptView(
  () => identity,
  (id) => questions.again(id),
);
const transcript = new Transcript(view);
const conversation = new Conversation(transcript, () => questions);
const presence = new Presence(
  () => void connection.join(),
  () => void connection.room.startAudio(),
);
const past = new History(
  server,
  transcript,
  view,
  () => conversation.caughtUp(),
  (text) => presence.trouble(text),
);
const connection: Connection = new Connection(server, {
  state: (state, detail) => presence.connection(state, detail),
  joined: async () => {
    await past.catchUp();
    await microphone.restore();
    questions.resend();
  },
  people: (names, agent) => presence.room(names, agent),
  hears: (yes) => microphone.heard(yes),
  agentCame: () => questions.resend(true),
  segment: (segment) => conversation.segment(segment),
  typed: (id, who, text) => conversation.typed(id, who, text),
  status: (status) => {
    conversation.status(status);
    if (hasAnswer(status.outcome)) void past.untilAnswered(status.question_id);
  },
  recall: (notice) => recall.show(notice),
  playback: (blocked) => presence.playback(blocked),
  sessionEnded: (detail) => {
    identity = "";
    announce(detail);
    door.show(detail);
  },
});
const microphone = new Microphone(connection.room, (text) => presence.trouble(text));
const questions: Questions = new Questions(
  (id, text) => connection.send(id, text),
  (question) => conversation.asked(question),
  sessionStorage,
  `longroom.unsent ${address}`,
);
const door = new Door(server, "invitationNeeded" in told, (name) => void enter(name));

async function enter(name: string): Promise<void> {
  identity = name;
  door.hide();
  part("room").hidden = false;
  part("leave").hidden = false;
  part("text").focus();
  announce(`You join the room as ${name}`);
  await past.catchUp();
  questions.restore(name, (id) => transcript.endOf(id));
  await connection.join();
}

composer((text) => {
  presence.trouble("");
  questions.ask(messageId(), identity, text);
  view.toEnd();
});
part("leave").addEventListener("click", () => void leave());
setInterval(() => questions.resend(), LOOK_MS);

async function leave(): Promise<void> {
  await microphone.off();
  await connection.leave();
  announce("You have left the room");
  door.show("You have left the room.", identity);
}

/** randomUUID is only for encrypted pages, and those of this machine. */
function messageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function begin(): Promise<void> {
  if (!identity && "linked" in told) {
    try {
      identity = (await server.session())?.identity ?? "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  if ("noLivekit" in told) {
    door.show("This backend knows no LiveKit server, so there is no room to join: set LIVEKIT_URL.");
    part<HTMLButtonElement>("enter").disabled = true;
  } else if (identity) await enter(identity);
  else door.show("");
}

void begin();
