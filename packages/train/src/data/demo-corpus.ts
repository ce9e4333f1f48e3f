import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError, VARIANTS } from '@sohu-match/core'
import { storageError, writeFileAtomic } from '@sohu-match/node'
import { createRandom, type Random } from './random'
import type { Split } from './demo/frames'
import { inventPerson, inventPlace, inventStem, nameActor, tell, type Happening } from './demo/tell'
import { TOPICS, type Topic } from './demo/topics'

/** A pair with both facts about it; a variant of kind A is labeled by the first, of kind B by the second. */
export interface DemoPair {
  readonly source: string
  readonly target: string
  readonly sameTopic: boolean
  /** The same event; implies `sameTopic`. */
  readonly sameEvent: boolean
}

/** Pairs of each split of one variant; multiples of four. */
export interface DemoSizes {
  readonly train: number
  readonly valid: number
  readonly test: number
}

export const DEMO_SIZES: DemoSizes = { train: 960, valid: 200, test: 200 }

export const DEMO_SEED = 2021

/** Four events: the sources and targets of two positive pairs; crossed, they make two negatives. */
interface Quad {
  readonly sources: readonly [Happening, Happening]
  readonly targets: readonly [Happening, Happening]
}

const FORMS = [
  ['short', 'short'],
  ['short', 'long'],
  ['long', 'long']
] as const

/**
 * Pairs of one variant (0-5) and split, deterministic in the seed. They come in fours: (s1, t1) and (s2, t2) match,
 * (s1, t2) and (s2, t1) do not, so every text occurs once in a positive and once in a negative pair, and one text alone
 * reveals nothing. Throws `config-invalid`.
 */
export function demoPairs(variant: number, split: Split, count: number, seed: number = DEMO_SEED): DemoPair[] {
  if (count % 4 !== 0)
    throw new MatcherError(
      'config-invalid',
      `A demo split of ${count} pairs was asked for, but pairs come in fours: pass a multiple of 4.`
    )
  const random = createRandom('demo-corpus', seed, variant, split)
  const forms = FORMS[variant >> 1]!
  const pairs: DemoPair[] = []
  while (pairs.length < count) {
    const quad = variant % 2 === 0 ? topicQuad(random, split) : eventQuad(random, split)
    pairs.push(...crossed(random, quad, split, forms))
  }
  return random.shuffle(pairs)
}

function crossed(
  random: Random,
  { sources, targets }: Quad,
  split: Split,
  forms: readonly ['short' | 'long', 'short' | 'long']
): DemoPair[] {
  const phrasings = sources.map(() => random.below(4))
  const told = sources.map((happening, i) => tell(random, happening, split, forms[0], phrasings[i]!))
  const otherWords = (i: number) => (phrasings[i]! + 1 + random.below(3)) % 4
  const retold = targets.map((happening, i) => tell(random, happening, split, forms[1], otherWords(i)))
  return [
    [0, 0],
    [1, 1],
    [0, 1],
    [1, 0]
  ].map(([i, j]) => ({
    source: told[i!]!,
    target: retold[j!]!,
    sameTopic: sources[i!]!.topic === targets[j!]!.topic,
    sameEvent: sources[i!] === targets[j!]
  }))
}

/**
 * Two topics that share some of place, date, figure and names; the texts of a topic describe one event in 40 % of
 * cases.
 */
function topicQuad(random: Random, split: Split): Quad {
  const [one, two] = random.shuffle([...TOPICS]) as [Topic, Topic]
  const stem = inventStem(random, split)
  const first = happen(random, split, one, { stem: random.chance(0.4) ? stem : undefined })
  const common = { stem: random.chance(0.4) ? stem : undefined, ...shared(random, first, 0.8) }
  const second = happen(random, split, two, common)
  const again = (happening: Happening): Happening =>
    random.chance(0.4)
      ? happening
      : happen(random, split, happening.topic, {
          ...shared(random, happening, 0.4),
          notAct: happening.act,
          who: random.chance(0.3) ? happening.who : undefined
        })
  return { sources: [first, second], targets: [again(first), again(second)] }
}

