"""The clients of the ops team: a gateway that checks who asks, and a command line. They hold no rule."""
