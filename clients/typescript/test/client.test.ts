// Against the backend at LONGROOM_URL, with LONGROOM_KEY; imports the package as its users do.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { type Conversation, Longroom, LongroomError, Rejected, Unavailable } from "longroom-client";

const url = process.env["LONGROOM_URL"];
const key = process.env["LONGROOM_KEY"];
const MONDAY = Date.UTC(2025, 2, 3, 9);

assert.ok(url, "LONGROOM_URL names the backend");

function longroom(): Longroom {
  return new Longroom({ url, key, timeoutMs: 30_000 });
}

async function conversation(): Promise<Conversation> {
  return longroom().conversation(`typescript ${randomUUID()}`);
}

function line(number: number, content = `line ${number}`) {
  const created_at = new Date(MONDAY + number * 60_000).toISOString();
  return { id: `m${number}`, participant: "ada", content, created_at };
}

async function collected<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) {
    found.push(one);
  }
  return found;
}

test("what is appended is found by its words at once", async () => {
  const here = await conversation();
  const content = "Parcels for Hal go to the red boathouse.";
  const { id } = await here.append({ content, participant: "hal", metadata: { channel: "web" } });
  await here.append({ content: "Noted.", participant: "support", role: "assistant" });

  const found = await here.search("boathouse parcels", { metadata: { channel: "web" } });

  assert.deepEqual(found.hits.map((hit) => hit.message.id), [id]);
  assert.equal(found.hits[0]?.message.participant, "hal");
});

test("filters narrow a search", async () => {
  const here = await conversation();
  await here.appendAll([1, 2, 3, 4].map((n) => line(n, `The boathouse, visit ${n}.`)));

  const found = await here.search("boathouse", {
    since: line(2).created_at,
    until: line(4).created_at,
    participants: ["ada"],
    roles: ["user"],
    exclude_ids: ["m3"],
  });

  assert.deepEqual(found.hits.map((hit) => hit.message.id), ["m2"]);
});

test("the same id is stored once", async () => {
  const here = await conversation();
  const outcomes = [await here.append(line(1)), await here.append(line(1))];

  assert.deepEqual(outcomes.map((outcome) => outcome.status), ["stored", "duplicate"]);
});

test("pages go back to the beginning, and forward to the end", async () => {
  const here = await conversation();
  await here.appendAll(Array.from({ length: 401 }, (_, n) => line(n + 1)));

  const newest = await here.recent(2);
  const before = await here.recent(2, newest[0]?.seq);
  const all = await collected(here.messages());

  assert.deepEqual(newest.map((message) => message.id), ["m400", "m401"]);
  assert.deepEqual(before.map((message) => message.id), ["m398", "m399"]);
  assert.deepEqual(all.map((message) => message.seq), Array.from({ length: 401 }, (_, n) => n + 1));
  assert.deepEqual((await collected(here.messages(400))).map((message) => message.id), ["m401"]);
});

test("rooms share the conversation of a key", async () => {
  const name = `typescript ${randomUUID()}`;
  const here = await longroom().conversation(name);
  const room = await longroom().createRoom({ name: `call of ${name}`, conversation: name });

  assert.equal(room.conversation_id, here.id);
  assert.equal(longroom().open(here.id).id, (await longroom().conversation(name)).id);
});

test("an invitation is made with its link, listed without it, and revoked once", async () => {
  const room = `typescript ${randomUUID()}/ü`;
  const made = await longroom().invite(room, { identity: "ada", expires_in_s: 60 });
  const forAnybody = await longroom().invite(room);

  const { link, ...shown } = made;
  const prefix = `${url}/room/${encodeURIComponent(room)}#invitation=`;
  assert.ok(link.startsWith(prefix) && link.length > prefix.length);
  assert.equal(Date.parse(made.expires_at) - Date.parse(made.created_at), 60_000);
  const listed = await longroom().invitations(room);
  assert.deepEqual(listed.map((one) => one.identity), [null, "ada"]);
  assert.deepEqual(listed[1], shown);

  await longroom().revokeInvitation(room, made.invitation_id);
  const left = await longroom().invitations(room);
  assert.deepEqual(left.map((one) => one.invitation_id), [forAnybody.invitation_id]);
  await assert.rejects(longroom().revokeInvitation(room, made.invitation_id), { status: 404 });
});

