import { auc } from '@sohu-match/core'

/** One text of a pair, with the pair's label. */
interface LabelledText {
  readonly text: string
  readonly label: 0 | 1
}

const BUCKETS = 4096

/**
 * How far one text alone reveals the label: the AUC on `test` of a logistic regression over hashed character unigrams, bigrams and
 * the length, fitted to `train` by gradient descent. 0.5 means not at all.
 */
export function oneTextAuc(train: readonly LabelledText[], test: readonly LabelledText[]): number {
  const known = new Map<string, ReadonlyMap<number, number>>()
  const featuresOfText = (text: string) => {
    if (!known.has(text)) known.set(text, featuresOf(text))
    return known.get(text)!
  }
  const rows = train.map(({ text, label }) => ({ features: featuresOfText(text), label }))
  const weights = new Float64Array(BUCKETS + 1)
  for (let pass = 0; pass < 10; pass++) {
    const gradient = new Float64Array(weights.length)
    for (const { features, label } of rows) {
      const error = 1 / (1 + Math.exp(-score(features, weights))) - label
      features.forEach((value, feature) => {
        gradient[feature]! += error * value
      })
    }
    gradient.forEach((value, i) => {
      weights[i]! -= (20 * value) / rows.length
    })
  }
  return auc(test.map(({ text, label }) => ({ label, score: score(featuresOf(text), weights) })))
}

/** Feature values by bucket, of unit length except for the last bucket, the logarithm of the text's length. */
function featuresOf(text: string): Map<number, number> {
  const features = new Map<number, number>()
  for (let i = 0; i < text.length; i++) {
    for (const gram of [text.slice(i, i + 1), text.slice(i, i + 2)]) {
      const bucket = (Math.imul(gram.charCodeAt(0) * 31 + (gram.charCodeAt(1) || 0), 0x9e3779b1) >>> 0) % BUCKETS
      features.set(bucket, (features.get(bucket) ?? 0) + 1)
    }
  }
  const norm = Math.hypot(...features.values())
  for (const [bucket, count] of features) features.set(bucket, count / norm)
  return features.set(BUCKETS, Math.log(text.length) / 5)
}

function score(features: ReadonlyMap<number, number>, weights: Float64Array): number {
  let sum = 0
  for (const [feature, value] of features) sum += value * weights[feature]!
  return sum
}

/**
 * Scores of texts under a naive-Bayes classifier over character 1-3-grams (presence, add-one smoothing), fitted to labelled single texts:
 * the log-odds of label 1. If one text of a pair does not reveal the label, their AUC is near 0.5.
 */
export function naiveBayesScores(train: readonly LabelledText[], texts: readonly string[]): number[] {
  const totals = [0, 0]
  const counts = [new Map<string, number>(), new Map<string, number>()]
  for (const { text, label } of train) {
    totals[label]!++
    for (const gram of grams(text)) counts[label]!.set(gram, (counts[label]!.get(gram) ?? 0) + 1)
  }
  const rate = (gram: string, label: 0 | 1) => ((counts[label]!.get(gram) ?? 0) + 1) / (totals[label]! + 2)
  return texts.map((text) => {
    let score = Math.log((totals[1]! + 1) / (totals[0]! + 1))
    for (const gram of grams(text)) score += Math.log(rate(gram, 1) / rate(gram, 0))
    return score
  })
}

function grams(text: string): Set<string> {
  const found = new Set<string>()
  for (let n = 1; n <= 3; n++) for (let i = 0; i + n <= text.length; i++) found.add(text.slice(i, i + n))
  return found
}
