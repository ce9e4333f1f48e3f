#!/usr/bin/env python3
"""Writes fixtures/label-losses.json: losses and gradients of tasks with labels by bert4keras and TensorFlow, and their metrics by scikit-learn and
SciPy. None of this project's code runs.

  python3.11 -m venv venv && venv/bin/pip install tensorflow-cpu==2.18.0 tf-keras==2.18.0 scikit-learn==1.9.1 scipy==1.17.1
  venv/bin/pip install --no-deps bert4keras==0.11.5
  venv/bin/python tools/label-losses-fixture.py

Logits are float64, so that only the reader's float32 rounds. Columns: a match (2), one of three labels (3), any of five (5), a score (1).
"""
import json, os, pathlib

os.environ.update(TF_KERAS='1', TF_USE_LEGACY_KERAS='1', TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='')
import numpy as np
import tensorflow as tf

tf.keras.optimizers.Optimizer = tf.keras.optimizers.legacy.Optimizer  # three names that TensorFlow 2 moved, put back for bert4keras
tf.Session = tf.compat.v1.Session
tf.train.Saver = tf.compat.v1.train.Saver
tf.keras.backend.set_floatx('float64')
from bert4keras.backend import multilabel_categorical_crossentropy
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, f1_score

random = np.random.default_rng(25)
COLUMNS = {'match': (0, 2), 'one-of': (2, 5), 'any-of': (5, 10), 'score': (10, 11)}
RANGE = (1.0, 5.0)
rows = [
    ('match', [1]), ('match', [0]), ('one-of', [0]), ('one-of', [2]), ('any-of', []), ('any-of', [1, 4]), ('any-of', [0, 1, 2, 3, 4]),
    ('any-of', [3]), ('score', [1.0]), ('score', [3.7]), ('score', [5.0]),
]
logits = random.normal(size=(len(rows), 11)) * 3
logits[3] *= 20  # softmax saturates
weights = random.uniform(0.02, 0.2, size=len(rows))


def dense(kind, target):
    start, end = COLUMNS[kind]
    if kind == 'score':
        return [(target[0] - RANGE[0]) / (RANGE[1] - RANGE[0])]
    return [float(label in target) for label in range(end - start)]


def row_loss(kind, target, x, any_of):
    wanted = tf.constant([dense(kind, target)], tf.float64)
    if kind in ('match', 'one-of'):
        return tf.nn.softmax_cross_entropy_with_logits(labels=wanted, logits=x)[0]
    if kind == 'any-of' and any_of == 'multilabel':
        return multilabel_categorical_crossentropy(wanted, x)[0]
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=x))


def total(any_of):
    x = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = tf.add_n([
            weight * row_loss(kind, target, x[i:i + 1, slice(*COLUMNS[kind])], any_of)
            for i, ((kind, target), weight) in enumerate(zip(rows, weights))
        ])
    return {'loss': float(loss), 'gradient': tf.convert_to_tensor(tape.gradient(loss, x)).numpy().tolist()}


def metrics():
    """Predictions of 60 rows of each kind, some labels never right; macro F1 over the labels that occur in the truth."""
    one_true, one_values = random.integers(0, 3, 60), random.dirichlet([1, 1, 1], 60)
    one_found = one_values.argmax(1)
    any_true, any_values = random.random((60, 5)) < [0.5, 0.3, 0.2, 0.1, 0.0], random.random((60, 5))
    thresholds = [0.4, 0.5, 0.6, 0.7, 0.8]
    any_found = any_values > thresholds
    occurs = np.flatnonzero(any_true.any(0))
    score_true, score_values = random.integers(1, 6, 60).astype(float), 1 + 4 * random.random(60)
    score_values[10:20] = score_values[0]  # ties
    return {
        'oneOf': {
            'targets': [[int(label)] for label in one_true], 'values': one_values.tolist(),
            'accuracy': accuracy_score(one_true, one_found), 'macroF1': f1_score(one_true, one_found, average='macro'),
            'microF1': f1_score(one_true, one_found, average='micro'),
            'baseline': max(f1_score(one_true, [label] * 60, average='macro', zero_division=0) for label in range(3)),
        },
        'anyOf': {
            'targets': [np.flatnonzero(row).tolist() for row in any_true], 'values': any_values.tolist(), 'thresholds': thresholds,
            'accuracy': accuracy_score(any_true, any_found),
            'macroF1': f1_score(any_true, any_found, average='macro', labels=occurs, zero_division=0),
            'microF1': f1_score(any_true, any_found, average='micro'),
        },
        'score': {
            'targets': [[value] for value in score_true], 'values': score_values.tolist(),
            'spearman': float(spearmanr(score_values, score_true).statistic),
            'rmse': float(np.sqrt(np.mean((score_values - score_true) ** 2))), 'baselineRmse': float(score_true.std()),
        },
    }


path = pathlib.Path(__file__).parent.parent / 'fixtures' / 'label-losses.json'
path.write_text(json.dumps({
    'rows': [{'kind': kind, 'target': target} for kind, target in rows], 'range': RANGE, 'logits': logits.tolist(), 'weights': weights.tolist(),
    'multilabel': total('multilabel'), 'sigmoid': total('sigmoid'), 'metrics': metrics(),
}, default=float) + '\n')
