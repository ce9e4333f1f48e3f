"""The peer of match.bench.ts: what one would write with onnxruntime and jieba. Arguments: graph, vocab.txt, maximum length, threads.

Says "ready", then scores each JSON list of pairs that it reads under task 0, and prints the seconds and the scores.
"""
import json, logging, sys, time

try:
    import jieba, numpy, onnxruntime
except ImportError as error:
    print(error, flush=True)
    sys.exit()

graph, vocab_path, max_length, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
BATCH = 32
jieba.setLogLevel(logging.ERROR)
jieba.initialize()
vocab = {line.rstrip('\n'): index for index, line in enumerate(open(vocab_path, encoding='utf-8'))}
unknown, start, separator = (vocab[token] for token in ('[UNK]', '[CLS]', '[SEP]'))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(graph, options, providers=['CPUExecutionProvider'])


def tokenize(text):
    return [vocab.get(token, unknown) for word in jieba.cut(text, HMM=False) for token in ([word] if word in vocab else word)]


def encode(a, b):
    a, b = tokenize(a), tokenize(b)
    while len(a) + len(b) + 3 > max_length:
        (a if len(a) >= len(b) else b).pop()
    return [start, *a, separator, *b, separator], len(a) + 2


def score(pairs):
    encoded = [encode(a, b) for a, b in pairs]
    order = sorted(range(len(pairs)), key=lambda i: len(encoded[i][0]))
    scores = numpy.zeros(len(pairs))
    for chunk in (order[at:at + BATCH] for at in range(0, len(order), BATCH)):
        ids, segments = numpy.zeros((2, len(chunk), len(encoded[chunk[-1]][0])), numpy.int32)
        for row, (tokens, second) in enumerate(encoded[i] for i in chunk):
            ids[row, :len(tokens)] = tokens
            segments[row, second:len(tokens)] = 1
        no, yes = session.run(None, {'token_ids': ids, 'segment_ids': segments, 'task_ids': numpy.zeros(len(chunk), numpy.int32)})[0].T
        scores[chunk] = 1 / (1 + numpy.exp(no - yes))
    return scores.tolist()


print('ready', flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    scores = score(json.loads(line))
    print(json.dumps({'seconds': time.perf_counter() - begin, 'scores': scores}), flush=True)
