// The room on LiveKit's server: joined, and joined again whenever the connection is lost for good.
import {
  ConnectionState,
  DisconnectReason,
  type Participant,
  Room,
  RoomEvent,
  type TextStreamReader,
  Track,
} from "livekit-client";
import { type Status, jsonIn, statusIn } from "./outcomes";
import { type Notice, noticeIn } from "./recall";
import { Refused, type Server } from "./server";

export type State = "connecting" | "connected" | "reconnecting" | "left" | "elsewhere" | "removed";

export interface Segment {
  id: string;
  who: string;
  byAgent: boolean;
  text: string;
  final: boolean;
  broken: boolean;
}

export interface Listener {
  state(state: State, detail: string): void;
  joined(): void | Promise<void>;
  /** Who else is here, and the agent's state: null without an agent. */
  people(names: string[], agent: string | null): void;
  /** Whether the agent hears what is spoken; true also where it does not say so. */
  hears(yes: boolean): void;
  agentCame(): void;
  segment(segment: Segment): void;
  typed(id: string, who: string, text: string): void;
  status(status: Status): void;
  recall(notice: Notice): void;
  playback(blocked: boolean): void;
  sessionEnded(detail: string): void;
}

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const MAX_TYPED_CHARS = 65_000;
const READY = "longroom.ready";
const HEARS = "longroom.hears";

export class Connection {
  readonly room = new Room({ disconnectOnPageLeave: true });
  private wanted = false;
  private tries = 0;
  private agents = new Set<string>();
  private readonly players = new Map<Track, HTMLMediaElement>();