test("events are recorded once and read back", async () => {
  const here = await conversation();
  const booked = { id: "e1", kind: "action", created_at: line(1).created_at, data: { table: 4 } } as const;

  assert.equal(await here.record([booked]), 1);
  assert.equal(await here.record([booked]), 0);
  assert.deepEqual((await here.events({ kind: "action" })).map((event) => event.data), [{ table: 4 }]);
  assert.deepEqual(await here.events({ kind: "error" }), []);
});

test("every route can be called in the types of the document", async () => {
  const { data } = await longroom().api.GET("/api/v1/healthz");

  assert.equal(data?.status, "ok");
});

test("a refusal says which field and why", async () => {
  const here = await conversation();

  await assert.rejects(here.append({ content: " ", participant: "ada" }), (error) => {
    assert.ok(error instanceof Rejected && error instanceof LongroomError);
    assert.equal(error.status, 422);
    assert.match(error.message, /content: must not be empty/);
    return true;
  });
  await assert.rejects(longroom().open(randomUUID()).recent(), { status: 404 });
});

test("a wrong key is a refusal", { skip: key === undefined }, async () => {
  await assert.rejects(new Longroom({ url, key: "wrong" }).conversation("any"), { status: 401 });
});

test("a token opens its conversation, as its subject, until it is revoked", async () => {
  const here = await conversation();
  const other = await conversation();
  const { token } = await here.token({ subject: "ada", permissions: ["read", "search", "append"] });
  const browser = new Longroom({ url, key: token, timeoutMs: 30_000 });

  await browser.open(here.id).append(line(1));
  assert.deepEqual((await browser.open(here.id).recent()).map((message) => message.id), ["m1"]);
  await assert.rejects(browser.open(other.id).recent(), { status: 403 });
  await assert.rejects(
    browser.open(here.id).append({ ...line(2), participant: "grace" }),
    /participant: must be the subject/,
  );
  await here.revokeTokens();
  await assert.rejects(browser.open(here.id).recent(), { status: 401 });
});

test("what is corrected and erased is told, and not taken again", async () => {
  const here = await conversation();
  await here.appendAll([line(1), { ...line(2), id: "m/2" }, { ...line(3), participant: "grace" }]);

  const corrected = await here.correct("m1", "Better.");
  assert.equal(corrected.content, "Better.");
  assert.ok((await here.eraseMessage("m/2", true)).dry_run);
  assert.equal((await here.eraseMessage("m/2")).rows?.["message"], 1);
  assert.ok((await here.eraseParticipant("grace")).complete);

  const kinds = [];
  for await (const change of here.changes()) {
    kinds.push(change.kind);
  }
  assert.deepEqual(kinds, ["corrected", "erased", "participant_erased"]);
  await assert.rejects(here.append({ ...line(2), id: "m/2" }), { status: 410 });
  assert.ok((await here.erase()).complete);
  await assert.rejects(here.recent(), { status: 410 });
});

async function served(answer: RequestListener, use: (at: string) => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a backend that does not answer in time is unavailable", async () => {
  await served(
    () => undefined,
    (at) => assert.rejects(new Longroom({ url: at, timeoutMs: 50 }).conversation("any"), Unavailable),
  );
});

test("a backend that is gone is unavailable, and one that is busy says until when", async () => {
  await assert.rejects(new Longroom({ url: "http://127.0.0.1:9" }).conversation("any"), Unavailable);
  await served(
    (_, response) => response.writeHead(503, { "Retry-After": "7" }).end(),
    (at) => assert.rejects(new Longroom({ url: at }).conversation("any"), { retryAfterS: 7 }),
  );
});

test("a page of a proxy is no answer of the backend", async () => {
  await served(
    (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"),
    (at) =>
      assert.rejects(new Longroom({ url: at }).conversation("any"), /something else than the backend/),
  );
});
