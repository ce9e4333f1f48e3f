import { TASKS, type Manifest, type ModelConfig } from '@sohu-match/core'
import type { Origin } from '@sohu-match/node'

const REMARKS: Readonly<Record<string, string>> = {
  fp32: 'full precision',
  fp16: 'half precision; GPUs with 16-bit floats',
  int8: 'CPU and WebAssembly',
  q8: 'WebGPU',
  q4: 'smallest; WebGPU and CPU, less exact'
}

const VECTORS = `
It gives each text alone a vector of length 1; the score of a pair is sigmoid(scale · cosine + offset), with the scale and offset of its task.`

const ANSWERS =
  " Tasks with labels or a score answer through `classify`, also of one text alone; a task's own score is its macro F1 where one label holds, its micro F1 " +
  "where any may, and Spearman's correlation where it gives a number. `types.d.ts` declares the labels for TypeScript."

const NOTICE = " `dictionary.bin` is a third party's work: see `NOTICE`."

/** Code for models of other tasks than Sohu's six, against which the SDKs check names by default. */
function tasksOption({ tasks }: Manifest): string {
  const names = tasks.map((task) => task.name)
  return names.join() === TASKS.join() ? '' : `, tasks: ${JSON.stringify(names)}`
}

/** A section about the public weights that a network started from; empty without any. */
export function originSection(origin: Origin | undefined): string {
  if (!origin) return ''
  const { name, description, author, homepage, licence, citation } = origin
  return `
## Origin

The weights started from those of [${name}](${homepage}), a ${description}, by ${author}; licence ${licence}, whose text is in \`NOTICE\`.
Please cite: ${citation}
`
}

/** `README.md` of a model folder: description, measurements, content, origin. No timings, no dates. */
export function modelCard(manifest: Manifest, config: ModelConfig, origin?: Origin): string {
  const f1 = (value: number | null | undefined) => (typeof value === 'number' ? value.toFixed(4) : '–')
  const files = Object.entries(manifest.graphs).map(([dtype, graph]) => {
    const bytes = [graph.file, ...(graph.externalData ?? [])].reduce(
      (sum, file) => sum + manifest.files[file]!.bytes,
      0
    )
    return `| ${dtype} | \`${graph.file}\` | ${(bytes / 1e6).toFixed(2)} | ${graph.maxLogitDifference ?? graph.maxCosineDifference ?? '–'} | ${REMARKS[dtype]} |`
  })
  const tasks = manifest.tasks.map((task) => {
    const perGraph = Object.values(manifest.graphs).map((graph) =>
      f1(task.kind ? graph.scores?.[task.name] : graph.f1?.[task.name])
    )
    const kind = task.kind
      ? `${task.kind}${task.labels ? `, ${task.labels.length} labels` : ''}`
      : task.threshold!.toFixed(4)
    return `| ${[task.name, task.group, kind, f1(task.kind ? task.score : task.f1), ...perGraph].join(' | ')} |`
  })
  const dtypes = Object.keys(manifest.graphs)
  const vectors = manifest.architecture === 'bi-encoder'
  const labelled = manifest.tasks.find((task) => task.kind)
  const answers = labelled ? ANSWERS : ''
  const kind = vectors ? 'A bi-encoder' : 'A conditional-LayerNorm RoFormer'
  return `# ${manifest.name}

${kind} that ${labelled ? 'judges Chinese texts and pairs of them' : 'says whether two Chinese texts match'}, under ${manifest.tasks.length === 1 ? 'one task' : `${manifest.tasks.length} tasks`}, made with sohu-match.
${config.numHiddenLayers} layers, ${config.hiddenSize} wide, ${config.numAttentionHeads} heads, ${config.vocabSize} tokens, trained on ${vectors ? 'texts' : 'pairs'} of up to ${manifest.maxLength} tokens.${vectors ? VECTORS : ''}

\`\`\`js
import { createMatcher } from '@sohu-match/sdk-node'   // or '@sohu-match/sdk-web'
const matcher = await createMatcher({ model: 'path/or/url/of/this/folder/'${tasksOption(manifest)} })
console.log(await matcher.${labelled ? 'classify' : 'match'}('北京今天下雨了', '北京今日有雨', ${JSON.stringify((labelled ?? manifest.tasks[0]!).name)}))
await matcher.dispose()
\`\`\`

## Tasks

A pair matches where its score is above the task's threshold. F1 is that of the positive class on the valid split, at the threshold in its row${dtypes.length > 0 ? ': as trained, then as exported' : ''}. A dash stands where F1 was not measured at that threshold, or is 0/0.${answers}

| task | group | threshold${labelled ? ' or kind' : ''} | F1 at threshold${labelled ? ' or own score' : ''} |${dtypes.map((dtype) => ` ${dtype} |`).join('')}
| --- | --- | --- | --- |${dtypes.map(() => ' --- |').join('')}
${tasks.join('\n')}

## Files

| dtype | file | MB | largest ${vectors ? 'cosine' : 'logit'} difference | for |
| --- | --- | --- | --- | --- |
${files.join('\n')}

\`manifest.json\` lists every file with its size and SHA-256.${manifest.tokenizer.dictionary === undefined ? '' : NOTICE}
${originSection(origin)}`
}
