"""The peers: the same work, written as a good user of each framework would write it."""
