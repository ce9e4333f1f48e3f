/**
 * Scores of texts under a naive-Bayes classifier over character 1-3-grams (presence, add-one smoothing), fitted on labelled single texts:
 * the log-odds of label 1. It tells whether one text of a pair alone gives the label away (it should not: AUC near 0.5).
 */
export function naiveBayesScores(
  train: readonly { readonly text: string; readonly label: 0 | 1 }[],
  texts: readonly string[]
): number[] {
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
