import { describe, expect, it } from 'vitest'
import { answerValues, heldLabels } from './answers'

describe('the answer of a task', () => {
  it('is the softmax for one-of tasks, however large the logits', () => {
    const values = answerValues({ kind: 'one-of' }, [1000, 1000 + Math.log(3), -1000])
    expect(values[0]).toBeCloseTo(0.25, 12)
    expect(values[1]).toBeCloseTo(0.75, 12)
    expect(values[2]).toBe(0)
    expect(heldLabels({ kind: 'one-of' }, values, [])).toEqual([1])
    expect(heldLabels({ kind: 'one-of' }, [0.5, 0.5], [])).toEqual([0])
  })

  it('is a sigmoid per label for any-of tasks, whose labels hold above their thresholds', () => {
    const values = answerValues({ kind: 'any-of' }, [0, Math.log(3), -Math.log(3)])
    values.forEach((value, i) => expect(value).toBeCloseTo([0.5, 0.75, 0.25][i]!, 12))
    expect(heldLabels({ kind: 'any-of' }, values, [0.5, 0.5, 0.2])).toEqual([1, 2])
    expect(heldLabels({ kind: 'any-of' }, values, [0.9, 0.9, 0.9])).toEqual([])
  })

  it('stays within the range of a score', () => {
    expect(answerValues({ kind: 'score', range: [1, 5] }, [0])).toEqual([3])
    expect(answerValues({ kind: 'score', range: [1, 5] }, [-1000])).toEqual([1])
    expect(answerValues({ kind: 'score', range: [-1, 1] }, [1000])).toEqual([1])
  })
})
