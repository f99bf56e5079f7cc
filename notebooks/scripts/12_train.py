"""Train a network by `python scripts/12_train.py`, or by several processes: `torchrun --standalone
--nproc-per-node 2 scripts/12_train.py`. Started again, it goes on after the last finished epoch."""

import argparse
import os
import time
from pathlib import Path

import torch.distributed as dist
import torch.distributed.nn  # brings torch; loaded later, it keeps the group for ever
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, Subset, TensorDataset

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.data import Digits
from helper.networks import Network


def join(device_type):
    """Meet the processes that torchrun has started; without torchrun, be the only one."""
    store, rank, world_size = dist.HashStore(), 0, 1
    if "RANK" in os.environ:
        store, rank, world_size = next(dist.rendezvous("env://"))
    elif os.getenv("SLURM_NTASKS", os.getenv("OMPI_COMM_WORLD_SIZE", "1")) != "1":
        raise SystemExit("srun or mpirun must start torchrun, which starts this script")
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        # torchrun keeps the store when it restarts us: don't read what a killed run wrote.
        store = dist.PrefixStore(os.environ["TORCHELASTIC_RESTART_COUNT"], store)
    group = {"backend": "gloo"}
    if device_type != "cpu":  # each process of a machine has a GPU of its own
        own = torch.device(device_type, int(os.environ.get("LOCAL_RANK", 0)))
        torch.accelerator.set_device_index(own)
        group = {"device_id": own}  # and the backend is its own: nccl for cuda
    dist.init_process_group(**group, store=store, rank=rank, world_size=world_size)
    return rank, world_size


def make_loaders(batch_size, rank, world_size, dtype):
    """Loaders of this process's share; `batch_size` is that of all processes together."""
    digits = Digits(train=True)
    images, labels = digits.data.unsqueeze(1).to(dtype) / 255, digits.targets
    held_out = torch.arange(len(images)) % 5 == 0
    valid_set = TensorDataset(images[held_out], labels[held_out])
    moves = [(0, 0), (0, -1), (0, 1)]  # more to do: a pixel to each side
    moved = torch.cat([images[~held_out].roll(move, dims=(2, 3)) for move in moves])
    train_set = TensorDataset(moved, labels[~held_out].repeat(len(moves)))
    sampler = DistributedSampler(train_set, world_size, rank, seed=9, drop_last=True)
    own = batch_size // world_size
    train_loader = DataLoader(train_set, own, sampler=sampler, drop_last=True)
    share = range(rank, len(valid_set), world_size)  # none twice, none left out
    return train_loader, DataLoader(Subset(valid_set, share), batch_size=256)


def measure_speed(model, train_set, batch_size, device):
    """Images a second, of all processes together; no weight changes."""
    own = batch_size // dist.get_world_size()
    images, labels = (part[:own].to(device) for part in train_set.tensors)
    seconds = []
    for _ in range(6):  # the first is slow, others may be: the best counts
        dist.barrier()  # all begin together
        begin = time.perf_counter()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        loss.item()  # waits until a GPU has done all of it
        seconds.append(time.perf_counter() - begin)
    return batch_size / min(seconds)


def train_epoch(model, train_loader, optimizer, device):
    model.train()
    totals = torch.zeros(2, device=device)  # loss, seen
    for batch, (images, labels) in enumerate(train_loader, 1):
        loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()  # and DDP averages the gradients of all processes
        optimizer.step()
        totals += torch.tensor([loss.item() * len(labels), len(labels)], device=device)
        if batch == 20 and dist.get_rank() == 0:
            print(f"  batch {batch} of {len(train_loader)}")
    dist.all_reduce(totals)  # now the sums over all processes
    return (totals[0] / totals[1]).item()


@torch.no_grad()
def evaluate(model, valid_loader, device):
    model.eval()
    totals = torch.zeros(2, dtype=torch.int64, device=device)  # correct, seen
    for images, labels in valid_loader:
        correct = (model(images.to(device)).argmax(dim=1).cpu() == labels).sum()
        totals += torch.tensor([correct, len(labels)], device=device)
    dist.all_reduce(totals)
    return (totals[0] / totals[1]).item()


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default="run", help="for the checkpoint")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64, help="of all processes")
    parser.add_argument("--device", choices=["cpu", "cuda", "xpu"], default="cpu")
    parser.add_argument("--double", action="store_true", help="compute in float64")
    options = parser.parse_args(arguments)
    dtype = torch.float64 if options.double else torch.float32
    rank, world_size = join(options.device)
    if options.batch_size % world_size:
        parser.error(f"{world_size} processes can't share --batch-size evenly")
    loaders = make_loaders(options.batch_size, rank, world_size, dtype)
    train_loader, valid_loader = loaders
    torch.manual_seed(9)
    network, checkpoint = Network(784, [256, 128], 10), {"epoch": 0, "history": []}
    path = options.folder / "checkpoint.pt"
    if path.exists():
        network, checkpoint = load_checkpoint(path)
    model = DistributedDataParallel(network.to(options.device, dtype))
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    optimizer.load_state_dict(checkpoint.get("optimizer", optimizer.state_dict()))
    history = checkpoint["history"]
    speeds = checkpoint.get("speeds") or {
        size: measure_speed(model, train_loader.dataset, size, options.device)
        for size in (64, 2048)
    }
    if rank == 0:
        options.folder.mkdir(parents=True, exist_ok=True)
        (options.folder / "rank_0.pid").write_text(str(os.getpid()))
        print("epochs done:", checkpoint["epoch"])
    for epoch in range(checkpoint["epoch"] + 1, options.epochs + 1):
        train_loader.sampler.set_epoch(epoch)  # another order in each epoch
        loss = train_epoch(model, train_loader, optimizer, options.device)
        accuracy = evaluate(network, valid_loader, options.device)
        history.append({"loss": loss, "accuracy": accuracy})
        if rank == 0:  # the others have the same weights
            done = {"epoch": epoch, "history": history, "speeds": speeds}
            save_checkpoint(path, network, optimizer=optimizer.state_dict(), **done)
            print(f"epoch {epoch:2}: loss {loss:.3f}, accuracy {accuracy:.3f}")
    dist.destroy_process_group()  # its threads end when `model` has gone, too


if __name__ == "__main__":
    main()
