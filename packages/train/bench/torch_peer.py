#!/usr/bin/env python3
"""The step of our training bench in PyTorch: float32, or bfloat16 autocast; eager, or torch.compile; on the CPU, or on a GPU with TF32 as TensorFlow has it.

  pip install torch==2.9.1 numpy
  python torch_peer.py [threads] [steps] [small | tiny | encoder | base] [float32 | bfloat16] [cpu | cuda] [eager | compile]

All that our step does: word and segment embeddings, blocks with rotary attention and a feed-forward, conditional layer norm and dropout 0.1 after
the embeddings and after each branch, masked mean, cross-entropy; backward; dense Adam and a moving average over all parameters. No padding. With PyTorch's own fused kernels where it has them: attention, GELU, layer norm, Adam, average.
Not in it: the attention mask (nothing is padded, so ours skips it too), reading data. torch.compile compiles the network, forward and backward,
with Inductor, which calls a C++ compiler; its rotation is written in real numbers, since Inductor does not compile complex ones.
Prints one JSON line: medians after 2 steps; on a GPU, which runs asynchronously, the time of all steps over their number.
"""
import contextlib, json, resource, sys, time
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn

SIZES = {  # layers, hidden, heads, feed-forward, vocabulary, pairs, tokens: WORKLOADS of src/profile/workload.ts
    'small': (6, 384, 6, 1536, 50_000, 16, 128),
    'tiny': (2, 256, 4, 512, 20_000, 32, 160),
    'encoder': (4, 512, 8, 2048, 21_128, 32, 128),
    'base': (12, 768, 12, 3072, 50_000, 16, 512),
}
LAYERS, HIDDEN, HEADS, INTERMEDIATE, VOCABULARY, PAIRS, TOKENS = SIZES[sys.argv[3] if len(sys.argv) > 3 else 'small']
TASKS, CONDITION = 6, 128
half = len(sys.argv) > 4 and sys.argv[4] == 'bfloat16'
threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 5
device = sys.argv[5] if len(sys.argv) > 5 else 'cpu'
compiled = len(sys.argv) > 6 and sys.argv[6] == 'compile'
synchronize = torch.cuda.synchronize if device == 'cuda' else lambda: None
torch.manual_seed(0)
torch.set_num_threads(threads)
if device == 'cuda':
    torch.set_float32_matmul_precision('high')  # TF32, as TensorFlow has it by default
torch.set_default_device(device)


class ConditionalNorm(nn.Module):
    """Layer norm whose gain and offset come from the task; the table of all tasks first, as ours."""

    def __init__(self):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(HIDDEN)), nn.Parameter(torch.zeros(HIDDEN))
        self.gamma_cond, self.beta_cond = nn.Parameter(torch.zeros(CONDITION, HIDDEN)), nn.Parameter(torch.zeros(CONDITION, HIDDEN))

    def forward(self, x, condition, tasks):
        gamma = (condition @ self.gamma_cond + self.gamma)[tasks, None]
        beta = (condition @ self.beta_cond + self.beta)[tasks, None]
        return torch.addcmul(beta, F.layer_norm(x, (HIDDEN,), eps=1e-12), gamma)


def rotate(x, turns):
    """Rotary positions on adjacent pairs as a complex product: x [batch, seq, heads, size]."""
    if compiled:
        even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
        cos, sin = turns.unbind(-1)
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).to(x.dtype)
    return torch.view_as_real(torch.view_as_complex(x.float().unflatten(-1, (-1, 2))) * turns).flatten(-2).to(x.dtype)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(HIDDEN, HIDDEN) for _ in range(4))
        self.into, self.out = nn.Linear(HIDDEN, INTERMEDIATE), nn.Linear(INTERMEDIATE, HIDDEN)
        self.attention_norm, self.ffn_norm = ConditionalNorm(), ConditionalNorm()

    def forward(self, x, turns, condition, tasks):
        query, key, value = (layer(x).unflatten(-1, (HEADS, -1)) for layer in (self.query, self.key, self.value))
        heads = (part.transpose(1, 2) for part in (rotate(query, turns), rotate(key, turns), value))
        context = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(-2)
        x = self.attention_norm(x + F.dropout(self.output(context), 0.1), condition, tasks)
        return self.ffn_norm(x + F.dropout(self.out(F.gelu(self.into(x))), 0.1), condition, tasks)


class Roformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.word, self.segment = nn.Embedding(VOCABULARY, HIDDEN), nn.Embedding(2, HIDDEN)
        self.condition = nn.Parameter(torch.rand(TASKS, CONDITION) / 10 - 0.05)
        self.norm, self.blocks, self.classifier = ConditionalNorm(), nn.ModuleList(Block() for _ in range(LAYERS)), nn.Linear(HIDDEN, 2)
        size = HIDDEN // HEADS
        angles = torch.arange(TOKENS)[:, None] * 10_000.0 ** (-torch.arange(0, size, 2) / size)
        turns = torch.polar(torch.ones_like(angles), angles)[:, None]                    # [seq, 1, size / 2]
        self.turns = torch.view_as_real(turns) if compiled else turns

    def forward(self, tokens, segments, tasks):
        x = F.dropout(self.norm(self.word(tokens) + self.segment(segments), self.condition, tasks), 0.1)
        for block in self.blocks:
            x = block(x, self.turns, self.condition, tasks)
        mask = (tokens != 0).float()[..., None]
        return self.classifier((x * mask).sum(1) / mask.sum(1))


model = Roformer()
parameters = list(model.parameters())
network = torch.compile(model) if compiled else model
adam = torch.optim.Adam(parameters, lr=2e-5, eps=1e-7, fused=True)
averages = [torch.zeros_like(parameter) for parameter in parameters]
average = get_ema_multi_avg_fn(0.9999)
segments = (torch.arange(TOKENS) >= TOKENS // 2).long().expand(PAIRS, -1)
timings = []
began = 0
for step in range(2 + steps):
    if step == 2:
        synchronize()
        began = time.perf_counter()
    tokens = torch.randint(1, VOCABULARY, (PAIRS, TOKENS))
    tasks, labels = torch.arange(PAIRS) % TASKS, torch.randint(0, 2, (PAIRS,))
    wall, cpu = time.perf_counter(), time.process_time()
    adam.zero_grad(set_to_none=True)
    with torch.autocast(device, dtype=torch.bfloat16) if half else contextlib.nullcontext():
        loss = F.cross_entropy(network(tokens, segments, tasks), labels)
    loss.backward()
    adam.step()
    average(averages, parameters, None)
    timings.append((time.perf_counter() - wall, time.process_time() - cpu))
synchronize()
mean = (time.perf_counter() - began) / steps
median = lambda values: sorted(values)[len(values) // 2]
print(json.dumps({
    'torch': torch.__version__, 'params': sum(parameter.numel() for parameter in parameters), 'threads': threads, 'loss': loss.item(),
    'device': device, 'device_bytes': torch.cuda.max_memory_allocated() if device == 'cuda' else 0,
    'step_s_median': mean if device == 'cuda' else median([wall for wall, _ in timings[2:]]), 'cpu_s_median': median([cpu for _, cpu in timings[2:]]),
    'max_rss_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
