// Streams that once were read in two ways, or nearly were. Each found by fuzzing or by the corpora stays here for good.

/** A stream, one character per byte, and what was wrong with our reading of it. */
export interface Regression {
  readonly name: string;
  readonly text: string;
}

const chunkedHead = 'POST /echo/x HTTP/1.1\r\nHost: data.example.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const smuggled = 'GET /echo/smuggled HTTP/1.1\r\nHost: data.example.test\r\n\r\n';

/** Every stream, oldest first. */
export const regressions: readonly Regression[] = [
  { name: 'a chunk extension without a name was taken', text: `${chunkedHead}5;\r\nhello\r\n0\r\n\r\n${smuggled}` },
  { name: 'an unfinished quoted extension was taken', text: `${chunkedHead}5;a="b\r\nhello\r\n0\r\n\r\n${smuggled}` },
  {
    name: 'a long trailer section was taken in one piece and refused in two',
    text: `${chunkedHead}0\r\n${'X-T: 1\r\n'.repeat(3_000)}\r\n`,
  },
  {
    name: 'a length in the trailer section was taken',
    text: `${chunkedHead}0\r\nContent-Length: 5\r\n\r\n${smuggled}`,
  },
  {
    name: 'HTTP/1.0 with close and keep-alive was kept open',
    text: `HEAD /echo/x HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\nHost: data.example.test\r\n\r\n${smuggled}`,
  },
  {
    name: 'an option behind a no-break space was taken for the option',
    text: `GET /echo/x HTTP/1.0\r\nConnection: \xa0keep-alive\r\nHost: data.example.test\r\n\r\n${smuggled}`,
  },
  {
    name: 'an option before a no-break space was taken for the option',
    text: `GET /echo/x HTTP/1.1\r\nConnection: close\xa0\r\nHost: data.example.test\r\n\r\n${smuggled}`,
  },
];
