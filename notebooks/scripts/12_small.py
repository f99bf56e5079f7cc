"""The smallest training by several processes, on data that it makes itself:
`torchrun --standalone --nproc-per-node 2 scripts/12_small.py FILE`."""

import sys

import torch.distributed as dist
import torch.distributed.nn  # brings torch; loaded later, it keeps the group for ever
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from helper.train import train_epoch


def main(file):
    network, loss_function = nn.Linear(3, 3), nn.CrossEntropyLoss()
    train_set = TensorDataset(torch.eye(3).repeat(214, 1), torch.arange(642) % 3)
    dist.init_process_group("gloo")  # torchrun has said where the others are
    model = DistributedDataParallel(network)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    sampler = DistributedSampler(train_set, drop_last=True)
    train_loader = DataLoader(train_set, 32, sampler=sampler)  # 32 for each process
    for epoch in range(3):
        sampler.set_epoch(epoch)
        train_epoch(model, train_loader, loss_function, optimizer)
    if dist.get_rank() == 0:
        torch.save(network.state_dict(), file)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