/** Two events that are easily confused: they share topic, people or place. */
function eventQuad(random: Random, split: Split): Quad {
  const first = happen(random, split, random.pick(TOPICS), {})
  const kind = random.next()
  const other =
    kind < 0.15
      ? happen(random, split, random.pick(TOPICS.filter((topic) => topic !== first.topic)), {
          place: first.place,
          date: first.date
        })
      : kind < 0.25
        ? happen(random, split, first.topic, { who: first.who, notAct: first.act })
        : happen(random, split, first.topic, {
            ...shared(random, first, 0.4),
            act: random.chance(0.3) ? first.act : undefined
          })
  return { sources: [first, other], targets: [first, other] }
}

function shared(
  random: Random,
  happening: Happening,
  probability: number
): { place?: string; date?: string; count?: number } {
  return {
    ...(random.chance(probability) && { place: happening.place }),
    ...(random.chance(probability) && { date: happening.date }),
    ...(random.chance(probability / 2) && { count: happening.count })
  }
}

interface Given {
  readonly stem?: string | undefined
  readonly who?: string | undefined
  readonly act?: number | undefined
  readonly notAct?: number
  readonly place?: string
  readonly date?: string
  readonly count?: number
}

function happen(random: Random, split: Split, topic: Topic, given: Given): Happening {
  const acts = topic.acts.map((_, i) => i).filter((i) => i !== given.notAct)
  return {
    topic,
    act: given.act ?? random.pick(acts),
    who:
      given.who ??
      (topic.actor === 'person' ? inventPerson(random, split) : nameActor(random, split, topic, given.stem)),
    place: given.place ?? inventPlace(random, split),
    date: given.date ?? `${1 + random.below(12)}月${1 + random.below(28)}日`,
    count: given.count ?? 2 + random.below(97)
  }
}

export interface DemoFile {
  readonly path: string
  readonly text: string
}

/** `<variant>/{train,valid,test_with_id}.txt` and `test_labels.csv`. */
export function demoFiles(sizes: DemoSizes = DEMO_SIZES, seed: number = DEMO_SEED): DemoFile[] {
  const files: DemoFile[] = []
  const testLabels = ['id,label']
  VARIANTS.forEach((variant, id) => {
    const field = id % 2 === 0 ? 'labelA' : 'labelB'
    const label = (pair: DemoPair) => ((id % 2 === 0 ? pair.sameTopic : pair.sameEvent) ? '1' : '0')
    const lines = (pairs: readonly object[]) => pairs.map((pair) => `${JSON.stringify(pair)}\n`).join('')
    for (const split of ['train', 'valid'] as const) {
      const pairs = demoPairs(id, split, sizes[split], seed)
      files.push({
        path: `${variant}/${split}.txt`,
        text: lines(pairs.map((pair) => ({ source: pair.source, target: pair.target, [field]: label(pair) })))
      })
    }
    const test = demoPairs(id, 'test', sizes.test, seed).map((pair, i) => ({ pair, id: `demo${id}-${i}` }))
    files.push({
      path: `${variant}/test_with_id.txt`,
      text: lines(test.map(({ pair, id }) => ({ source: pair.source, target: pair.target, id })))
    })
    testLabels.push(...test.map(({ pair, id }) => `${id},${label(pair)}`))
  })
  return [...files, { path: 'test_labels.csv', text: `${testLabels.join('\n')}\n` }]
}

/** Writes a folder in the Sohu layout, replacing files of the same names. Throws `storage`. */
export async function writeDemoCorpus(
  directory: string,
  sizes: DemoSizes = DEMO_SIZES,
  seed: number = DEMO_SEED
): Promise<void> {
  try {
    for (const variant of VARIANTS) await mkdir(join(directory, variant), { recursive: true })
  } catch (cause) {
    throw storageError('write the demo corpus to', directory, cause)
  }
  for (const { path, text } of demoFiles(sizes, seed)) await writeFileAtomic(join(directory, path), text)
}
