"""Once it runs, a process goes through its garbage without going through all that it has loaded."""

from __future__ import annotations

import gc

from shared.config import read_settings
from shared.runtime.running import Running


def test_what_is_loaded_is_left_out_of_later_collections(tmp_path):
    gc.unfreeze()
    running = Running(read_settings({"KEYTALK_HOME": str(tmp_path)}), (), None, lambda *_: None)

    running.start()
    running.stop(within=5)

    assert len(gc.get_objects()) * 10 < gc.get_freeze_count()
