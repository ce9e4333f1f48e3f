import fc from 'fast-check'
import { createMatcher } from '@sohu-match/sdk-node'
import { growth, LINEAR, LONG, SHORT } from '@sohu-match/core/growth'
import { expect, it } from 'vitest'
import { MODEL } from './paths'
import { caseError, cases, counts, record, SEED } from './plan'

const CHECK = 'text-costs'
const KINDS = counts(300, 12)

/** Generates a text of any length. */
type Fill = (length: number) => string

const repeated =
  (unit: string): Fill =>
  (length) =>
    unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
const halves =
  (one: string, other: string): Fill =>
  (length) =>
    repeated(one)(length / 2) + repeated(other)(length / 2)

/** Kinds of text whose cost per character has grown, or could grow, with their length. */
const KNOWN: readonly Fill[] = [
  halves('\u0301', '\u0316'),
  halves('\u302e', '\u1b44'),
  repeated(`Σ${'\u0301'.repeat(40)}`),
  repeated('abcdefg'),
  repeated('中国人民'),
  repeated('\ud83d')
]

const character = fc.oneof(
  fc.integer({ min: 0, max: 0x10ffff }),
  fc.integer({ min: 0x300, max: 0x36f }),
  fc.integer({ min: 0x900, max: 0x1100 }),
  fc.integer({ min: 0x4e00, max: 0x9fff }),
  fc.integer({ min: 0x1d100, max: 0x1d200 })
)
const unit = fc.array(character, { minLength: 1, maxLength: 6 }).map((codes) => String.fromCodePoint(...codes))
const generated = fc.oneof(
  unit.map(repeated),
  fc.tuple(unit, unit).map(([one, other]) => halves(one, other))
)

/** The known kinds, then generated ones; the same for the same seed. */
const kinds = [...KNOWN, ...fc.sample(generated, { seed: SEED, numRuns: KINDS })]

it('reads every kind of text in linear time', () =>
  record('processor time by length of text', async () => {
    // truncated to a few tokens, so that everything before the network is measured: messages, normalizing, segmenting, word pieces
    await using matcher = await createMatcher({
      model: MODEL,
      device: 'cpu',
      workers: 1,
      maxLength: 16,
      truncation: 'head-tail'
    })
    const read = (text: string): Promise<unknown> => matcher.match(text, text, 'A-ll')
    let worst = 0
    for (const index of cases(kinds.length)) {
      const [short, long] = [SHORT, LONG].map((length) => kinds[index]!(length))
      const ratio = await growth(
        () => read(short!),
        () => read(long!)
      )
      worst = Math.max(worst, ratio)
      if (!(ratio < LINEAR))
        throw caseError(CHECK, index, `${JSON.stringify(kinds[index]!(8))}... took ${ratio} times as long`)
    }
    expect(worst).toBeGreaterThan(0)
    return {
      count: cases(kinds.length).length,
      result: `${LONG / SHORT} times the length takes at most ${worst.toFixed(1)} times the processor time`
    }
  }))
