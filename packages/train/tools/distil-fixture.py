"""Writes fixtures/distil.json: a student's losses against a teacher and their gradients by PyTorch. Run: python3 tools/distil-fixture.py"""
import json
import pathlib

import torch

torch.manual_seed(0)
pairs, texts, hidden, width, temperature = 5, 4, 6, 3, 2.5
logits = (3 * torch.randn(pairs, 2, dtype=torch.float64)).requires_grad_()
teacher = torch.tensor([-9.0, 4.0, 0.3, -0.7, 12.0], dtype=torch.float64)
weights = torch.tensor([0.1, 0.3, 0.2, 0.0, 0.4], dtype=torch.float64)

both = torch.stack([torch.zeros(pairs, dtype=torch.float64), teacher], 1)
soft = torch.softmax(both / temperature, 1)
losses = torch.nn.functional.cross_entropy(logits / temperature, soft, reduction="none")
score_loss = temperature**2 * (weights * losses).sum()
score_loss.backward()

states = torch.randn(texts, hidden, dtype=torch.float64, requires_grad=True)
kernel = torch.randn(hidden, width, dtype=torch.float64, requires_grad=True)
wanted = torch.nn.functional.normalize(torch.randn(texts, width, dtype=torch.float64), dim=1)
shares = torch.tensor([0.4, 0.1, 0.3, 0.2], dtype=torch.float64)
projected = torch.nn.functional.normalize(states, dim=1) @ kernel
vector_loss = (shares * (1 - torch.nn.functional.cosine_similarity(projected, wanted))).sum()
vector_loss.backward()

values = {
    "logits": logits, "teacher": teacher, "weights": weights, "scoreLoss": score_loss, "logitsGradient": logits.grad,
    "states": states, "kernel": kernel, "wanted": wanted, "shares": shares, "vectorLoss": vector_loss,
    "statesGradient": states.grad, "kernelGradient": kernel.grad,
}
out = {"temperature": temperature, **{name: value.detach().tolist() for name, value in values.items()}}
path = pathlib.Path(__file__).parent.parent / "fixtures" / "distil.json"
path.write_text(json.dumps(out) + "\n")
