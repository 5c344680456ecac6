"""Starting and stopping a process: green threads first, then settings, migrations, services and web servers."""
