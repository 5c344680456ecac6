"""Papers: how a page is set, and how it is made beside the process that wants it."""
