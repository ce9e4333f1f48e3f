import { MatcherError } from '@sohu-match/core'

/** Columns by role. Those of a file without a header are named by their position: `1`, `2`, … */
export interface PairColumns {
  readonly a: string
  readonly b: string
  readonly label?: string | undefined
  readonly id?: string | undefined
  /** Contains `train`, `valid` or `test`. */
  readonly split?: string | undefined
}

/** Columns that the user named; others are guessed. */
export type GivenColumns = Partial<PairColumns>

/** Names of the two texts in public data sets, without case, spaces and punctuation; the first match counts. */
const TEXT_NAMES = [
  ['sentence1', 'sentence2'],
  ['sentencea', 'sentenceb'],
  ['sent1', 'sent2'],
  ['text1', 'text2'],
  ['texta', 'textb'],
  ['text', 'textpair'],
  ['question1', 'question2'],
  ['questiona', 'questionb'],
  ['query1', 'query2'],
  ['title1', 'title2'],
  ['doc1', 'doc2'],
  ['q1', 'q2'],
  ['s1', 's2'],
  ['t1', 't2'],
  ['a', 'b'],
  ['source', 'target'],
  ['src', 'tgt'],
  ['query', 'passage'],
  ['query', 'document'],
  ['query', 'doc'],
  ['query', 'title'],
  ['query', 'text'],
  ['query', 'candidate'],
  ['query', 'response'],
  ['query', 'question'],
  ['question', 'answer'],
  ['premise', 'hypothesis'],
  ['first', 'second'],
  ['left', 'right'],
  ['句子1', '句子2'],
  ['文本1', '文本2'],
  ['问题1', '问题2'],
  ['标题1', '标题2'],
  ['问题', '答案']
] as const

const OTHER_NAMES = {
  label: [
    ...['label', 'labels', 'goldlabel', 'labela', 'labelb', 'islabel', 'isduplicate', 'duplicate', 'ismatch', 'match'],
    ...['matched', 'issimilar', 'similar', 'issame', 'same', 'relevance', 'relevant', 'class', 'y'],
    ...['标签', '是否匹配', '匹配', '是否相似', '相似', '是否相同']
  ],
  id: ['id', 'pairid', 'uid', 'guid', 'qid', 'idx', 'index', '编号', '序号'],
  split: ['split', 'subset', '划分']
} as const

/**
 * Columns by their names: `given` ones first, others guessed. Undefined if no two names are known as texts. Throws
 * `data-invalid`, beginning with `place`, for a given name that is not a column, and for two columns that could be the
 * label.
 */
export function namedColumns(columns: readonly string[], given: GivenColumns, place: string): PairColumns | undefined {
  for (const [role, name] of Object.entries(given)) {
    if (name !== undefined && !columns.includes(name)) throw noSuchColumn(role, name, columns, place)
  }
  const texts = textColumns(columns, given)
  if (!texts) return undefined
  requireDistinct([...texts, ...(given.label === undefined ? [] : [given.label])], place)
  const taken = [...texts, ...Object.values(given)]
  const free = columns.filter((column) => !taken.includes(column))
  const guess = (role: keyof typeof OTHER_NAMES): string | undefined => {
    if (given[role] !== undefined) return given[role]
    const found = free.filter((column) => (OTHER_NAMES[role] as readonly string[]).includes(plain(column)))
    if (role !== 'label' || found.length < 2) return found[0]
    throw new MatcherError(
      'data-invalid',
      `${place}: ${found.join(' and ')} could each be the label; name the right one: --columns label=${found[0]}.`
    )
  }
  return { a: texts[0], b: texts[1], label: guess('label'), id: guess('id'), split: guess('split') }
}

/** One line that lists the role of each column. */
export function describeColumns({ a, b, label, id, split }: PairColumns, header: boolean): string {
  const roles = [
    `${a} and ${b} are the texts`,
    label === undefined ? 'there is no label' : `${label} is the label`,
    ...(id === undefined ? [] : [`${id} is the id`]),
    ...(split === undefined ? [] : [`${split} names the split`])
  ]
  return `${header ? 'Columns' : 'No header; columns by position'}: ${roles.join(', ')}.`
}

function requireDistinct(names: readonly string[], place: string): void {
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  throw new MatcherError(
    'data-invalid',
    `${place}: the column ${twice} cannot be two of both texts and the label; name each: --columns a=NAME b=NAME label=NAME.`
  )
}

function textColumns(columns: readonly string[], given: GivenColumns): readonly [string, string] | undefined {
  if (given.a !== undefined && given.b !== undefined) return [given.a, given.b]
  const byPlain = new Map(columns.map((column) => [plain(column), column]))
  const fits = (name: string, wanted?: string): boolean =>
    wanted === undefined ? byPlain.has(name) : byPlain.get(name) === wanted
  const known = TEXT_NAMES.find(([a, b]) => fits(a, given.a) && fits(b, given.b))
  return known && [byPlain.get(known[0])!, byPlain.get(known[1])!]
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function noSuchColumn(role: string, name: string, columns: readonly string[], place: string): MatcherError {
  return new MatcherError(
    'data-invalid',
    `${place}: --columns ${role}=${name}: there is no such column; the file has ${columns.join(', ')}.`
  )
}
