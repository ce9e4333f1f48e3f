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
