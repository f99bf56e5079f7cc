"""Train a network of which each process holds only a part: `torchrun --standalone
--nproc-per-node 2 scripts/12_shard.py FOLDER`. All processes write one checkpoint together."""

import os
import sys

import torch
import torch.distributed as dist
from torch import nn, optim
from torch.distributed import checkpoint as dcp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from helper.data import Digits
from helper.networks import Network


def main(folder, device_type="cpu"):
    group = {"backend": "gloo"}
    if device_type != "cpu":  # each process of a machine has a GPU of its own
        own = torch.device(device_type, int(os.environ["LOCAL_RANK"]))
        torch.accelerator.set_device_index(own)
        group = {"device_id": own}
    dist.init_process_group(**group)
    rank, world_size = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(9)
    model = Network(784, [256, 128], 10).to(device_type)
    mesh = init_device_mesh(device_type, (world_size,))
    for layer in [*model.hidden, model.output, model]:  # the whole comes last
        fully_shard(layer, mesh=mesh)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    digits = Digits(train=True)
    images = digits.data.to(device_type).unsqueeze(1) / 255  # (N, 1, 28, 28)
    labels = digits.targets.to(device_type)
    for batch in torch.arange(640).split(64):
        share = batch[rank::world_size]
        logits = model(images[share])  # each layer is put together when its turn comes
        loss = nn.functional.cross_entropy(logits, labels[share])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    dcp.save({"model": model.state_dict()}, checkpoint_id=folder)
    own = sum(parameter.to_local().numel() for parameter in model.parameters())
    numbers = [None] * world_size
    dist.all_gather_object(numbers, own)
    if rank == 0:
        print(f"parameters: {sum(p.numel() for p in model.parameters()):,}")
        for holder, number in enumerate(numbers):
            print(f"rank {holder} holds {number:,}")
    sys.stdout.flush()
    dist.barrier()
    # Instead of dist.destroy_process_group(), which can't end the group's threads here: caches
    # of PyTorch 2.14 keep what `fully_shard` made of the group. A thread that is late, on a
    # busy machine, finds Python gone, and aborts the process after all was written.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
