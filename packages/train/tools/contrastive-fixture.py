"""Writes fixtures/contrastive.json: the loss of a bi-encoder's step and its gradients by PyTorch. Run: python3 tools/contrastive-fixture.py"""
import json
import pathlib

import torch

torch.manual_seed(0)
texts, hidden, scale, share = 7, 6, 20.0, 0.8
keys = torch.tensor([0, 0, 1, 1, 1, 2, -1])
states = torch.randn(texts, hidden, dtype=torch.float64, requires_grad=True)
scales = torch.tensor([12.0, 9.0], dtype=torch.float64, requires_grad=True)
offsets = torch.tensor([-7.5, -5.0], dtype=torch.float64, requires_grad=True)
a, b, tasks = torch.tensor([0, 2, 5]), torch.tensor([1, 6, 4]), torch.tensor([0, 1, 1])
labels = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
weights = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)

vectors = torch.nn.functional.normalize(states, dim=1)
logits = scales[tasks] * (vectors[a] * vectors[b]).sum(1) + offsets[tasks]
pairs = (weights * torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")).sum()

known = keys >= 0
candidate = known[:, None] & known[None, :] & ~torch.eye(texts, dtype=torch.bool)
positive = candidate & (keys[:, None] == keys[None, :])
scores = (scale * vectors @ vectors.T).masked_fill(~candidate, -torch.inf)
logs = torch.log_softmax(scores, dim=1).masked_fill(~positive, 0.0)
rows = positive.any(1)
contrast = -(logs.sum(1)[rows] / positive.sum(1)[rows]).mean() * share

loss = pairs + contrast
loss.backward()
values = {
    "keys": keys, "states": states, "scales": scales, "offsets": offsets, "a": a, "b": b, "tasks": tasks,
    "labels": labels, "weights": weights, "pairLoss": pairs, "contrastiveLoss": contrast,
    "statesGradient": states.grad, "scalesGradient": scales.grad, "offsetsGradient": offsets.grad,
}
out = {"scale": scale, "share": share, **{name: value.detach().tolist() for name, value in values.items()}}
path = pathlib.Path(__file__).parent.parent / "fixtures" / "contrastive.json"
path.write_text(json.dumps(out) + "\n")
