"""Everything that a room in the browser needs, as processes of this machine: `longroom run`."""
