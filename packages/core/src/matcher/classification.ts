import { answerValues, heldLabels } from '../model/answers'
import type { ManifestTask } from '../formats/manifest'
import type { Outcome } from './call'
import type { AnyClassification } from './types'

/** The answer of a task with labels or a score, from its logits. */
export function classification(
  task: ManifestTask,
  { output: logits, tokenCount, truncated }: Outcome<readonly number[]>
): AnyClassification {
  const { name, kind, labels, thresholds = {} } = task
  const values = answerValues(task, logits)
  const facts = { task: name, logits, tokenCount, truncated }
  if (!labels) return { ...facts, kind: 'score', value: values[0]! }
  const probabilities = Object.fromEntries(labels.map((label, i) => [label, values[i]!]))
  const held = heldLabels(
    task,
    values,
    labels.map((label) => thresholds[label]!)
  )
  if (kind === 'one-of') return { ...facts, kind, label: labels[held[0]!]!, probabilities }
  held.sort((one, other) => values[other]! - values[one]!)
  return { ...facts, kind: 'any-of', labels: held.map((label) => labels[label]!), thresholds, probabilities }
}
