"""The web console: pages rendered here, htmx for what moves, and no rule of its own: everything goes by the desk."""
