/** What a link to this page carries, in its part after #, which no browser sends to a server. */
export interface Shared {
  readonly a: string
  readonly b: string
}

/** Texts as the part of a link after #, compressed. */
export async function toHash(shared: Shared): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([shared.a, shared.b]))
  const packed = new Uint8Array(await through(bytes, new CompressionStream('deflate-raw')))
  const text = Array.from(packed, (byte) => String.fromCharCode(byte)).join('')
  return `t=${btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/** The texts of a link; undefined where it carries none, or was cut short on its way. */
export async function fromHash(hash: string): Promise<Shared | undefined> {
  const code = new URLSearchParams(hash.replace(/^#/, '')).get('t')
  if (!code) return undefined
  try {
    const text = atob(code.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
    const json: unknown = JSON.parse(
      new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')))
    )
    const [a, b] = Array.isArray(json) ? (json as unknown[]) : []
    return typeof a === 'string' && typeof b === 'string' ? { a, b } : undefined
  } catch {
    return undefined // base64, DEFLATE or JSON that is not ours
  }
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream
): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer()
}
