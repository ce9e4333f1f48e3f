/** Writes dist/dictionary.bin and dist/NOTICE from jieba's dict.txt, as the npm package @node-rs/jieba carries it. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileDictionary } from '../src/tokenizer/dictionary'
import { jiebaDictionaryText } from './jieba-dictionary'

const NOTICE = `dictionary.bin holds the words and counts of the dictionary of jieba 0.42.1
(https://github.com/fxsjy/jieba), in another format.

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
const bytes = compileDictionary(jiebaDictionaryText())
mkdirSync(join(root, 'dist'), { recursive: true })
writeFileSync(join(root, 'dist/dictionary.bin'), bytes)
writeFileSync(join(root, 'dist/NOTICE'), NOTICE)
process.stdout.write(
  `dist/dictionary.bin: ${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}\n`
)
