"""What is on these pictures? `python 11_predict.py flowers.pt daisy.jpg rose.jpg`"""

import argparse
import sys

import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import models
from torchvision.transforms import v2


class FlowerNet(nn.Module):
    def __init__(self, channels, num_classes):
        super().__init__()
        layers = []
        for before, after in zip([3, *channels], channels, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels[-1], num_classes)

    def forward(self, images):  # (N, 3, H, W)
        maps = self.features(images)  # (N, channels[-1], H / 8, W / 8)
        return self.classifier(maps.mean(dim=(2, 3)))  # (N, num_classes), logits


MODELS = {"FlowerNet": FlowerNet}  # classes of your own; other names are torchvision's
STEPS = [v2.Resize, v2.CenterCrop, v2.Grayscale, v2.ToImage, v2.ToDtype, v2.Normalize]
STEPS = {step.__name__: step for step in STEPS}


def load(path):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    name = checkpoint["model"]
    build = MODELS[name] if name in MODELS else models.get_model_builder(name)
    model = build(**checkpoint["settings"])
    model.load_state_dict(checkpoint["state_dict"])
    steps = [STEPS[name](**options) for name, options in checkpoint["transforms"]]
    return model.eval(), v2.Compose(steps), checkpoint["classes"]


def open_picture(path):
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)  # upright
    if picture.mode.startswith(("I", "F")):
        raise ValueError("more than 8 bits a value")
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("RGB")


def main(checkpoint, pictures):
    try:
        model, transforms, classes = load(checkpoint)
    except Exception as error:  # each kind of wrong file has its own
        reason = f"{type(error).__name__}: {error}".splitlines()[0].split(". ")[0]
        sys.exit(f"{checkpoint}: not a checkpoint for this script ({reason})")
    refused = []
    for path in pictures:
        try:
            images = transforms(open_picture(path)).unsqueeze(0)  # (1, 3, H, W)
        except Exception as error:  # Pillow has no one error for all that can be wrong
            refused.append(f"{path}: not a picture ({error})")
            continue
        with torch.inference_mode():
            probabilities = torch.softmax(model(images), dim=1)[0]  # (classes,)
        best = probabilities.topk(min(3, len(classes)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        print(f"{path}:", ", ".join(f"{classes[i]} {p:.2f}" for i, p in pairs))
    sys.exit("\n".join(refused) or 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("pictures", nargs="+")
    main(**vars(parser.parse_args()))
