import { MatcherError, type ModelConfig, parameterSpecs, type ParameterSpec } from '@sohu-match/core'
import { sourceNames, type NameTable } from './names'
import type { SourceTensor } from './source'

/** Source of a parameter's values: a tensor, or its initial values. */
export interface Assignment {
  readonly spec: ParameterSpec
  readonly tensor?: SourceTensor
  /** The tensor is [out, in] and the parameter [in, out]. */
  readonly transposed: boolean
}

/** Sources of a network's parameters, planned before any value is read. */
export interface LoadPlan {
  readonly assignments: readonly Assignment[]
  readonly summary: LoadSummary
}

/** What was loaded, what starts from scratch, and what the source has for other purposes. */
export interface LoadSummary {
  readonly kind: string
  readonly files: readonly string[]
  /** Our names. */
  readonly loaded: readonly string[]
  /** Our names of what the source lacks. */
  readonly initialized: readonly string[]
  /** The source's names. */
  readonly ignored: readonly string[]
}

/** Parameters that no public encoder has: the task's conditioning and the heads of this project. */
const OURS_ALONE = /^(cond_embedding$|embeddings\.condition\.|classifier\.|score\.)|\.(gamma|beta)_cond$/

/**
 * Matches a source with a network by a name table. The condition and the head may be missing; anything else that is
 * missing or unknown is an error unless `allowMissing` names it (a trailing `*` matches any ending). Throws
 * `checkpoint-invalid` naming every such tensor, or the first whose shape does not fit.
 */
export function planLoad(
  source: { readonly tensors: ReadonlyMap<string, SourceTensor>; readonly files: readonly string[] },
  table: NameTable,
  config: ModelConfig,
  allowMissing: readonly string[] = []
): LoadPlan {
  const names = sourceNames(table, config.numHiddenLayers)
  const allowed = (name: string): boolean =>
    allowMissing.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
  const missing: string[] = []
  const used = new Set<string>()
  const assignments = parameterSpecs(config).map((spec): Assignment => {
    const name = names.get(spec.name)
    const tensor = name === undefined ? undefined : source.tensors.get(name)
    const transposed = table.transposed(spec.name)
    if (tensor) {
      used.add(name!)
      requireShape(source.files[0]!, tensor, spec, transposed)
      return { spec, tensor, transposed }
    }
    if (!OURS_ALONE.test(spec.name) && !allowed(spec.name))
      missing.push(`${spec.name} (there: ${name ?? 'no name for it'})`)
    return { spec, transposed: false }
  })
  const others = [...source.tensors.keys()].filter((name) => !used.has(name))
  const unknown = others.filter((name) => !table.ignored.some((pattern) => pattern.test(name)) && !allowed(name))
  refuseSurprises(source.files[0]!, table.kind, missing, unknown)
  return {
    assignments,
    summary: {
      kind: table.kind,
      files: source.files,
      ignored: others,
      loaded: assignments.flatMap(({ tensor, spec }) => (tensor ? [spec.name] : [])),
      initialized: assignments.flatMap(({ tensor, spec }) => (tensor ? [] : [spec.name]))
    }
  }
}

function requireShape(file: string, tensor: SourceTensor, spec: ParameterSpec, transposed: boolean): void {
  const wanted = transposed ? [...spec.shape].reverse() : spec.shape
  if (wanted.join() === tensor.shape.join()) return
  throw new MatcherError(
    'checkpoint-invalid',
    `${file}: tensor "${tensor.name}" is [${tensor.shape.join(', ')}]; its configuration requires [${wanted.join(', ')}] for ${spec.name}.`
  )
}

function refuseSurprises(file: string, kind: string, missing: readonly string[], unknown: readonly string[]): void {
  if (missing.length === 0 && unknown.length === 0) return
  const list = (names: readonly string[]): string =>
    `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
  const parts = [
    ...(missing.length > 0 ? [`it lacks ${missing.length} of the network's parameters: ${list(missing)}`] : []),
    ...(unknown.length > 0 ? [`it has ${unknown.length} tensors that a RoFormer does not have: ${list(unknown)}`] : [])
  ]
  throw new MatcherError(
    'checkpoint-invalid',
    `${file} (read as ${kind}): ${parts.join('; ')}. If that is as it should be, add --allow-missing NAME for each.`
  )
}

/** Counts first, then the names that are few or of interest. */
export function summaryText({ kind, files, loaded, initialized, ignored }: LoadSummary): string {
  return [
    `Weights (${kind}): ${files.join(', ')}`,
    `  loaded       ${loaded.length}`,
    `  initialized  ${initialized.length}${listed(initialized)}`,
    `  ignored      ${ignored.length}${listed(ignored)}`
  ].join('\n')
}

/** Names of all layers are combined. */
function listed(names: readonly string[]): string {
  const groups = [...new Set(names.map((name) => name.replace(/([./_])\d+(?=[./])/g, '$1*')))]
  return groups.length === 0 ? '' : `  (${groups.join(', ')})`
}
