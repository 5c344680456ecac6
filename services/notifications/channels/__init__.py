"""How a message leaves: one small door, `base.Channel`, and the ways through it."""
