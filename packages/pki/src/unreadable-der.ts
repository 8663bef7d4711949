// The one refusal of everything here that walks bytes. Who reads a whole document says of which.

/** Bytes that are not the DER that belongs there. The message goes on from the name of the document: `ends inside an element`. */
export class UnreadableDer extends Error {
  override readonly name = 'UnreadableDer';
}
