"""The peer of tokenizer.bench.ts: bert4keras' tokenizer over Python jieba. Arguments: vocab.txt, maximum length.

Reads a JSON list of pairs, says "ready", then encodes all of them for every line it reads and prints the seconds.
"""
import json, logging, os, sys, time

try:
    os.environ.update(TF_KERAS='1', TF_USE_LEGACY_KERAS='1', TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='')
    import tensorflow as tf
    tf.keras.optimizers.Optimizer = tf.keras.optimizers.legacy.Optimizer
    from bert4keras.tokenizers import Tokenizer
    import jieba
except Exception as error:
    print(repr(error), flush=True)
    sys.exit()

jieba.setLogLevel(logging.ERROR)
jieba.initialize()
tokenizer = Tokenizer(sys.argv[1], do_lower_case=True, pre_tokenize=lambda text: jieba.lcut(text, HMM=False))
pairs = json.loads(sys.stdin.readline())
print('ready', flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    for a, b in pairs:
        tokenizer.encode(a, b, maxlen=int(sys.argv[2]))
    print(time.perf_counter() - start, flush=True)
