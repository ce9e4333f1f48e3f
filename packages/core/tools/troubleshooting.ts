import { ERROR_CODES, type MatcherErrorCode } from '../src/errors'

/** Section of docs/troubleshooting.md about one code, as Markdown. */
interface Help {
  readonly meaning: string
  /** Circumstances, each half a sentence. */
  readonly when: readonly string[]
  readonly todo: string
}

/** Help for every code: a new code without help does not compile. */
const HELP: Readonly<Record<MatcherErrorCode, Help>> = {
  'manifest-invalid': {
    meaning: 'The `manifest.json` of a model folder cannot be used by this version.',
    when: [
      'it is not JSON, or it is the HTML start page of an application',
      'a field is missing or has the wrong type; the message names it',
      'a newer version of the exporter wrote it'
    ],
    todo: 'Check that `model` names the model folder itself. Copy or upload the folder again. If the message speaks of a newer format, upgrade the SDK.'
  },
  'asset-missing': {
    meaning: 'A file that the manifest lists, or the model folder itself, is missing.',
    when: [
      'a path is wrong, or a file was not copied',
      'a web server answers 404, or sends its start page instead of a file',
      "in the browser: the worker's script did not start, because of its address, the content security policy, or a missing COEP header"
    ],
    todo: 'Copy the whole folder, `onnx/` included. In the browser, open the address in the message by hand; see [deploying](deploying.md#browser).'
  },
  'asset-corrupt': {
    meaning: 'A file differs from the manifest, or its content cannot be parsed.',
    when: [
      'a copy is truncated',
      'a server or a version control system changed the bytes (line ends, a rewriting proxy)',
      'one file was replaced by that of another export'
    ],
    todo: 'Copy the folder again as binary files. Do not edit single files: export again.'
  },
  'device-unavailable': {
    meaning: 'The requested device cannot be used here. The message says why, and what to do.',
    when: [
      "`device: 'cuda'` without driver, CUDA libraries or onnxruntime's provider",
      "`device: 'webgpu'` without an adapter, or `dtype: 'fp16'` without shader-f16",
      'a browser without WebAssembly SIMD; the web SDK on a server',
      "in training: TensorFlow's native addon does not load"
    ],
    todo: "Use `device: 'auto'`; `matcher.info.reasons` says why a device was skipped. For training run `npx sohu-train setup`."
  },
  'device-lost': {
    meaning: 'A WebGPU device was lost while it was in use.',
    when: [
      'the driver was reset, or the GPU ran out of memory',
      'the browser took the device away, for example from a page in the background'
    ],
    todo: "With `device: 'auto'` the matcher has moved to WebAssembly by itself, once. Otherwise create a new matcher; use `wasm` if it happens again."
  },
  'dtype-missing': {
    meaning: 'The model folder has no graph of this precision.',
    when: ['`dtype` names one that was not exported; the message lists those that were'],
    todo: 'Leave `dtype` at `auto`, or export again with `--dtype fp32,int8,q8`.'
  },
  'task-unknown': {
    meaning: 'The model does not know this task.',
    when: [
      "a task's name is misspelled",
      'the model has its own tasks, and the option `tasks` does not name them',
      'a line or a request names no task and there is no `--task`'
    ],
    todo: 'Use a name that the message lists. For a model with its own tasks see [your own tasks](own-tasks.md#match).'
  },
  'architecture-mismatch': {
    meaning:
      'This kind of model does not support the call: a cross-encoder judges pairs, a bi-encoder computes vectors of texts.',
    when: [
      '`embed`, `sohu-match embed`, `dedupe` or the routes `/embed` and `/v1/embeddings` with a cross-encoder',
      'the option `rerank` with a bi-encoder, which would repeat the same judgments',
      'a one-task export (`--task`) of a bi-encoder, or of a network with tasks that have labels or a score'
    ],
    todo: 'Load the kind of model that the message names. `match`, `matchMany` and `rank` work with both kinds; `info.architecture` says which one is loaded.'
  },
  'vectors-mismatch': {
    meaning: 'Stored vectors would be compared with vectors of another model, dtype or task.',
    when: [
      '`readVectors`, the option `vectors` of `rank`, or `dedupe --vectors`, after the model or its dtype has changed',
      'a file with vectors of two models',
      'a request to `/embed` or `/v1/embeddings` that names another `model_hash`'
    ],
    todo: 'Load the model and dtype that the message names (`info.modelHash`), or embed the texts again.'
  },
  'input-invalid': {
    meaning: 'An argument is of the wrong kind or out of range.',
    when: [
      'a text is not a string, or longer than 200,000 characters',
      'an option of `createMatcher` is out of its range',
      '`match` was called for a task with labels or a score, or `classify` for a match task',
      'an HTTP request has too many pairs or does not conform to `/openapi.json`'
    ],
    todo: 'Correct the value that the message names; retrying does not help.'
  },
  'queue-full': {
    meaning: 'More pairs wait than `maxQueue` allows. The pairs of this call were not accepted.',
    when: ['calls arrive faster than the machine can answer them'],
    todo: 'Try again later: the server says when in `Retry-After`. If it persists, see [sizing](deploying.md#memory-and-workers).'
  },
  'deadline-exceeded': {
    meaning: 'The call was not answered within `deadlineMs`.',
    when: ['too many pairs were waiting before it', 'the call itself was too large for its deadline'],
    todo: 'Send less at once, allow more time, or lower `maxQueue`, so that calls that cannot be answered in time are rejected immediately.'
  },
  'inference-failed': {
    meaning: 'The network failed on a batch. The calls in that batch are lost; others continue.',
    when: [
      'a worker thread ended, for example for lack of memory; a new one replaces it',
      'ONNX Runtime reports an error',
      'the logits are NaN'
    ],
    todo: 'Retry once. If it recurs, try another `dtype` or device, and check the memory of the process; `cause` is the first error.'
  },
  network: {
    meaning: 'A file of the model could not be fetched (browser).',
    when: [
      'there is no connection',
      'the model is on another origin that sends no CORS headers',
      'the server answers with an error other than 404'
    ],
    todo: 'Retry: an interrupted download is resumed. Another origin must send `Access-Control-Allow-Origin`.'
  },
  disposed: {
    meaning: 'The matcher was disposed before this call, or while it waited.',
    when: ['`dispose()` was called, or an `await using` block ended', 'the server is shutting down'],
    todo: 'Await all calls before `dispose()`, or create a new matcher.'
  },
  'data-invalid': {
    meaning: 'A data file or a line of it cannot be used. The message has the file and the line number.',
    when: [
      'a line is not a JSON object, or a text or label is missing',
      'a folder has neither a `dataset.json` nor folders of the Sohu layout',
      'a file is empty or not UTF-8',
      "the data's tasks are not the checkpoint's"
    ],
    todo: 'Correct the line. The layout is in [your own tasks](own-tasks.md#describe-the-data). `sohu-match score` has written the answers for all lines before it.'
  },
  'config-invalid': {
    meaning: 'A flag, a preset or a `--set` is wrong.',
    when: [
      'a key or name does not exist; the message names the nearest one',
      'a value is out of range, or two settings exclude each other',
      'training diverged: its loss is NaN'
    ],
    todo: 'Correct the setting; `--help` lists every flag. If training diverged, lower `learning_rate` or set `clip_norm`.'
  },
  'checkpoint-invalid': {
    meaning: 'A checkpoint, or weights to import, cannot be used.',
    when: [
      "the path is a run's folder, not its `best/` or `last/`",
      'a tensor is missing or does not have the shape that `config.json` implies',
      'a file is truncated'
    ],
    todo: 'Name `runs/NAME/best` or `runs/NAME/last`. If a file is damaged, copy it again or continue from the other folder.'
  },
  'output-exists': {
    meaning: 'The output exists, and is not overwritten.',
    when: ['`--out` names an existing folder or file'],
    todo: 'Name another `--out`, continue with `--resume`, or replace it with `--force`, if the command has that flag.'
  },
  'gate-failed': {
    meaning: 'An export was refused: a graph is too far from the checkpoint. Nothing was written.',
    when: [
      'the F1 of a precision is lower than that of fp32 by more than `--gate`',
      'fp32 logits differ from `parity.json`, or the logits of a precision are NaN'
    ],
    todo: 'Leave that precision out of `--dtype`, or allow more with `--gate` if the loss is acceptable. With few labeled pairs, one label changes F1 a lot: use more.'
  },
  storage: {
    meaning: 'The system refused to read or write a file, or the browser refused to store one.',
    when: [
      'the disk or a quota is full',
      'permissions are missing, or the file system is read-only',
      'in the browser: the cache cannot be cleared while a page loads a model'
    ],
    todo: "The message has the system's reason. If the disk was full, free space and continue with `--resume`; no file is left incomplete."
  }
}

const INTRO = `# Troubleshooting

<!-- Made by \`npm run docs\` from packages/core/tools/troubleshooting.ts; change it there. -->

English | [中文](zh-CN/troubleshooting.md)

Every failure is a \`MatcherError\`. Its \`code\` is one of those below and stays the same between releases; its message says what was found, what was expected
and what to do; its \`cause\`, if any, is the underlying error. Commands print the code in brackets, the HTTP server sends it as \`code\`.
`

export function troubleshootingPage(): string {
  const links = ERROR_CODES.map((code) => `[\`${code}\`](#${code})`).join(' · ')
  const sections = ERROR_CODES.map((code) => {
    const { meaning, when, todo } = HELP[code]
    return `## ${code}\n\n${meaning}\n\n${when.map((item) => `- ${item}`).join('\n')}\n\n**What to do.** ${todo}\n`
  })
  return [INTRO, `${links}\n`, ...sections].join('\n')
}
