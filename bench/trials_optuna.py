"""trials_optuna.py FILE TRIALS MODE: trials/s of Optuna's ask and tell with its SQLite storage.

Each trial starts the same program as ours, /bin/echo loss=LR, and reads the loss it prints. MODE:
threads (eight, each asks, runs, tells) or single (one asks and tells, eight programs run at once).
"""
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import optuna

PARALLEL = 8
SPACE = {"lr": optuna.distributions.FloatDistribution(0.01, 0.1)}


def start(trial):
    return subprocess.Popen(["/bin/echo", f"loss={trial.params['lr']}"], stdout=subprocess.PIPE)


def loss_of(process):
    return float(process.communicate()[0].split(b"=")[1])


def one(study):
    trial = study.ask(SPACE)
    study.tell(trial, loss_of(start(trial)))


def threads(study, count):
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda _: one(study), range(count)))


def single(study, count):
    running, started = deque(), 0
    while started < count or running:
        while started < count and len(running) < PARALLEL:
            trial = study.ask(SPACE)
            running.append((trial, start(trial)))
            started += 1
        trial, process = running.popleft()
        study.tell(trial, loss_of(process))


def main():
    file, count, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    begin = time.monotonic()
    study = optuna.create_study(
        storage=f"sqlite:///{file}", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    {"threads": threads, "single": single}[mode](study, count)
    seconds = time.monotonic() - begin
    done = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    assert len(done) == count, f"{len(done)} of {count} trials are complete"
    print(f"{count / seconds:.1f}")


main()
