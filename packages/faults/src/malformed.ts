/** The bytes of a request. */
const request = (head: string, body: string | Buffer = ''): Buffer =>
  Buffer.concat([Buffer.from(head.replaceAll('\n', '\r\n'), 'latin1'), Buffer.from(body)])

/** POST /match with a body and its headers. */
export const post = (body: string | Buffer, headers = 'content-type: application/json\n'): Buffer =>
  request(
    `POST /match HTTP/1.1\nhost: localhost\nconnection: close\n${headers}content-length: ${Buffer.byteLength(body)}\n\n`,
    body
  )

const chunked = (body: string | Buffer): Buffer =>
  request(
    'POST /match HTTP/1.1\nhost: localhost\nconnection: close\ncontent-type: application/json\ntransfer-encoding: chunked\n\n',
    body
  )

const GOOD = '{"a":"国足获胜","b":"国足赢球"}'

const INVALID_UTF8 = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xf0, 0x9f, 0x98]), Buffer.from('","b":"x"}')])

/** A valid request, of which bytes are then changed. */
export const GOOD_REQUEST = post(GOOD)

/** Requests that a server must refuse. */
export const MALFORMED: Readonly<Record<string, Buffer>> = {
  'no HTTP': request('GARBAGE\n\n'),
  'NUL bytes': Buffer.alloc(1000),
  'a TLS greeting': Buffer.from('16030100fa010000f60303' + 'ab'.repeat(200), 'hex'),
  'HTTP/2': request('PRI * HTTP/2.0\n\nSM\n\n'),
  'no version': request('GET /match\n\n'),
  'an unknown version': request('GET /match HTTP/9.9\nhost: localhost\n\n'),
  'an unknown method': request('MATCH /match HTTP/1.1\nhost: localhost\nconnection: close\n\n'),
  CONNECT: request('CONNECT example.com:443 HTTP/1.1\nhost: localhost\n\n'),
  'an upgrade': request('GET /match HTTP/1.1\nhost: localhost\nupgrade: websocket\nconnection: upgrade\n\n'),
  'another method': request('PUT /match HTTP/1.1\nhost: localhost\nconnection: close\n\n'),
  'a bad escape': request('GET /%zz HTTP/1.1\nhost: localhost\nconnection: close\n\n'),
  'a path outside': request('GET /../../etc/passwd HTTP/1.1\nhost: localhost\nconnection: close\n\n'),
  'a long path': request(`GET /${'a'.repeat(100_000)} HTTP/1.1\nhost: localhost\n\n`),
  'a long header': request(`GET /match HTTP/1.1\nhost: localhost\nx: ${'a'.repeat(1_000_000)}\n\n`),
  'many headers': request(`GET /match HTTP/1.1\nhost: localhost\n${'x: y\n'.repeat(20_000)}\n`),
  'a header without colon': request('GET /match HTTP/1.1\nhost: localhost\nnonsense\n\n'),
  'a NUL in a header': request('GET /match HTTP/1.1\nhost: localhost\0y\n\n'),
  'a header of spaces': request('GET /match HTTP/1.1\n : x\n\n'),
  'no host': request('GET /match HTTP/1.1\nconnection: close\n\n'),
  'an expectation': request(
    'POST /match HTTP/1.1\nhost: localhost\nconnection: close\nexpect: wonders\ncontent-length: 0\n\n'
  ),
  'a negative length': request('POST /match HTTP/1.1\nhost: localhost\ncontent-length: -1\n\n'),
  'a length in words': request('POST /match HTTP/1.1\nhost: localhost\ncontent-length: ten\n\n'),
  'a length beyond all': request(
    `POST /match HTTP/1.1\nhost: localhost\ncontent-type: application/json\ncontent-length: ${'9'.repeat(30)}\n\n`,
    GOOD
  ),
  'two lengths': request('POST /match HTTP/1.1\nhost: localhost\ncontent-length: 5\ncontent-length: 6\n\n', 'abcdef'),
  'a length and chunks': request(
    'POST /match HTTP/1.1\nhost: localhost\ncontent-length: 5\ntransfer-encoding: chunked\n\n',
    '0\r\n\r\n'
  ),
  'a body shorter than its length': request(
    'POST /match HTTP/1.1\nhost: localhost\ncontent-type: application/json\ncontent-length: 5000\n\n',
    GOOD
  ),
  'a body beyond the limit': post(JSON.stringify({ a: 'x'.repeat(200_000), b: '' })),
  'a length beyond the limit': request(
    'POST /match HTTP/1.1\nhost: localhost\ncontent-type: application/json\ncontent-length: 1000000000\n\n'
  ),
  'a chunk size in words': chunked('zz\r\nabc\r\n0\r\n\r\n'),
  'a negative chunk': chunked('-5\r\nabcde\r\n0\r\n\r\n'),
  'a chunk beyond all': chunked('ffffffffffffffffff\r\nabc\r\n'),
  'a chunk longer than its size': chunked(`3\r\n${GOOD}\r\n0\r\n\r\n`),
  'chunks without end': chunked(`5\r\n{"a":\r\n`),
  'chunks beyond the limit': chunked(`30d40\r\n${'x'.repeat(200_000)}\r\n0\r\n\r\n`),
  'an unknown coding': request(
    'POST /match HTTP/1.1\nhost: localhost\nconnection: close\ntransfer-encoding: magic\n\n',
    GOOD
  ),
  'a gzipped body that is none': post(GOOD.slice(0, -1), 'content-type: application/json\ncontent-encoding: gzip\n'),
  'no JSON': post('{"a":'),
  'an empty body': post(''),
  'another JSON value': post('[1,2,3]'),
  null: post('null'),
  text: post(GOOD, 'content-type: text/plain\n'),
  'no type': post(GOOD, ''),
  'a bad type': post(GOOD, 'content-type: ;;;\n'),
  'deep JSON': post('['.repeat(90_000)),
  'deep texts': post(`{"a":${'['.repeat(40_000)}${']'.repeat(40_000)},"b":""}`),
  'a prototype': post('{"__proto__":{"a":"x","b":"y"}}'),
  'a constructor': post('{"constructor":{"prototype":{"a":"x"}},"a":1}'),
  'invalid UTF-8': post(
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('","b":"x"}')])
  ),
  'an emoji cut off, which is as long as what would replace it': post(INVALID_UTF8),
  'the same in chunks': chunked(
    Buffer.concat([Buffer.from(`${INVALID_UTF8.length.toString(16)}\r\n`), INVALID_UTF8, Buffer.from('\r\n0\r\n\r\n')])
  ),
  'UTF-16': post(Buffer.from(GOOD, 'utf16le')),
  'a surrogate cut in two': post(
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0xbd]), Buffer.from('","b":"x"}')])
  ),
  'numbers for texts': post('{"a":1e999,"b":-0}'),
  'an unknown task': post('{"a":"x","b":"y","task":"__proto__"}'),
  'a million pairs': post(`{"pairs":[${'{},'.repeat(30_000)}{}]}`)
}
