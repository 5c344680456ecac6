"""Our side of the backbone's figures: a service in miniature, and the processes that it runs in."""
