"""From a process image to an explanation: pure, no file, socket or process is opened here."""
