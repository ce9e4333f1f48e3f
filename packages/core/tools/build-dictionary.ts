/** Writes dist/dictionary.bin and dist/NOTICE from jieba's dict.txt as the npm package @node-rs/jieba carries it. Same input, same bytes. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { encodeDictionary, parseDictionaryText } from '../src/tokenizer/dictionary'

/** dict.txt of @node-rs/jieba 2.0.3: the words and counts of Python jieba 0.42.1, sorted. */
const SHA256 = '139519822fe8ab9e10d9d07e68ea0451045380aedaf54ecc51e2a28c6b42a13f'

/**
 * Python's file has this line once more. It adds 3 to the total, and that decides between routes of equal probability by rounding
 * (哈 two hundred times is cut otherwise without it).
 */
const REPEATED_LINE = 'B超 3 n\n'

const NOTICE = `dictionary.bin holds the words and counts of the dictionary of jieba 0.42.1 (https://github.com/fxsjy/jieba), in another format.

The MIT License (MIT)

Copyright (c) 2013 Sun Junyi

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

/** The package's folder: the bundled script runs from dist/tools. */
const root = join(import.meta.dirname, '../..')
const source = createRequire(import.meta.url).resolve('@node-rs/jieba/dict.txt')
const text = readFileSync(source)
const found = createHash('sha256').update(text).digest('hex')
if (found !== SHA256) {
  throw new Error(`${source} has SHA-256 ${found}; wanted ${SHA256}. Install @node-rs/jieba 2.0.3, or compare the dictionaries before changing the constant.`)
}
const bytes = encodeDictionary(parseDictionaryText(text.toString('utf8') + REPEATED_LINE))
mkdirSync(join(root, 'dist'), { recursive: true })
writeFileSync(join(root, 'dist/dictionary.bin'), bytes)
writeFileSync(join(root, 'dist/NOTICE'), NOTICE)
process.stdout.write(`dist/dictionary.bin: ${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}\n`)