  constructor(
    private readonly server: Server,
    private readonly listener: Listener,
  ) {
    // Before connecting: what is said at once is shown, too.
    this.room.registerTextStreamHandler("lk.transcription", (reader, { identity }) => {
      void this.heard(reader, identity);
    });
    this.room.registerTextStreamHandler("lk.chat", (reader, { identity }) => {
      void this.readTyped(reader, identity);
    });
    this.room
      .on(RoomEvent.DataReceived, (data, from, _, topic) => this.packet(data, from, topic))
      .on(RoomEvent.TrackSubscribed, (track) => this.play(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => this.stop(track))
      .on(RoomEvent.AudioPlaybackStatusChanged, () =>
        listener.playback(!this.room.canPlaybackAudio),
      )
      .on(RoomEvent.Reconnecting, () => listener.state("reconnecting", ""))
      .on(RoomEvent.SignalReconnecting, () => listener.state("reconnecting", ""))
      .on(RoomEvent.Reconnected, () => void this.isBack())
      .on(RoomEvent.ParticipantConnected, () => this.look())
      .on(RoomEvent.ParticipantDisconnected, () => this.look())
      .on(RoomEvent.ParticipantAttributesChanged, () => this.look())
      .on(RoomEvent.Disconnected, (reason) => this.lost(reason));
  }

  get me(): string {
    return this.room.localParticipant.identity;
  }

  async join(): Promise<void> {
    this.wanted = true;
    this.tries = 0;
    await this.connect();
  }

  async leave(): Promise<void> {
    this.wanted = false;
    await this.room.disconnect();
    this.listener.state("left", "");
  }

  async send(id: string, text: string): Promise<void> {
    if (this.room.state !== ConnectionState.Connected) throw new Error("not connected");
    const writer = await this.room.localParticipant.streamText({ topic: "lk.chat", streamId: id });
    await writer.write(text);
    await writer.close();
  }

  private async connect(): Promise<void> {
    this.listener.state(this.tries ? "reconnecting" : "connecting", "");
    try {
      const { url, token } = await this.server.token();
      if (!this.wanted) return;
      await this.room.connect(url, token);
    } catch (error) {
      // Its text may hold the token.
      const refused = error instanceof Refused ? error : null;
      if (refused !== null && [401, 403, 410].includes(refused.status)) {
        this.wanted = false;
        this.listener.sessionEnded(refused.message);
        return;
      }
      this.retry(refused?.message ?? "The LiveKit server cannot be reached.");
      return;
    }
    this.tries = 0;
    await this.isBack();
  }

  private async isBack(): Promise<void> {
    this.listener.state("connected", "");
    this.listener.playback(!this.room.canPlaybackAudio);
    this.look();
    await this.listener.joined();
  }

  private retry(detail: string): void {
    if (!this.wanted) return;
    this.listener.state("reconnecting", detail);
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    setTimeout(() => {
      if (this.wanted && this.room.state === ConnectionState.Disconnected) void this.connect();
    }, wait);
  }

  private lost(reason: DisconnectReason | undefined): void {
    this.agents.clear();
    this.listener.people([], null);
    if (!this.wanted) return;
    if (reason === DisconnectReason.DUPLICATE_IDENTITY) {
      this.wanted = false;
      this.listener.state("elsewhere", "");
    } else if (reason === DisconnectReason.PARTICIPANT_REMOVED) {
      this.wanted = false;
      this.listener.state("removed", "");
    } else {
      this.retry("");
    }
  }

  private look(): void {
    const others = [...this.room.remoteParticipants.values()];
    const ready = others.filter((one) => one.isAgent && READY in one.attributes);
    const agents = ready.length ? ready : others.filter((one) => one.isAgent);
    const came = ready.some(({ identity }) => !this.agents.has(identity));
    this.agents = new Set(ready.map(({ identity }) => identity));
    const state = agents[0]?.attributes["lk.agent.state"] ?? (agents.length ? "listening" : null);
    const people = others.filter((one) => !one.isAgent).map(({ identity }) => identity);
    this.listener.people(people, state);
    this.listener.hears(agents[0]?.attributes[HEARS] !== "nobody");
    if (came) this.listener.agentCame();
  }

  private packet(data: Uint8Array, from: Participant | undefined, topic: string | undefined): void {
    // Others may send on any topic; what is said of questions and memory is the agent's alone.
    if (from !== undefined && !from.isAgent) return;
    if (topic === "longroom.turn" && from !== undefined) {
      const status = statusIn(data);
      if (status !== null) this.listener.status(status);
    } else if (topic === "longroom.recall" && from !== undefined) {
      const notice = noticeIn(data);
      if (notice !== null) this.listener.recall(notice);
    } else if (topic === "longroom.changed") {
      if (Object.keys(jsonIn(data)).length) void this.listener.joined();
    }
  }

  private isAgent(identity: string): boolean {
    return this.room.remoteParticipants.get(identity)?.isAgent ?? identity.startsWith("agent-");
  }

  /** An answer comes word by word in one stream; what was heard, whole in each of several. */
  private async heard(reader: TextStreamReader, who: string): Promise<void> {
    const id = reader.info.attributes?.["lk.segment_id"] ?? reader.info.id;
    const final = reader.info.attributes?.["lk.transcription_final"] === "true";
    const byAgent = this.isAgent(who);
    const segment = { id, who, byAgent, text: "", final: false, broken: false };
    try {
      for await (const words of reader) {
        segment.text += words;
        this.listener.segment({ ...segment });
      }
    } catch {
      segment.broken = true; // its sender is gone
    }
    if (segment.text) this.listener.segment({ ...segment, final: final || byAgent });
  }

  private async readTyped(reader: TextStreamReader, who: string): Promise<void> {
    let text = "";
    try {
      for await (const words of reader) {
        text += words;
        if (text.length > MAX_TYPED_CHARS) return;
      }
    } catch {
      return;
    }
    this.listener.typed(reader.info.id, who, text);
  }

  private play(track: Track): void {
    if (track.kind !== Track.Kind.Audio) return;
    const player = track.attach();
    this.players.set(track, player);
    player.hidden = true;
    document.body.append(player);
  }

  private stop(track: Track): void {
    track.detach().forEach((player) => player.remove());
    this.players.delete(track);
  }
}
