import type { Random } from '../random'
import { FRAMES, NAME_PARTS, type Split } from './frames'
import type { Topic } from './topics'

/** Two texts describe the same event if they have the same happening. */
export interface Happening {
  readonly topic: Topic
  /** Index into `topic.acts`. */
  readonly act: number
  readonly who: string
  readonly place: string
  readonly date: string
  readonly count: number
}

const SPLIT_OF_REMAINDER: readonly Split[] = ['train', 'train', 'train', 'valid', 'test']

/** Deals combinations of name parts to the splits: each part occurs in all splits, each combination in one. */
function belongs(split: Split, first: number, second: number, third = 0): boolean {
  return SPLIT_OF_REMAINDER[(first + 2 * second + 3 * third) % SPLIT_OF_REMAINDER.length] === split
}

function combine(random: Random, split: Split, ...parts: readonly (readonly string[])[]): string {
  for (;;) {
    const [first, second, third] = parts.map((part) => random.below(part.length)) as [number, number, number?]
    if (belongs(split, first, second, third)) return parts.map((part, i) => part[[first, second, third][i]!]!).join('')
  }
}

/** An invented place of this split. */
export function inventPlace(random: Random, split: Split): string {
  return combine(random, split, NAME_PARTS.place.first, NAME_PARTS.place.second) + random.pick(NAME_PARTS.placeSuffix)
}

/** Two characters. */
export function inventStem(random: Random, split: Split): string {
  return combine(random, split, NAME_PARTS.stem.first, NAME_PARTS.stem.second)
}

/** An invented person, family name first. */
export function inventPerson(random: Random, split: Split): string {
  return combine(random, split, NAME_PARTS.surname, NAME_PARTS.given.first, NAME_PARTS.given.second)
}

/** Made from a stem (organizations) or invented (persons). */
export function nameActor(random: Random, split: Split, topic: Topic, stem = inventStem(random, split)): string {
  return topic.actor === 'person' ? inventPerson(random, split) : topic.actor.replace('%', stem)
}

/** Describes a happening as a headline (10-40 characters) or a report (100-300), in wording `phrasing` (0-3). */
export function tell(
  random: Random,
  happening: Happening,
  split: Split,
  form: 'short' | 'long',
  phrasing: number
): string {
  const frames = FRAMES[split]
  const fill = (frame: string) => fillFrame(random, frame, happening, phrasing)
  if (form === 'short') return fill(random.pick(frames.headlines))
  const [detail, another] = random.shuffle([...frames.details])
  const backgrounds = random.shuffle([...frames.backgrounds])
  const sentences = [random.pick(frames.leads), detail!, backgrounds.pop()!, another!].map(fill)
  const wanted = 90 + random.below(90) // characters before the closing
  while (backgrounds.length > 0 && sentences.join('').length < wanted) sentences.push(fill(backgrounds.pop()!))
  return sentences.join('') + random.pick(frames.closings)
}

function fillFrame(random: Random, frame: string, happening: Happening, phrasing: number): string {
  const { says, unit } = happening.topic.acts[happening.act]!
  const [word, also] = random.shuffle([...happening.topic.words])
  const slots: Record<string, string> = {
    who: happening.who,
    place: happening.place,
    date: happening.date,
    figure: `${happening.count}${unit}`,
    act: says[phrasing]!,
    again: says[(phrasing + 1 + random.below(says.length - 1)) % says.length]!,
    word: word!,
    also: also!
  }
  return frame.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot]!)
}
