"""One rank that believes its variables: it meets the others at the ports they name.

usage: job_ports.py SOCKET     tells a test at this Unix socket, and ends when it has an answer
"""
import json
import os
import socket
import sys

PATIENCE = 40  # seconds


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def place():
    """Where this rank listens (or None), whom it calls, and each port by its variable."""
    variables = {}
    for prefix in ("", "PET_"):
        if prefix + "MASTER_PORT" in os.environ:
            variables[prefix + "MASTER_PORT"] = int(os.environ[prefix + "MASTER_PORT"])
            first = os.environ[prefix + "MASTER_ADDR"], variables[prefix + "MASTER_PORT"]
    if "PET_RDZV_ENDPOINT" in os.environ:
        first = split(os.environ["PET_RDZV_ENDPOINT"])
        variables["PET_RDZV_ENDPOINT"] = first[1]
    if "TF_CONFIG" in os.environ:
        config = json.loads(os.environ["TF_CONFIG"])
        me = config["task"]["type"], config["task"]["index"]
        tasks = {(kind, index): split(address)
                 for kind, addresses in config["cluster"].items()
                 for index, address in enumerate(addresses)}
        variables = {f"{kind}/{index}": port for (kind, index), (_, port) in tasks.items()}
        return tasks.pop(me), list(tasks.values()), variables
    # The elastic workers are not told who is first; by Lockstep they are.
    if os.environ["LOCKSTEP_RANK"] == "0":
        return first, [], variables
    return None, [first], variables


def main():
    own, peers, variables = place()
    if own:
        listener = socket.create_server(own)
    told = socket.socket(socket.AF_UNIX)
    told.settimeout(PATIENCE)
    told.connect(sys.argv[1])
    answers = told.makefile("rw")
    report = {"job": os.environ["LOCKSTEP_JOB"], "rank": os.environ["LOCKSTEP_RANK"],
              "listens": own[1] if own else 0, "variables": variables}
    answers.write(json.dumps(report) + "\n")
    answers.flush()
    answers.readline()  # all ranks of all jobs are there, and listen
    for peer in peers:
        socket.create_connection(peer, PATIENCE).sendall(report["job"].encode() + b"\n")
    callers = 0
    if own:
        listener.settimeout(PATIENCE)
        ranks = int(os.environ["LOCKSTEP_WORLD_SIZE"])
        while callers < ranks - 1:
            caller = listener.accept()[0].makefile().readline().strip()
            assert caller == report["job"], f"{caller} calls {report['job']}"
            callers += 1
    print(f"accuracy={callers}", flush=True)


main()
