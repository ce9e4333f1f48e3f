/** First byte of a gzip file (RFC 1952), and of no file of a model: a graph begins with 8, the others with text. */
const GZIP = 0x1f

/**
 * The content of a gzipped file. It may have been unpacked already: some servers send `Content-Encoding: gzip` with
 * `.gz`, which the browser decodes, and pages of other origins cannot see that header.
 */
export async function unpacked(body: ReadableStream<BufferSource>): Promise<ReadableStream<Uint8Array>> {
  const [start, whole] = body.tee() as [ReadableStream<Uint8Array>, ReadableStream<BufferSource>]
  const reader = start.getReader()
  const { value } = await reader.read()
  void reader.cancel() // its promise waits for the other branch
  return value?.[0] === GZIP
    ? whole.pipeThrough(new DecompressionStream('gzip'))
    : (whole as ReadableStream<Uint8Array>)
}
