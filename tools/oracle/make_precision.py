"""packages/train/test/fixtures/average_precision.json: average precision of each class, as scikit-learn defines it.

average_precision_score: AP = sum over n of (R_n - R_{n-1}) P_n, where P_n and R_n are precision and recall at the n-th
threshold. Thresholds are the scores that occur, from the highest down; images with at least that score count as found. If
scikit-learn is installed, the results are compared with its own.
"""

import numpy as np

import paths
import prng

try:
    from sklearn.metrics import average_precision_score
except ImportError:
    average_precision_score = None


def average_precision(labels, scores):
    if labels.sum() == 0:
        return None
    value, recall = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        found = scores >= threshold
        hits = labels[found].sum()
        value += (hits / labels.sum() - recall) * (hits / found.sum())
        recall = hits / labels.sum()
    if average_precision_score is not None:
        assert abs(average_precision_score(labels, scores) - value) < 1e-12
    return value


def cases():
    images, classes = 23, 5
    scores = prng.normal("scores", (images, classes)).astype(np.float32)
    labels = (prng.normal("labels", (images, classes)) + 0.7 * scores > 0.5).astype(int)
    yield "drawn", scores, labels
    rounded = np.round(2 * scores) / 2
    yield "ties", rounded, labels
    none = labels.copy()
    none[:, 1] = 0
    none[:, 3] = 1
    yield "a class of no image, and one of all", rounded, none
    yield "all equal", np.zeros_like(scores), labels
    yield "one image", scores[:1], np.array([[1, 0, 1, 0, 0]])


def main():
    out = [
        {
            "name": name,
            "classes": scores.shape[1],
            "scores": [float(s) for s in scores.flatten()],
            "labels": labels.flatten().tolist(),
            "precisions": [average_precision(labels[:, k], scores[:, k]) for k in range(scores.shape[1])],
        }
        for name, scores, labels in cases()
    ]
    paths.write_json(paths.fixture("train", "average_precision.json"), out)


if __name__ == "__main__":
    main()
