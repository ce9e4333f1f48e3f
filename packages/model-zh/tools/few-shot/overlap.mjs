/** AUC of the Jaccard index of two texts' character bigrams, which needs no model and no labels. */
export function overlapAuc(pairs) {
  const scored = pairs.map(({ a, b, label }) => ({ score: jaccard(characterPairs(a), characterPairs(b)), label }))
  const [matches, others] = ['1', '0'].map((label) => scored.filter((pair) => pair.label === label))
  const wins = matches.flatMap(({ score }) =>
    others.map((other) => (score > other.score ? 1 : score === other.score ? 0.5 : 0))
  )
  return wins.reduce((sum, win) => sum + win, 0) / wins.length
}

function characterPairs(text) {
  const characters = [...text]
  return new Set(characters.length < 2 ? characters : characters.slice(1).map((next, i) => characters[i] + next))
}

function jaccard(one, other) {
  const common = [...one].filter((pair) => other.has(pair)).length
  return common / (one.size + other.size - common || 1)
}
