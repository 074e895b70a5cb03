"""What brings an agent back. For each kind of death: who notices, how soon, who acts.

| dies                  | noticed by, after                  | acts                              |
|-----------------------|------------------------------------|-----------------------------------|
| a job process         | JobSupervisor, at once             | it restarts the job in its worker;|
|                       |                                    | not ready within 3 s: dispatches, |
|                       |                                    | 5 times in all, 3 to 40 s apart   |
| a job that hangs      | LiveKit's worker, 60 s without an  | it kills the process: as above    |
|                       | answer to its pings                |                                   |
| a job above its       | LiveKit's worker, sampled every    | it kills the process: as above    |
| memory limit          | 5 s                                |                                   |
| a worker, its machine | RoomReconciler of the backend, 3 s | it dispatches to other workers    |
|                       | without a Heartbeat                | and removes the dead agents       |
| a worker that drains  | the worker itself, at SIGTERM      | move_rooms dispatches; the new    |
|                       |                                    | agent waits until the old one has |
|                       |                                    | finished (LeaderElection)         |
| a dispatch (no free   | RoomReconciler, when a worker      | it dispatches again               |
| worker took it)       | registers, or after 7 to 60 s      |                                   |
| the leader of several | the other backends, when its lease | the first of them reconciles      |
| backends              | of 3 s has ended                   |                                   |
| the backend           | BackendClient, at its next call    | a turn answers without recall, the|
|                       |                                    | outbox retries, a new agent waits |
| the LiveKit server    | LiveKit's client, which reconnects | RoomMetadata writes the id again; |
|                       | for 14 to 26 s, then ends the job  | once people are back in the room, |
|                       |                                    | RoomReconciler dispatches         |

What the dead agent leaves behind: the next agent of the conversation answers its unanswered
questions (`conversation.unanswered`) and takes its outbox file; files of conversations that no
agent opens again are delivered when a worker starts and every 5 minutes (`outbox.recovery`).
If two agents meet in a room, whatever brought them, LeaderElection lets the later one stay.
"""
