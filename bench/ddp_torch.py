"""One rank of the peer: the same model and steps as bench/ddp.cc under torch DDP with Gloo.

usage: ddp_torch.py RANK WORLD_SIZE MEETING_FILE; prints rank 0's p10 time of a step in ms.
"""
import sys
import time

import torch
import torch.distributed as dist

WARM_UP_STEPS = 30
STEPS = 300


def main():
    rank, world_size, meeting = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 512), torch.nn.ReLU(),
        torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
    if world_size > 1:
        dist.init_process_group("gloo", init_method="file://" + meeting, rank=rank,
                                world_size=world_size)
        model = torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(32, 784), torch.randint(10, (32,))
    times = []
    for step in range(WARM_UP_STEPS + STEPS):
        begin = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if step >= WARM_UP_STEPS:
            times.append((time.perf_counter() - begin) * 1e3)
    if rank == 0:
        print("%.4f" % sorted(times)[STEPS // 10])
    if world_size > 1:
        dist.destroy_process_group()


main()
