import { rawLinesOf, type RawLine } from '@sohu-match/node'
import { MatcherError } from '@sohu-match/sdk-node'
import { isBlank, readId } from './read-pair'

/** Progress of an earlier run: the number of its answers, and the id of the last one as JSON. */
export interface Answered {
  readonly answers: number
  readonly lastId: string | undefined
}

/** Skips blank, skipped and answered lines. Throws `data-invalid` if the answered lines are not those of this input. */
export async function* unscoredLines(
  input: AsyncIterable<Uint8Array>,
  skip: number,
  { answers, lastId }: Answered
): AsyncGenerator<RawLine> {
  let answered = 0
  let number = 0
  for await (const line of rawLinesOf(input)) {
    number = line.number
    if (number <= skip || isBlank(line)) continue
    if (answered === answers) yield line
    else if (++answered === answers) checkLast(line, lastId)
  }
  if (answered < answers)
    throw new MatcherError(
      'data-invalid',
      `The input ends at line ${number}, but the output already has ${answers} answers: they are of another input.`
    )
}

/** Throws `data-invalid` if the last answered line is not the one whose answer ends the output. */
function checkLast(line: RawLine, lastId: string | undefined): void {
  const id = readId(line)
  if (id !== lastId)
    throw new MatcherError(
      'data-invalid',
      `line ${line.number} has ${named(id)}, but the last answer in the output has ${named(lastId)}: it is of another input.`
    )
}

function named(id: string | undefined): string {
  return id === undefined ? 'no id' : `the id ${id.slice(0, 60)}`
}

/** Passes values on until the signal, which also interrupts waiting for the next one. */
export async function* untilStopped<T>(values: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  let release: () => void = () => undefined
  signal.addEventListener('abort', () => release(), { once: true })
  while (!signal.aborted) {
    const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
      release = () => resolve(undefined)
      values.next().then(resolve, reject)
    })
    if (signal.aborted || !next || next.done) return
    yield next.value
  }
}
