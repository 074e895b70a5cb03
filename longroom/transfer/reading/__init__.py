"""What all import formats share: text encodings, local times, ids of messages that have none."""
