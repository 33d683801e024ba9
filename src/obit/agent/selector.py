"""Nobody's part of a capture: follow what the victim controls, with nothing but the descriptors that were passed."""

from socket import socket

from obit.agent import messages, record
from obit.agent.stages import COMMIT, STAGES
from obit.capture.kernelcore import unpack
from obit.capture.victim import write


def main(channel: socket, *, budget: int) -> None:
    """Serve until the channel ends; `budget` is the memory of a core in bytes."""
    while True:
        data, descriptors = messages.receive(channel)
        if not data:
            return
        job = messages.decode_job(data, descriptors)
        # What killed two selectors is in the memory: the registers alone say something as well.
        allowed = budget if job.attempt < STAGES[job.stage].attempts else 0
        write(unpack(record.read(job.one("facts")).captured), job.one("core"), budget=allowed, memory=job.one("memory"))
        job.close()
        messages.send(channel, messages.encode_reply(COMMIT, job.fault))
