import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLine, linesOf, linesOfFile, rawLinesOf, type NumberedLine, type RawLine } from './lines'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function all(lines: AsyncIterable<NumberedLine>): Promise<NumberedLine[]> {
  const found: NumberedLine[] = []
  for await (const line of lines) found.push(line)
  return found
}

const texts = (bytes: Uint8Array | string, size = 3): Promise<string[]> =>
  all(linesOf(inPieces(Buffer.from(bytes), size), 'f')).then((lines) => lines.map(({ text }) => text))

describe('linesOf', () => {
  it('gives the same lines however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', '中', '\u2028', '\u0085', '😀', ' ', '\ufeff') })),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const wanted = ['first', ...lines]
          expect(await texts(wanted.map((line) => `${line}\n`).join(''), size)).toEqual(wanted)
          expect(await texts(wanted.join('\r\n') + '\r\nend', size)).toEqual([...wanted, 'end'])
        }
      )
    )
  })

  it('drops a byte order mark before the first line only, and keeps blank lines', async () => {
    expect(await texts('\ufeffa\n\n\ufeffb\n')).toEqual(['a', '', '\ufeffb'])
    expect(await texts('')).toEqual([])
  })

  it('names the line with bytes that are not UTF-8, after the lines before it', async () => {
    const seen: string[] = []
    const read = async (): Promise<void> => {
      for await (const { text } of linesOf(inPieces(Buffer.from('a\nb\n\xd6\xd0\nc\n', 'latin1'), 2), 'f'))
        seen.push(text)
    }
    await expect(read()).rejects.toMatchObject({ code: 'data-invalid', message: expect.stringMatching(/^f:3: /) })
    expect(seen).toEqual(['a', 'b'])
  })

  it('yields a line before the next bytes are there', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a\nb')
      await new Promise(() => undefined)
    }
    const first = await linesOf(endless(), 'f')[Symbol.asyncIterator]().next()
    expect(first.value).toEqual({ text: 'a', number: 1 })
  })

  it('is linear in the length of a line', async () => {
    const [line] = await texts(Buffer.alloc(64 << 20, 'x'), 1 << 14)
    expect(line?.length).toBe(64 << 20)
  }, 120_000)
})

describe('rawLinesOf', () => {
  it('keeps no bytes of a line that is too long to read, and reads on after it', async () => {
    async function* long(): AsyncGenerator<Uint8Array> {
      const piece = Buffer.alloc(1 << 20, 'x')
      yield Buffer.from('a\n')
      for (let i = 0; i < 257; i++) yield piece
      yield Buffer.from('\nb\n')
    }
    const lines: RawLine[] = []
    for await (const line of rawLinesOf(long())) lines.push(line)
    expect(lines.map(({ bytes, number }) => [bytes?.length, number])).toEqual([[1, 1], [undefined, 2], [1, 3]]) // prettier-ignore
    expect(() => decodeLine(lines[1]!, 'f:2')).toThrow('f:2: the line is longer than 256 MiB')
  })
})

describe('linesOfFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'))

  it('skips blank lines and keeps their numbers', async () => {
    const path = join(folder, 'blank.jsonl')
    writeFileSync(path, '\n{"a":1}\r\n \r\n{"b":2}')
    expect(await all(linesOfFile(path))).toEqual([
      { text: '{"a":1}', number: 2 },
      { text: '{"b":2}', number: 4 }
    ])
  })

  it.skipIf(process.platform === 'win32')('refuses a pipe instead of waiting for a writer', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(all(linesOfFile(path))).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('not a regular file')
    })
  })
})
