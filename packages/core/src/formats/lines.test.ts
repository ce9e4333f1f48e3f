import { describe, expect, it } from 'vitest'
import { MatcherError } from '../errors'
import { parseDatasetJson } from './dataset'
import { parseLine, sohuFields } from './lines'

const train = { task: 1, fields: sohuFields(1), required: 'label' } as const
const test = { ...train, required: 'id' } as const

function problem(line: string, format: typeof train | typeof test = train): string {
  try {
    parseLine(line, format, 'B/train.txt', 7)
  } catch (error) {
    expect((error as MatcherError).code).toBe('data-invalid')
    return (error as MatcherError).message
  }
  throw new Error('the line was accepted')
}

describe('parseLine', () => {
  it('reads the Sohu layout', () => {
    expect(parseLine('{"source":"甲","target":"乙","labelB":"1"}', train, 'f', 1)).toEqual({
      a: '甲',
      b: '乙',
      task: 1,
      label: 1
    })
    expect(parseLine('{"source":"甲","target":"","id":"x-1"}', test, 'f', 1)).toEqual({
      a: '甲',
      b: '',
      task: 1,
      id: 'x-1'
    })
    expect(sohuFields(4).label).toBe('labelA')
  })

  it('keeps an id digit for digit, which as a number would be rounded', () => {
    const id = (json: string) => parseLine(`{"source":"","target":"","id":${json}}`, test, 'f', 1).id
    expect(id('1234567890123456789')).toBe('1234567890123456789')
    expect(id('1234567890123456790')).toBe('1234567890123456790')
    expect(id('0.10')).toBe('0.10')
    expect(id('7')).toBe('7')
    expect(id('"007"')).toBe('007')
  })

  it('names file, line, what was found and what was wanted', () => {
    expect(problem('{"source"')).toMatch(/^B\/train\.txt:7: the line is not JSON/)
    expect(problem('[1]')).toContain('must be a JSON object')
    expect(problem('{"source":"甲","target":"乙","labelB":"2"}')).toBe(
      'B/train.txt:7: "labelB" is "2"; it must be the string "0" or "1".'
    )
    expect(problem('{"source":"甲","target":"乙","labelB":1}')).toContain('"labelB" is 1;')
    expect(problem('{"source":"甲","target":"乙","labelA":"1"}')).toContain('"labelB" is missing')
    expect(problem('{"source":"甲","labelB":"1"}')).toContain('"target" is missing')
    expect(problem('{"source":5,"target":"乙","labelB":"1"}')).toContain('"source" is 5; it must be a string')
    expect(problem('{"source":"甲","target":"乙"}', test)).toContain('"id" is missing')
    expect(problem('{"__proto__":{"source":"甲"},"target":"乙","labelB":"1"}')).toContain('"source" is missing')
  })
})

describe('parseDatasetJson', () => {
  it('numbers the tasks in order and fills in the fields', () => {
    const [dup, other] = parseDatasetJson({
      tasks: [
        { name: 'dup', train: ['a.jsonl'], fields: { a: 'q1' } },
        { name: 'x', group: 'dup' }
      ]
    })
    expect(dup).toEqual({
      name: 'dup',
      id: 0,
      group: 'dup',
      train: ['a.jsonl'],
      valid: [],
      test: [],
      fields: { a: 'q1', b: 'target', label: 'label', id: 'id' }
    })
    expect(other).toMatchObject({ id: 1, group: 'dup', fields: { a: 'source' } })
  })

  it('refuses what it does not know, with the key', () => {
    expect(() => parseDatasetJson({ tasks: [] })).toThrow('dataset.json: "tasks"')
    expect(() => parseDatasetJson({ tasks: [{ name: 'x', trian: [] }] })).toThrow('trian')
    expect(() => parseDatasetJson({ tasks: [{ name: 'x' }, { name: 'x' }] })).toThrow('two tasks are named "x"')
  })
})

describe('a task with labels or a score', () => {
  const labels = ['矛盾', '中立', '蕴含']
  const fields = { a: 'text', b: 'other', label: 'label', id: 'id' }
  const format = (task: object) => ({ task: 3, fields, required: 'label' as const, ...task })
  const oneOf = format({ kind: 'one-of', labels })
  const anyOf = format({ kind: 'any-of', labels })
  const score = format({ kind: 'score', range: [1, 5] })
  const target = (own: typeof oneOf, label: unknown) =>
    parseLine(JSON.stringify({ text: '甲', label }), own, 'f', 1).target

  it('has its labels by name, of a pair or of a text alone', () => {
    expect(parseLine('{"text":"甲","other":"乙","label":"蕴含"}', oneOf, 'f', 1)).toEqual({
      a: '甲',
      b: '乙',
      task: 3,
      target: [2]
    })
    expect(parseLine('{"text":"甲","label":["蕴含","矛盾"]}', anyOf, 'f', 1)).toEqual({
      a: '甲',
      task: 3,
      target: [0, 2]
    })
    expect(target(anyOf, [])).toEqual([])
    expect(target(score, 1)).toEqual([1])
    expect(target(score, 4.5)).toEqual([4.5])
    expect(parseLine('{"text":"甲","id":"7"}', { ...anyOf, required: 'id' }, 'f', 1)).toEqual({
      a: '甲',
      task: 3,
      id: '7'
    })
  })

  it('refuses any other label with file, line and the nearest name', () => {
    const problem = (own: typeof oneOf, label: unknown) => () =>
      parseLine(JSON.stringify({ text: '甲', label }), own, 'nli.jsonl', 12)
    expect(problem(oneOf, '蕴涵')).toThrow(
      'nli.jsonl:12: "label" is "蕴涵"; "蕴涵" is not a label of this task; did you mean "蕴含"? Its labels are 矛盾, 中立, 蕴含.'
    )
    expect(problem(anyOf, ['中立', '中庸'])).toThrow('"中庸" is not a label of this task; did you mean "中立"?')
    expect(problem(anyOf, '中立')).toThrow('it must be an array of labels')
    expect(problem(anyOf, ['中立', '中立'])).toThrow('a label is in it twice')
    expect(problem(oneOf, 1)).toThrow('a label must be a string, one of 矛盾, 中立, 蕴含')
    expect(problem(oneOf, undefined)).toThrow('"label" is missing')
    expect(problem(score, 5.5)).toThrow('it must be a number from 1 to 5')
    expect(problem(score, '3')).toThrow('it must be a number from 1 to 5')
    expect(problem(format({}), '1')).toThrow('"other" is missing')
  })

  it('is described in dataset.json', () => {
    const parse = (task: object) => parseDatasetJson({ tasks: [{ name: 'x', ...task }] })[0]
    expect(parse({ labels })).toMatchObject({ kind: 'one-of', labels })
    expect(parse({ labels, multiple: true })).toMatchObject({ kind: 'any-of', labels })
    expect(parse({ labels, multiple: false })).toMatchObject({ kind: 'one-of' })
    expect(parse({ score: [0, 5] })).toMatchObject({ kind: 'score', range: [0, 5] })
    expect(parse({})).not.toHaveProperty('kind')
    expect(() => parse({ multiple: true })).toThrow('"multiple" but no "labels"')
    expect(() => parse({ labels, score: [0, 1] })).toThrow('both "labels" and "score"')
    expect(() => parse({ labels: ['a', 'a'] })).toThrow('distinct labels')
    expect(() => parse({ score: [5, 1] })).toThrow('the task "x" must have')
  })
})
